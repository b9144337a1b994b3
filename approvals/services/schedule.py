"""Writing timers. The row is the schedule; nothing else holds it (domain page, section 6)."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from django.db import connection

from approvals.enums import TimerKind, TimerStatus
from approvals.models import ActionRequest, RequirementStage, Timer
from approvals.policies import Stage
from approvals.selectors.stage_clock import StageClock
from govapp.common.arrays import uuid_array
from govapp.common.writing import change, insert

_CLOSE_DUE: Final = """
UPDATE approvals_timer SET status = %s, closed_at = %s
WHERE id = ANY(%s::uuid[]) AND status = 'armed'
"""


def frozen_stage(stage: RequirementStage) -> Stage:
    """Return the stage's part of the flow that was frozen at submission."""
    return _read_stage(json.dumps(stage.requirement.flow["stages"][stage.position]))


@lru_cache(maxsize=256)
def _read_stage(frozen: str) -> Stage:
    # Thousands of requests are governed by the same few flows.
    return Stage.from_dict(json.loads(frozen))


def arm_timers(*, stages: Iterable[RequirementStage], now: datetime, clock: StageClock) -> None:
    """Write all timers of stages that have just opened. One statement.

    Each is due a fixed time after the stage opened, whenever the one before it was executed; a
    reminder or escalation at or after the deadline would never fire and is not written. `clock`
    is what the deadlines were computed with.
    """
    insert(*(timer for stage in stages for timer in _timers_of(stage, now, clock)))


def _timers_of(stage: RequirementStage, now: datetime, clock: StageClock) -> list[Timer]:
    flow = frozen_stage(stage)
    opened = stage.opened_at
    deadline = stage.deadline_at
    if opened is None or deadline is None:
        raise ValueError("Only a stage that is open has timers.")
    delays = [(TimerKind.REMIND, level, delay) for level, delay in enumerate(flow.reminders)]
    delays += [(TimerKind.ESCALATE, level, step.after) for level, step in enumerate(flow.steps)]
    plan = [(kind, level, clock.due(flow, opened, delay)) for kind, level, delay in delays]
    plan = [each for each in plan if each[2] < deadline]
    plan.append((TimerKind.EXPIRE, 0, deadline))
    return [
        Timer(
            request=stage.request,
            request_version=stage.request.version,
            stage=stage,
            kind=kind,
            level=level,
            due_at=due,
            armed_at=now,
        )
        for kind, level, due in plan
    ]


def close_stage_timers(*, stages: Sequence[RequirementStage], now: datetime) -> None:
    """Close what is still armed for stages that are done."""
    armed = Timer.objects.filter(
        request__in={stage.request_id for stage in stages},
        stage__in=[stage.pk for stage in stages],
        status=TimerStatus.ARMED,
    )
    change(armed, status=TimerStatus.SUPERSEDED, closed_at=now)


def close_timers(*, request: ActionRequest, now: datetime) -> None:
    """Close everything that is still armed for a request that has moved on.

    Not the review of an emergency approval: it is due whatever comes of the permission.
    """
    armed = Timer.objects.filter(request=request, status=TimerStatus.ARMED)
    armed = armed.exclude(kind=TimerKind.REVIEW)
    change(armed, status=TimerStatus.SUPERSEDED, closed_at=now)


def close_due(closing: Iterable[tuple[UUID, TimerStatus]], *, now: datetime) -> None:
    """Close timers that are due, each with what became of it. One statement for each outcome.

    The caller has locked their requests. Raises `RuntimeError` when one was not armed any more:
    then somebody fired it without that lock, and nothing of this transaction may stay.
    """
    by_status: dict[TimerStatus, list[UUID]] = {}
    for ident, status in closing:
        by_status.setdefault(status, []).append(ident)
    with connection.cursor() as cursor:
        for status, idents in by_status.items():
            cursor.execute(_CLOSE_DUE, [status.value, now, uuid_array(idents)])
            if cursor.rowcount != len(idents):
                raise RuntimeError("A timer was closed by somebody who did not hold the request.")
