"""Reminding, escalating, expiring: what the schedule's rows say, executed once each.

A timer that fires never approves anything. Whoever executes is a worker; the row decides.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from approvals.audit_events import requests as events
from approvals.doors import due_timers
from approvals.enums import (
    ExecutionState,
    RequestStatus,
    StageStatus,
    TimerKind,
    TimerStatus,
)
from approvals.models import ActionRequest, RequirementStage, Timer
from approvals.policies import describe_missing
from approvals.selectors.board import Board, load_board
from approvals.services import notifications
from approvals.services.lifecycle import move, move_execution, tell_whoever_waits
from approvals.services.locking import try_to_lock
from approvals.services.schedule import frozen_stage
from approvals.services.stages import add_reference, secure_quorum
from audit.actors import SYSTEM
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from govapp.common.writing import unit_of_work, update

log = structlog.get_logger(__name__)

_EXPIRED: Final = "nobody decided in time"


def sweep(*, at_most: int = 500) -> int:
    """Fire what is due, in all tenants, oldest first; return how many timers were closed.

    Any number of sweepers may run at once: each request is locked by one of them and skipped by
    the others. A request that fails is logged and left for the next round; it stops no other.
    """
    rows = due_timers.call(at_most)
    closed = 0
    for tenant_id, request_id in dict.fromkeys(
        (row["tenant_id"], row["request_id"]) for row in rows
    ):
        try:
            closed += fire_due_timers(tenant_id=tenant_id, request_id=request_id)
        except Exception:
            log.exception("timers.request_failed", tenant=str(tenant_id), request=str(request_id))
    return closed


def fire_due_timers(*, tenant_id: UUID, request_id: UUID) -> int:
    """Fire what is due for one request, in one transaction; return how many timers were closed.

    Zero when nothing is due, or when somebody else holds the request: it is asked about again.
    """
    with tenant_transaction(tenant_id), unit_of_work():
        request = try_to_lock(request_id)
        if request is None:
            return 0
        now = clock.now()
        due = list(
            Timer.objects.filter(
                request=request, status=TimerStatus.ARMED, due_at__lte=now
            ).order_by("due_at", "level")
        )
        _fire(request, due, now)
    return len(due)


def _fire(request: ActionRequest, due: list[Timer], now: datetime) -> None:
    outcomes = [timer for timer in due if timer.kind == TimerKind.RECONCILE]
    _reconcile(request, outcomes, now)
    due = [timer for timer in due if timer.kind != TimerKind.RECONCILE]
    if not due:
        return
    board = load_board(request)
    stages = {stage.pk: stage for stage in board.stages}
    current: list[Timer] = []
    gone: list[Timer] = []
    for timer in due:
        stage = stages.get(timer.stage_id) if timer.stage_id else None
        is_current = request.is_pending and stage and stage.status == StageStatus.OPEN
        (current if is_current else gone).append(timer)
        timer.request = request
        timer.stage = stage
    _close(gone, TimerStatus.SUPERSEDED, now)
    expiring = next((timer for timer in current if timer.kind == TimerKind.EXPIRE), None)
    if expiring:
        _expire(expiring, [timer for timer in current if timer is not expiring], now)
    elif current:
        _prompt(board, current, now)


def _reconcile(request: ActionRequest, due: list[Timer], now: datetime) -> None:
    """The agent redeemed its permission and never said how it went."""
    _close(due, TimerStatus.FIRED, now)
    if due and request.execution_state == ExecutionState.REDEEMED:
        move_execution(request=request, to=ExecutionState.UNKNOWN, now=now)
        events.record_outcome_overdue(request=request, timer=due[0], now=now)


def _expire(expiring: Timer, others: list[Timer], now: datetime) -> None:
    """Expiry wins over everything that is due with it."""
    _close([expiring], TimerStatus.FIRED, now)
    _skip(others, now)
    move(
        request=expiring.request,
        to=RequestStatus.EXPIRED,
        actor=SYSTEM,
        reason=_EXPIRED,
        now=now,
    )


def _prompt(board: Board, due: list[Timer], now: datetime) -> None:
    """Fire the latest level of each kind in each stage; the ones before it are late."""
    latest: dict[tuple[UUID | None, str], Timer] = {}
    for timer in due:
        key = (timer.stage_id, timer.kind)
        if key not in latest or timer.level > latest[key].level:
            latest[key] = timer
    firing = list(latest.values())
    skipped = [timer for timer in due if timer not in firing]
    _skip(skipped, now)
    _close(firing, TimerStatus.FIRED, now)
    for timer in firing:
        stage = _stage_of(timer)
        missing = describe_missing(board.tally(stage))
        if timer.kind == TimerKind.REMIND:
            events.record_reminded(stage=stage, timer=timer, missing=missing, now=now)
            notifications.notify_reminder(stage=stage, timer=timer)
        else:
            _escalate(stage, timer, missing, now)
    secure_quorum(board=board, now=now)


def _escalate(stage: RequirementStage, timer: Timer, missing: str, now: datetime) -> None:
    """Add the people of this level and of any level that was passed over.

    Only this level is announced; but whom the policy names for an earlier hour may vote, whether
    or not a worker was there at that hour.
    """
    named = [
        reference
        for escalation in frozen_stage(stage).escalations[: timer.level + 1]
        for reference in escalation.add
    ]
    added = [
        {"kind": str(reference.kind), "ref": reference.ref}
        for reference in named
        if add_reference(stage, reference.kind, reference.ref)
    ]
    if added:
        update(stage, "added")
        tell_whoever_waits(stage.request)
    events.record_escalated(stage=stage, timer=timer, added=added, missing=missing, now=now)
    notifications.notify_escalated(stage=stage, timer=timer, added=added)


def _skip(timers: list[Timer], now: datetime) -> None:
    _close(timers, TimerStatus.SKIPPED, now)
    for timer in timers:
        events.record_skipped_late(stage=_stage_of(timer), timer=timer, now=now)


def _close(timers: Iterable[Timer], status: TimerStatus, now: datetime) -> None:
    idents = [timer.pk for timer in timers]
    if not idents:
        return
    closed = Timer.objects.filter(pk__in=idents, status=TimerStatus.ARMED).update(
        status=status, closed_at=now
    )
    if closed != len(idents):
        raise RuntimeError("A timer was closed by somebody who did not hold the request.")


def _stage_of(timer: Timer) -> RequirementStage:
    stage: RequirementStage | None = timer.stage
    if stage is None:
        raise ValueError("This timer belongs to no stage.")
    return stage
