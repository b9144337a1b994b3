"""What timers do beyond reminding and escalating once: asking again."""

from datetime import datetime

from approvals.audit_events.requests import stage_entry, timer_data
from approvals.models import RequirementStage, Timer
from audit.services import Entry


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
        timer_data(timer) | {"repetition": repetition, "times": times, "missing": missing},
    )
