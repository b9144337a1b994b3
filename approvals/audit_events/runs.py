"""What happens in a run. Each of its events names its number and the digest of the one before."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace

from approvals.audit_events.configuration import schema_text
from approvals.audit_events.wording import words
from approvals.enums import RunOutcome
from approvals.models import Run, RunStep
from audit.actors import SYSTEM, Actor, Content, RunPlace, Subject
from audit.services import Entry, record_entry
from tenants.models import Agent

PLACE: Final = ("last_seq", "last_digest")
"""The columns of a run that `record_in_run` changes; its caller saves them."""
_CLOSED: Final = {
    RunOutcome.SUCCEEDED: "ended “{}” as done",
    RunOutcome.FAILED: "ended “{}” as failed",
    RunOutcome.CANCELLED: "cancelled “{}”",
}


def record_in_run(run: Run, entry: Entry) -> None:
    """Write one event as the next of its run. The caller holds the run's lock.

    It sets `PLACE` on the row, to be saved in the same transaction.
    """
    place = RunPlace(run.public_id, run.last_seq + 1, run.last_digest or None)
    recorded = record_entry(replace(entry, run=place))
    run.last_seq = place.seq
    run.last_digest = f"sha256:{hashlib.sha256(recorded.body).hexdigest()}"


def run_started(*, agent: Agent, run: Run, now: datetime) -> None:
    """An agent began a task."""
    _record(
        "run.started",
        run,
        agent.as_actor(),
        now,
        f"{agent.name} began “{_name(run)}”",
        {
            "key": _content(run.key, run),
            "title": _content(run.title, run),
            "traceparent": run.traceparent,
            "agent": {"id": agent.public_id, "name": agent.name},
        },
    )


def step_recorded(
    *, agent: Agent, run: Run, step: RunStep, inputs: Sequence[str], now: datetime
) -> None:
    """The agent said what it did; `inputs` are the public ids of what it used."""
    kind = step.get_kind_display().lower()
    _record(
        "run.step_recorded",
        run,
        agent.as_actor(),
        now,
        f"Step {step.number} of “{_name(run)}”: {kind}, {words(step.title or step.key)}",
        {
            "step": step.public_id,
            "key": _content(step.key, run),
            "number": step.number,
            "kind": step.kind,
            "result": step.result,
            "title": _content(step.title, run),
            "inputs": list(inputs),
            "source": _content(schema_text(step.source), run),
            "labels": step.labels,
            "carried": step.carried,
            "input_digest": step.input_digest,
            "output_digest": step.output_digest,
            "integration": step.integration,
            "model": step.model,
            "cost": schema_text(step.cost) if step.cost else None,
            "tokens_in": step.tokens_in,
            "tokens_out": step.tokens_out,
            "request": step.request.public_id if step.request else None,
        },
    )


def run_closed(*, actor: Actor, run: Run, now: datetime) -> None:
    """A task is over. It counts the run's events with itself: none can be left out unseen."""
    if run.outcome == RunOutcome.LEFT_OPEN:
        said = f"“{_name(run)}” was left open for a day and was closed with what was there"
    else:
        said = f"{actor.name} {_CLOSED[RunOutcome(run.outcome)].format(_name(run))}"
    _record(
        "run.closed",
        run,
        actor,
        now,
        f"{said}: {run.step_count} steps, {run.request_count} requests",
        {
            "outcome": run.outcome,
            "note": _content(run.note, run),
            "steps": run.step_count,
            "requests": run.request_count,
            "events": run.last_seq + 1,
            "labels": run.labels,
        },
    )


def run_left_open(*, run: Run, now: datetime) -> None:
    """As `run_closed`, by nobody: its agent never said how it ended."""
    run_closed(actor=SYSTEM, run=run, now=now)


def _record(
    event_type: str, run: Run, actor: Actor, now: datetime, summary: str, data: dict[str, Any]
) -> None:
    subject = Subject("run", run.public_id, _content(_name(run), run))
    record_in_run(run, Entry(event_type, actor, subject, summary, data, at=now))


def _name(run: Run) -> str:
    return run.title or run.key


def _content(text: str, run: Run) -> Content:
    """What an agent says of its task is hidden like what a request asks for."""
    return Content(text, run.public_id)
