"""Reminding, escalating, expiring: what the schedule's rows say, executed once each.

A timer that fires never approves anything. Whoever executes is a worker; the row decides.

One lock decides everything: the request's row, taken before anything about the request is read.
Every way in which a request ends takes it too, so a reminder for an ended request is impossible,
and whoever holds it is the only one who touches its timers. Reminders and escalations, which move
no status, take the locks of many requests in one transaction (`services.prompts`); they pass over
a row that is held and wait for none, so that two sweepers cannot wait for each other. What moves
a status has a transaction of its own.
"""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import connection

from approvals.audit_events import timers as events
from approvals.doors import due_timers
from approvals.enums import ExecutionState, RequestStatus, TimerKind, TimerStatus
from approvals.models import ActionRequest, Timer
from approvals.selectors.board import load_board, load_boards
from approvals.selectors.twins import find_twins
from approvals.services.lifecycle import move, move_execution
from approvals.services.locking import try_to_lock, try_to_lock_many
from approvals.services.prompts import fire_prompts, is_current, stage_of
from approvals.services.reviews import fire_review_timers
from approvals.services.schedule import close_due
from audit.actors import SYSTEM
from audit.services import record_many
from govapp.common import clock
from govapp.common.arrays import is_any
from govapp.common.tenancy import tenant_transaction
from govapp.common.writing import unit_of_work

log = structlog.get_logger(__name__)

_EXPIRED: Final = "nobody decided in time"
# What has a transaction of its own: it moves a status, or belongs to no stage.
_MOVING: Final = (TimerKind.EXPIRE, TimerKind.RECONCILE, TimerKind.REVIEW)

# After so long with what has a transaction of its own, the other tenants have their turn.
_TURN_SECONDS: Final = 1.0
# No statement of a sweep waits longer for whoever holds what it needs.
_LONGEST_STATEMENT: Final = "30s"

# How many times as many are looked at as are wanted: others may hold those of several batches.
_LOOKED_AT: Final = 8
# A request that is to expire is left to a transaction of its own, reminders and all. The oldest
# are taken from the index first, so that no backlog is joined and sorted for the sake of a batch.
_CLAIM: Final = """
SELECT request.id
FROM (
  SELECT tenant_id, request_id, due_at, id FROM approvals_timer
  WHERE status = 'armed' AND due_at <= (SELECT govapp_now()) AND kind IN ('remind', 'escalate')
    AND (%s::timestamptz IS NULL OR (due_at, id) > (%s, %s))
  ORDER BY due_at, id LIMIT %s) AS timer
CROSS JOIN LATERAL (
  SELECT id FROM approvals_actionrequest
  WHERE tenant_id = timer.tenant_id AND id = timer.request_id
    AND NOT EXISTS (
      SELECT FROM approvals_timer AS moving
      WHERE moving.tenant_id = timer.tenant_id AND moving.request_id = timer.request_id
        AND moving.status = 'armed' AND moving.due_at <= (SELECT govapp_now())
        AND moving.kind IN ('expire', 'reconcile', 'review'))
  FOR UPDATE SKIP LOCKED) AS request
ORDER BY timer.due_at, timer.id LIMIT %s
"""


@dataclass(frozen=True)
class _Place:
    """A place in the order of what is due in one tenant: behind this timer."""

    at: datetime | None
    timer_id: UUID | None


_FIRST: Final = _Place(None, None)


def sweep(*, at_most: int = 500) -> int:
    """Fire what is due, oldest first in each tenant; return how many timers were closed.

    The tenants take turns, so none waits for the backlog of another. Any number of sweepers may
    run at once: each request is locked by one of them and skipped by the others. A request that
    fails is logged and left for the next round; it stops no other. `at_most` is how many requests
    are looked at together, and after how many closed timers it ends.
    """
    closed = 0
    passed: dict[UUID, _Place] = {}
    while closed < at_most:
        page = due_timers.call(at_most, _as_json(passed))
        if not page:
            break
        by_tenant: dict[UUID, list[Mapping[str, Any]]] = {}
        for row in page:
            by_tenant.setdefault(row["tenant_id"], []).append(row)
        for tenant_id, rows in by_tenant.items():
            done, last = _sweep_tenant(tenant_id, rows, passed.get(tenant_id, _FIRST))
            closed += done
            # What failed or was held is still due: whatever lies behind it gets its turn too.
            passed[tenant_id] = last
    return closed


def _as_json(passed: Mapping[UUID, _Place]) -> str:
    return json.dumps(
        [
            {
                "tenant_id": str(tenant_id),
                "due_at": place.at.isoformat() if place.at else None,
                "id": str(place.timer_id),
            }
            for tenant_id, place in passed.items()
        ]
    )


def fire_due_timers(*, tenant_id: UUID, request_id: UUID) -> int:
    """Fire what is due for one request, in one transaction; return how many timers were closed.

    Zero when nothing is due, or when somebody else holds the request: it is asked about again.
    """
    with tenant_transaction(tenant_id), unit_of_work():
        _limit_statements()
        request = try_to_lock(request_id)
        if request is None:
            return 0
        now = clock.now()
        due = _due([request.pk], now)
        _fire(request, due, now)
    return len(due)


def _sweep_tenant(
    tenant_id: UUID, rows: Sequence[Mapping[str, Any]], after: _Place
) -> tuple[int, _Place]:
    """Fire as much as was seen to be due: first what moves a status, then the rest at once.

    Returns how many timers were closed, and behind which the tenant's next turn begins: when its
    time is over, behind the last that was tried. Each of `rows` is a request with how many of its
    timers are due. The rest need not be what was seen: another sweeper, which saw the same, may
    have those.
    """
    closed, last = 0, rows[-1]
    try:
        with tenant_transaction(tenant_id):
            moving = _find_moving(row["request_id"] for row in rows)
        ends = time.monotonic() + _TURN_SECONDS
        for row in rows:
            if row["request_id"] in moving:
                closed += _fire_alone(tenant_id, row["request_id"])
                if time.monotonic() >= ends:
                    last = row
                    break
        rest = sum(row["timers"] for row in rows if row["request_id"] not in moving)
        if rest:
            closed += _fire_next(tenant_id, rest, after)
    except Exception:
        log.exception("timers.tenant_failed", tenant=str(tenant_id))
    return closed, _Place(last["due_at"], last["id"])


def _find_moving(request_ids: Iterable[UUID]) -> set[UUID]:
    """Return the requests of which something is due that moves a status."""
    due = Timer.objects.filter(
        is_any("request", set(request_ids)),
        kind__in=_MOVING,
        status=TimerStatus.ARMED,
        due_at__lte=clock.now(),
    )
    return set(due.values_list("request_id", flat=True))


def _fire_alone(tenant_id: UUID, request_id: UUID) -> int:
    try:
        return fire_due_timers(tenant_id=tenant_id, request_id=request_id)
    except Exception:
        log.exception("timers.request_failed", tenant=str(tenant_id), request=str(request_id))
        return 0


def _fire_next(tenant_id: UUID, at_most: int, after: _Place) -> int:
    """Remind and escalate by the next so many timers of requests that nobody else holds."""
    claimed: list[UUID] = []
    try:
        with tenant_transaction(tenant_id):
            _limit_statements()
            claimed += _claim(at_most, after)
            return _fire_many(claimed)
    except Exception:
        if not claimed:
            raise
        log.warning("timers.batch_failed", tenant=str(tenant_id), requests=len(claimed))
    return _fire_halves(tenant_id, claimed)


def _fire_halves(tenant_id: UUID, request_ids: Sequence[UUID]) -> int:
    """After a failure: the same in halves, until what fails is alone."""
    middle = len(request_ids) // 2
    if not middle:
        return sum(_fire_alone(tenant_id, request_id) for request_id in request_ids)
    closed = 0
    for half in (request_ids[:middle], request_ids[middle:]):
        try:
            with tenant_transaction(tenant_id):
                _limit_statements()
                closed += _fire_many([request.pk for request in try_to_lock_many(half)])
        except Exception:
            closed += _fire_halves(tenant_id, half)
    return closed


def _limit_statements() -> None:
    """Until this transaction ends: one tenant's lock must not hold up everybody's deadlines."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [_LONGEST_STATEMENT])


def _claim(at_most: int, after: _Place) -> list[UUID]:
    with connection.cursor() as cursor:
        place = [after.at, after.at, after.timer_id]
        cursor.execute(_CLAIM, [*place, at_most * _LOOKED_AT, at_most])
        return list(dict.fromkeys(request_id for (request_id,) in cursor.fetchall()))


def _fire_many(request_ids: Sequence[UUID]) -> int:
    """Remind and escalate for many requests in this transaction, which has locked them."""
    if not request_ids:
        return 0
    now = clock.now()
    twins = find_twins(request_ids, now=now)
    others = {twin.request_id for some in twins.values() for twin in some}
    requests = try_to_lock_many([each for each in request_ids if each not in others])
    timers: dict[UUID, list[Timer]] = {request.pk: [] for request in requests}
    for timer in _due(list(timers), now):
        timers[timer.request_id].append(timer)
    # What has come to be due since it was claimed and moves a status waits for the next round.
    boards = [
        board
        for board in load_boards(requests)
        if not any(timer.kind in _MOVING for timer in timers[board.request.pk])
    ]
    for board in boards:
        stages = {stage.pk: stage for stage in board.stages}
        for timer in timers[board.request.pk]:
            timer.request = board.request
            timer.stage = stages.get(timer.stage_id) if timer.stage_id else None
    due = [(board, timers[board.request.pk]) for board in boards]
    fire_prompts(due=due, twins=twins, now=now)
    return sum(len(each) for _, each in due) + len(others)


def _due(request_ids: list[UUID], now: datetime) -> list[Timer]:
    due = Timer.objects.filter(
        is_any("request", request_ids), status=TimerStatus.ARMED, due_at__lte=now
    )
    return list(due.defer("armed_at", "closed_at").order_by("due_at", "level", "pk"))


def _fire(request: ActionRequest, due: list[Timer], now: datetime) -> None:
    outcomes = [timer for timer in due if timer.kind == TimerKind.RECONCILE]
    _reconcile(request, outcomes, now)
    reviews = [timer for timer in due if timer.kind == TimerKind.REVIEW]
    fire_review_timers(request=request, due=reviews, now=now)
    due = [timer for timer in due if timer.kind not in (TimerKind.RECONCILE, TimerKind.REVIEW)]
    if not due:
        return
    board = load_board(request)
    stages = {stage.pk: stage for stage in board.stages}
    for timer in due:
        timer.request = request
        timer.stage = stages.get(timer.stage_id) if timer.stage_id else None
    current = [timer for timer in due if is_current(request, timer)]
    expiring = next((timer for timer in current if timer.kind == TimerKind.EXPIRE), None)
    if expiring:
        close_due(
            [(timer.pk, TimerStatus.SUPERSEDED) for timer in due if timer not in current], now=now
        )
        _expire(expiring, [timer for timer in current if timer is not expiring], now)
    else:
        fire_prompts(due=[(board, due)], now=now)


def _reconcile(request: ActionRequest, due: list[Timer], now: datetime) -> None:
    """The agent redeemed its permission and never said how it went."""
    close_due([(timer.pk, TimerStatus.FIRED) for timer in due], now=now)
    if due and request.execution_state == ExecutionState.REDEEMED:
        move_execution(request=request, to=ExecutionState.UNKNOWN, now=now)
        events.record_outcome_overdue(request=request, timer=due[0], now=now)


def _expire(expiring: Timer, others: list[Timer], now: datetime) -> None:
    """Expiry wins over everything that is due with it."""
    close_due(
        [(expiring.pk, TimerStatus.FIRED), *((timer.pk, TimerStatus.SKIPPED) for timer in others)],
        now=now,
    )
    record_many(
        [events.skipped_late(stage=stage_of(timer), timer=timer, now=now) for timer in others]
    )
    move(
        request=expiring.request,
        to=RequestStatus.EXPIRED,
        actor=SYSTEM,
        reason=_EXPIRED,
        now=now,
    )
