"""What agents send and get of runs and steps."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, cast

import msgspec
from django.conf import settings
from msgspec import Meta

from approvals.api.bodies import Cost, Source, Traceparent
from approvals.lineage import Verified
from approvals.models import Run, RunStep
from approvals.run_steps import MOST_AT_ONCE, MOST_INPUTS, MOST_LABELS, Step
from approvals.selectors.runs import RunGraph
from govapp.common.api.bodies import RequestBody

Key = Annotated[
    str,
    Meta(pattern="^[!-~]{1,100}$", description="Your own name for it.", examples=["read-invoice"]),
]
Label = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,49}$", examples=["customer-pii"])]
Sha256 = Annotated[str, Meta(pattern="^(sha256:[0-9a-f]{64})?$", description="Never contents.")]
Kind = Literal[
    "retrieval", "memory_read", "memory_write", "model_call", "tool_call", "synthesis",
    "data_write", "handoff",
]  # fmt: skip
Result = Literal["done", "failed", "stopped"]
Outcome = Literal["", "succeeded", "failed", "cancelled", "left_open"]
Tokens = Annotated[int, Meta(ge=0, le=2**53 - 1)]


class RunBeginning(RequestBody, frozen=True):
    """What the task is."""

    key: Key
    title: Annotated[str, Meta(max_length=200, description="In one line, for people.")] = ""
    traceparent: Traceparent = ""


class StepBody(RequestBody, frozen=True):
    """One thing that was done, and what it used."""

    key: Key
    kind: Kind
    title: Annotated[str, Meta(max_length=200)] = ""
    inputs: Annotated[
        list[Key],
        Meta(max_length=MOST_INPUTS, description="Keys of the earlier steps that it used."),
    ] = []
    source: Source | None = None
    labels: Annotated[
        list[Label],
        Meta(
            max_length=MOST_LABELS,
            description="Of the data that it brought in. Those of its inputs flow into it anyway.",
        ),
    ] = []
    input_digest: Sha256 = ""
    output_digest: Sha256 = ""
    integration: Annotated[str, Meta(pattern=r"^([a-z0-9][a-z0-9._-]{0,99})?$")] = ""
    model: Annotated[str, Meta(pattern="^[ -~]{0,100}$")] = ""
    cost: Cost | None = None
    tokens_in: Tokens | None = None
    tokens_out: Tokens | None = None
    result: Result = "done"
    request: (
        Annotated[
            str, Meta(pattern="^ar_[0-9a-z]{26}$", description="The decision that it acts on.")
        ]
        | None
    ) = None

    def to_step(self) -> Step:
        """Return what the service takes."""
        source = self.source
        said = {
            "kind": source.kind, "title": source.title, "uri": source.uri, "digest": source.digest,
        } if source else {}  # fmt: skip
        return Step(
            key=self.key,
            kind=self.kind,
            title=self.title,
            inputs=tuple(self.inputs),
            source={name: value for name, value in said.items() if value} or None,
            labels=tuple(self.labels),
            input_digest=self.input_digest,
            output_digest=self.output_digest,
            integration=self.integration,
            model=self.model,
            cost=self.cost.to_dict() if self.cost else None,
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            result=self.result,
            request=self.request,
        )


class StepBatch(RequestBody, frozen=True):
    """One step or several, in their order."""

    steps: Annotated[list[StepBody], Meta(min_length=1, max_length=MOST_AT_ONCE)]


class RunEnd(RequestBody, frozen=True):
    """How the task ended."""

    outcome: Literal["succeeded", "failed", "cancelled"]
    note: Annotated[str, Meta(max_length=1000, description="One line.")] = ""


class RunAnswer(msgspec.Struct, kw_only=True):
    """A task as it stands. `left_open`: nobody closed it for a day."""

    id: str
    key: str
    title: str
    outcome: Outcome
    note: str
    started_at: datetime
    closed_at: datetime | None
    steps: int
    requests: int
    labels: Annotated[list[str], Meta(description="All that any step carries.")]
    review: Annotated[str, Meta(description="Its page.")]


class StepAnswer(msgspec.Struct, kw_only=True):
    """A step as it was kept."""

    id: str
    number: int
    key: str
    kind: Kind
    result: Result
    labels: list[str]
    carried: Annotated[list[str], Meta(description="Its labels and those of all it used.")]
    recorded_at: datetime


class StepRead(StepAnswer, kw_only=True):
    """A step with what it used."""

    title: str
    inputs: list[str]
    integration: str
    model: str


class StepsAnswer(msgspec.Struct):
    """Those that were sent, in their order."""

    steps: list[StepAnswer]


class RunRequest(msgspec.Struct):
    """A request that was made in the run."""

    id: str
    category: str
    status: str
    step: Annotated[str | None, Meta(description="Of which step it uses the output.")]


class RunRecord(msgspec.Struct):
    """What the record has of the run: nothing in `problems` when it is whole."""

    events: int
    is_whole: bool
    is_closed: bool
    problems: list[str]


class RunDetail(msgspec.Struct, kw_only=True):
    """A task with everything in it."""

    run: RunAnswer
    steps: list[StepRead]
    requests: list[RunRequest]
    record: RunRecord


def answer_for(run: Run, tenant_slug: str) -> RunAnswer:
    """Return a run as agents see it."""
    return RunAnswer(
        id=run.public_id,
        key=run.key,
        title=run.title,
        outcome=cast("Outcome", run.outcome),
        note=run.note,
        started_at=run.started_at,
        closed_at=run.closed_at,
        steps=run.step_count,
        requests=run.request_count,
        labels=run.labels,
        review=f"{settings.BASE_URL}/t/{tenant_slug}/runs/{run.public_id}/",
    )


def steps_for(steps: Sequence[RunStep]) -> StepsAnswer:
    """Return steps as they were kept."""
    return StepsAnswer([StepAnswer(**_common(step)) for step in steps])


def detail_for(graph: RunGraph, verified: Verified, tenant_slug: str) -> RunDetail:
    """Return a run with everything in it."""
    return RunDetail(
        run=answer_for(graph.run, tenant_slug),
        steps=[
            StepRead(
                **_common(step),
                title=step.title,
                inputs=[each.key for each in graph.inputs.get(step.pk, ())],
                integration=step.integration,
                model=step.model,
            )
            for step in graph.steps
        ],
        requests=[
            RunRequest(
                id=each.public_id,
                category=each.category_key,
                status=each.status,
                step=each.step.key if each.step else None,
            )
            for each in graph.requests
        ],
        record=RunRecord(
            verified.events, verified.is_whole, verified.is_closed, list(verified.problems)
        ),
    )


def _common(step: RunStep) -> dict[str, Any]:
    return {
        "id": step.public_id,
        "number": step.number,
        "key": step.key,
        "kind": step.kind,
        "result": step.result,
        "labels": step.labels,
        "carried": step.carried,
        "recorded_at": step.recorded_at,
    }
