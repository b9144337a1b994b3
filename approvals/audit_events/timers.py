"""What timers do, as the record keeps it: remind, escalate, ask again, come too late."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from msgspec import structs

from approvals.audit_events.about import moment, record_about, type_on
from approvals.audit_events.stages import stage_entry
from approvals.models import ActionRequest, RequirementStage, Timer
from approvals.selectors.twins import Twin
from audit.actors import SYSTEM
from audit.services import Alike, Entry


def reminded(*, stage: RequirementStage, timer: Timer, missing: str, now: datetime) -> Entry:
    """Whoever has not answered was reminded.

    It names the request and repeats nothing of what it asks for: thousands are due together, and
    each text that has to be hidden costs as much as the rest of the event.
    """
    entry = stage_entry(
        "timer.reminded",
        stage,
        now,
        f"Reminder {timer.level + 1} of stage “{stage.name}”; still missing: {missing}",
        _due(timer) | {"missing": missing},
    )
    return structs.replace(entry, subject=replace(entry.subject, label=""))


def reminded_too(entry: Entry, twins: Sequence[Twin]) -> Entry | Alike:
    """The event `reminded`, and the same of the requests that are like that one."""
    if not twins:
        return entry
    others = [
        (
            twin.request_id,
            (_seconds(twin.opened_at), _seconds(twin.ends_at), _seconds(twin.due_at)),
        )
        for twin in twins
    ]
    return Alike(entry, ("opened_at", "deadline_at", "due_at"), others)


def escalated(
    *,
    stage: RequirementStage,
    timer: Timer,
    added: Sequence[Mapping[str, Any]],
    missing: str,
    now: datetime,
) -> Entry:
    """More people were added; nobody was removed and the quorum is what it was."""
    names = ", ".join(f"{each['kind']} {each['ref']}" for each in added) or "nobody new"
    return stage_entry(
        "timer.escalated",
        stage,
        now,
        f"Stage “{stage.name}” was escalated: {names} added; still missing: {missing}",
        _due(timer) | {"added": [dict(each) for each in added], "missing": missing},
    )


def repeated(
    *,
    stage: RequirementStage,
    timer: Timer,
    repetition: int,
    times: int,
    missing: str,
    now: datetime,
) -> Entry:
    """Whoever an escalation asked was asked again, for the `repetition`-th of so many `times`."""
    return stage_entry(
        "timer.repeated",
        stage,
        now,
        f"Escalation of stage “{stage.name}” repeated, {repetition} of {times};"
        f" still missing: {missing}",
        _due(timer) | {"repetition": repetition, "times": times, "missing": missing},
    )


def skipped_late(*, stage: RequirementStage, timer: Timer, now: datetime) -> Entry:
    """It was due, but something later was due as well, so it was not sent."""
    return stage_entry(
        "timer.skipped_late",
        stage,
        now,
        f"A late {timer.get_kind_display().lower()} of stage “{stage.name}” was skipped:"
        " something later was due as well",
        _due(timer),
    )


def record_outcome_overdue(*, request: ActionRequest, timer: Timer, now: datetime) -> None:
    """The permission was used and nobody reported what came of it."""
    record_about(
        type_on(request, "execution.overdue"),
        request,
        SYSTEM,
        now,
        f"{request.agent.name} has not reported the outcome of “{request.summary}” in time",
        _due(timer) | {"payload_digest": request.payload_digest},
    )


def _due(timer: Timer) -> dict[str, Any]:
    """What was due, and when."""
    return {"kind": timer.kind, "level": timer.level, "due_at": moment(timer.due_at)}


def _seconds(at: str) -> str:
    """As `moment`, of UTC as PostgreSQL writes it: "2026-01-31 12:00:00.5"."""
    return f"{at[:10]}T{at[11:19]}Z"
