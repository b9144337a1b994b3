"""An agent's task: begun, told step by step, joined by its requests, closed.

Every function locks the run's row before it reads it. What a run says is what its agent says:
Govapp keeps it, chains it, and lets labels flow along it.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import connection

from approvals.audit_events import runs as events
from approvals.enums import RunOutcome
from approvals.facts import Submission
from approvals.models import ActionRequest, Run, RunStep
from approvals.run_steps import Step, check_close, check_run
from approvals.selectors.runs import read_run_id
from approvals.services.run_steps import COUNTS, add_step, add_steps, closed, lock_run
from govapp.common import clock
from govapp.common.errors import FieldError, Invalid
from govapp.common.tenancy import tenant_transaction
from govapp.common.writing import insert, unit_of_work, update
from tenants.doors import all_tenants
from tenants.models import Agent

__all__ = [
    "Joined", "Step", "add_step", "add_steps", "close_left_open", "close_run", "count_request",
    "join_run", "start_run",
]  # fmt: skip

LEFT_AFTER: Final = timedelta(days=1)
_AT_ONCE: Final = 200


@dataclass(frozen=True)
class Joined:
    """The run that a submission names, locked, and the step whose output it acts on."""

    run: Run
    step: RunStep | None


@unit_of_work()
def start_run(*, agent: Agent, key: str, title: str = "", traceparent: str = "") -> Run:
    """Begin a task of `agent`, or return the one with this key: safe to repeat.

    Raises `Invalid`, also when the key is of a run that was begun with other words.
    """
    check_run(key, title, traceparent)
    _lock_key(agent, key)
    found = Run.objects.filter(agent=agent, key=key).first()
    if found is None:
        now = clock.now()
        found = Run(
            agent=agent, key=key, title=title, traceparent=traceparent,
            started_at=now, touched_at=now,
        )  # fmt: skip
        events.run_started(agent=agent, run=found, now=now)
        insert(found)
    elif (found.title, found.traceparent) != (title, traceparent):
        detail = "This key is of a run that was begun with other words."
        raise Invalid(detail, code="run_key_reused", errors=[FieldError("/key", detail)])
    return found


@unit_of_work()
def close_run(*, agent: Agent, run_id: UUID, outcome: str, note: str = "") -> Run:
    """End a task as its agent says it ended. Saying the same again changes nothing.

    Raises `NotFound`, `Invalid`, and `Conflict` when it ended otherwise.
    """
    check_close(outcome, note)
    run = lock_run(agent, run_id)
    if run.closed_at is not None:
        if (run.outcome, run.note) == (outcome, note):
            return run
        raise closed(run)
    run.outcome, run.note, run.closed_at = outcome, note, clock.now()
    events.run_closed(actor=agent.as_actor(), run=run, now=run.closed_at)
    update(run, "outcome", "note", "closed_at", *events.PLACE)
    return run


def close_left_open() -> int:
    """Close the runs of all tenants in which nothing happened for a day; return how many.

    What was there stays, and the closing says that nobody closed it.
    """
    count = 0
    for row in all_tenants.call():
        with tenant_transaction(row["tenant_id"]):
            count += _close_left_open()
    return count


def join_run(*, agent: Agent, submission: Submission, is_binding: bool = True) -> Joined | None:
    """Lock the run that a submission names by its id, so that it becomes part of it.

    None when it names none of this agent's: any other text is the agent's own name for a task.
    Without `is_binding` nothing is locked: it is only looked whether it could join. Raises
    `Invalid` for a run that is closed, and for a step that is not in it.
    """
    run_id, run = read_run_id(submission.run), None
    if run_id is not None:
        rows = Run.objects.select_for_update() if is_binding else Run.objects.all()
        run = rows.filter(pk=run_id, agent=agent).first()
    if run is None:
        if submission.step:
            raise _at("/step", "Name the run by its id to name a step of it.")
        return None
    if run.closed_at is not None:
        raise _at("/run", "This run is closed: start another one.")
    if not submission.step:
        return Joined(run, None)
    step = RunStep.objects.filter(run=run, key=submission.step).first()
    if step is None:
        raise _at("/step", "There is no such step in this run: add it first.")
    return Joined(run, step)


def count_request(*, run: Run, request: ActionRequest) -> None:
    """Save a run that was joined, once the submission in it was recorded."""
    run.request_count += 1
    run.touched_at = request.submitted_at
    update(run, *COUNTS)


def _lock_key(agent: Agent, key: str) -> None:
    """Of two calls that begin the same task at once, the second finds it begun."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"run:{agent.pk}:{key}"]
        )


@unit_of_work()
def _close_left_open() -> int:
    now = clock.now()
    old = Run.objects.filter(closed_at=None, touched_at__lte=now - LEFT_AFTER)
    # What its agent is writing to at this moment is not left open.
    runs = list(old.select_for_update(skip_locked=True).order_by("touched_at", "pk")[:_AT_ONCE])
    for run in runs:
        run.outcome, run.closed_at = RunOutcome.LEFT_OPEN, now
        events.run_left_open(run=run, now=now)
        update(run, "outcome", "closed_at", *events.PLACE)
    return len(runs)


def _at(pointer: str, detail: str) -> Invalid:
    return Invalid(detail, errors=[FieldError(pointer, detail)])
