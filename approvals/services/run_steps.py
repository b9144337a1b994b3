"""Keeping the steps of a run: their edges, and the labels that flow along them."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from approvals.audit_events import runs as events
from approvals.digests import canonical_json
from approvals.lineage import carried
from approvals.models import ActionRequest, Run, RunStep, RunStepInput
from approvals.run_steps import MOST_CARRIED, MOST_STEPS, Step, check_batch
from govapp.common import clock
from govapp.common.errors import Conflict, FieldError, Invalid, NotFound
from govapp.common.ids import InvalidId, parse_public_id
from govapp.common.writing import insert, unit_of_work, update
from tenants.models import Agent

COUNTS: Final = ("step_count", "request_count", "labels", "touched_at", *events.PLACE)


def add_step(*, agent: Agent, run_id: UUID, step: Step) -> RunStep:
    """Keep one step of a run: `add_steps` of one."""
    return add_steps(agent=agent, run_id=run_id, steps=[step])[0]


@unit_of_work()
def add_steps(*, agent: Agent, run_id: UUID, steps: Sequence[Step]) -> list[RunStep]:
    """Keep steps of a run of `agent` in their order, all or none; return them.

    A key that is there already with the same words is the same step. Raises `NotFound`, `Conflict`
    for a run that is closed, and `Invalid`, also for a key that stands for something else and for
    an input that is no earlier step.
    """
    check_batch(steps)
    run = lock_run(agent, run_id)
    known = {each.key: each for each in _named(run, steps)}
    now, before, kept = clock.now(), run.last_seq, []
    for place, step in enumerate(steps):
        digest = f"sha256:{sha256(canonical_json(step.said())).hexdigest()}"
        row = known.get(step.key)
        if row is None:
            row = _keep(agent, run, known, step, digest, now, f"/steps/{place}")
            known[step.key] = row
        elif row.body_digest != digest:
            detail = "This key is of a step that said something else."
            raise _invalid(f"/steps/{place}/key", detail, code="step_key_reused")
        kept.append(row)
    if run.last_seq != before:
        run.touched_at = now
        update(run, *COUNTS)
    return kept


def lock_run(agent: Agent, run_id: UUID) -> Run:
    """Lock the row of a run of `agent` until the transaction ends. Raises `NotFound`."""
    run = Run.objects.select_for_update().filter(pk=run_id, agent=agent).first()
    if run is None:
        raise NotFound("There is no such run.")
    return run


def closed(run: Run) -> Conflict:
    """Say to whoever comes too late how the run ended."""
    how = run.get_outcome_display().lower()
    at = f" on {run.closed_at:%Y-%m-%d %H:%M} UTC" if run.closed_at else ""
    return Conflict(f"This run was closed{at} ({how}): start another one.", code="run_closed")


def _named(run: Run, steps: Sequence[Step]) -> list[RunStep]:
    """The steps of the run that are named: as themselves, or as inputs."""
    keys = {step.key for step in steps} | {key for step in steps for key in step.inputs}
    return list(RunStep.objects.filter(run=run, key__in=keys))


def _keep(
    agent: Agent,
    run: Run,
    known: dict[str, RunStep],
    step: Step,
    digest: str,
    now: datetime,
    pointer: str,
) -> RunStep:
    if run.closed_at is not None:
        raise closed(run)
    if run.step_count >= MOST_STEPS:
        raise Conflict(f"A run has at most {MOST_STEPS} steps: start another one.")
    inputs = [_input(known, key, f"{pointer}/inputs") for key in step.inputs]
    labels = carried(step.labels, [each.carried for each in inputs])
    if len(labels) > MOST_CARRIED:
        detail = f"With what it used it carries more than {MOST_CARRIED} labels."
        raise _invalid(f"{pointer}/labels", detail)
    run.step_count += 1
    run.labels = list(carried(run.labels, [labels]))
    row = RunStep(
        run=run,
        number=run.step_count,
        key=step.key,
        body_digest=digest,
        kind=step.kind,
        result=step.result,
        title=step.title,
        source={name: value for name, value in (step.source or {}).items() if value},
        input_digest=step.input_digest,
        output_digest=step.output_digest,
        labels=sorted(set(step.labels)),
        carried=list(labels),
        integration=step.integration,
        model=step.model,
        cost=dict(step.cost) if step.cost else None,
        tokens_in=step.tokens_in,
        tokens_out=step.tokens_out,
        request=_request(agent, step.request, f"{pointer}/request"),
        recorded_at=now,
    )
    insert(row, *(RunStepInput(run=run, step=row, origin=each) for each in inputs))
    used = [each.public_id for each in inputs]
    events.step_recorded(agent=agent, run=run, step=row, inputs=used, now=now)
    return row


def _input(known: dict[str, RunStep], key: str, pointer: str) -> RunStep:
    if key not in known:
        raise _invalid(pointer, f"There is no earlier step {key} in this run: send it first.")
    return known[key]


def _request(agent: Agent, ident: str | None, pointer: str) -> ActionRequest | None:
    if ident is None:
        return None
    try:
        found = ActionRequest.objects.filter(pk=parse_public_id("ar", ident), agent=agent).first()
    except InvalidId:
        found = None
    if found is None:
        raise _invalid(pointer, "There is no such request of this agent.")
    return found


def _invalid(pointer: str, detail: str, *, code: str | None = None) -> Invalid:
    return Invalid("The steps are not valid.", code=code, errors=[FieldError(pointer, detail)])
