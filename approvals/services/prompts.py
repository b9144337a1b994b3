"""Reminding and escalating many requests at once, with a constant number of statements.

No status moves here. The caller has locked every request's row, has read the timers after that,
and sets what is written here in the same transaction: because every way in which a request ends
takes that lock first, a reminder for an ended request is impossible. What people see is the same
as if each request had been done alone.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from django.db import connection

from approvals.audit_events import timers as events
from approvals.enums import NotificationKind, StageStatus, TimerKind, TimerStatus
from approvals.models import ActionRequest, RequirementStage, Timer
from approvals.selectors.board import Board, load_boards
from approvals.selectors.crowd import Crowd
from approvals.selectors.people import looking_once
from approvals.selectors.twins import Twin
from approvals.services.lifecycle import tell_whoever_waits
from approvals.services.locking import try_to_lock_many
from approvals.services.notifications import About, Message, asked_about, queue_messages
from approvals.services.rounds import Round, escalate, people_in_charge
from approvals.services.schedule import close_due, frozen_stage
from approvals.services.stages import secure_quorum
from audit.services import record_many

_SAVE_ADDED = """
UPDATE approvals_requirementstage AS stage SET added = new.added
FROM unnest(%s::uuid[], %s::jsonb[]) AS new (id, added)
WHERE stage.id = new.id AND stage.id = ANY(%s)
"""


def fire_prompts(
    *,
    due: Iterable[tuple[Board, Sequence[Timer]]],
    now: datetime,
    twins: Mapping[UUID, Sequence[Twin]] = MappingProxyType({}),
) -> None:
    """Remind and escalate: in each stage the latest level of each kind; the others are late.

    Nobody is told more than once about one request: whoever an escalation asks is not reminded too.

    Each board comes with its due reminders and escalations, in order, with `stage` set to the
    board's own. Timers of stages that are not open any more are superseded. `twins` are, by the
    request of such a board, those of which the same is said without looking at theirs.
    """
    with looking_once():
        _fire(list(due), twins, now)


def _fire(
    due: list[tuple[Board, Sequence[Timer]]], twins: Mapping[UUID, Sequence[Twin]], now: datetime
) -> None:
    closing = [(twin.timer_id, TimerStatus.FIRED) for some in twins.values() for twin in some]
    firing: list[tuple[Board, list[Timer]]] = []
    skipped: list[Timer] = []
    for board, timers in due:
        current = [timer for timer in timers if is_current(board.request, timer)]
        latest = _latest(current)
        late = [timer for timer in current if timer not in latest]
        closing += [(each.pk, TimerStatus.SUPERSEDED) for each in timers if each not in current]
        closing += [(each.pk, TimerStatus.SKIPPED) for each in late]
        closing += [(each.pk, TimerStatus.FIRED) for each in latest]
        skipped += late
        if latest:
            firing.append((board, latest))
    close_due(closing, now=now)
    this = Round(now, Crowd(), _asked(firing))
    this.entries += [
        events.skipped_late(stage=stage_of(timer), timer=timer, now=now) for timer in skipped
    ]
    for board, timers in firing:
        for timer in timers:
            _prompt(this, board, timer, twins.get(board.request.pk, ()))
    _write(this)
    for board, _ in firing:
        if this.crowd.is_out_of_reach(board):
            _secure(board, twins.get(board.request.pk, ()), now)


def _secure(board: Board, twins: Sequence[Twin], now: datetime) -> None:
    others = load_boards(try_to_lock_many([twin.request_id for twin in twins])) if twins else []
    for each in (board, *others):
        secure_quorum(board=each, now=now)


def is_current(request: ActionRequest, timer: Timer) -> bool:
    """Whether a stage's timer still has something to do: the request has not moved on."""
    is_open = timer.stage is not None and timer.stage.status == StageStatus.OPEN
    return request.is_pending and is_open and timer.request_version == request.version


def stage_of(timer: Timer) -> RequirementStage:
    """Return the stage; raise `ValueError` when the timer belongs to none."""
    stage: RequirementStage | None = timer.stage
    if stage is None:
        raise ValueError("This timer belongs to no stage.")
    return stage


def _latest(due: Iterable[Timer]) -> list[Timer]:
    latest: dict[tuple[UUID | None, str], Timer] = {}
    for timer in due:
        key = (timer.stage_id, timer.kind)
        if key not in latest or timer.level > latest[key].level:
            latest[key] = timer
    return sorted(latest.values(), key=lambda timer: timer.due_at)


def _asked(firing: list[tuple[Board, list[Timer]]]) -> dict[UUID, set[UUID]]:
    """Who has been asked already, for the requests in which people are added. One statement."""
    return asked_about(
        [
            board.request
            for board, timers in firing
            if any(timer.kind == TimerKind.ESCALATE for timer in timers)
        ]
    )


def _prompt(this: Round, board: Board, timer: Timer, twins: Sequence[Twin]) -> None:
    stage = stage_of(timer)
    if timer.kind == TimerKind.ESCALATE:
        if escalate(this, board, stage, timer):
            tell_whoever_waits(board.request)
        return
    missing = this.crowd.describe_missing(board, stage)
    entry = events.reminded(stage=stage, timer=timer, missing=missing, now=this.now)
    this.entries.append(events.reminded_too(entry, twins))
    frozen = frozen_stage(stage)
    people = people_in_charge(this, board, stage, frozen, frozen.reminders[timer.level])
    this.tell(board, NotificationKind.REMINDER, f"reminder:{timer.pk}", people)
    if twins:
        keys = [
            About(twin.request_id, f"reminder:{twin.timer_id}", twin.deadline_at) for twin in twins
        ]
        this.messages.append(Message(keys, NotificationKind.REMINDER, people))


def _write(this: Round) -> None:
    if this.changed:
        with connection.cursor() as cursor:
            idents = list(this.changed)
            added = [json.dumps(stage.added) for stage in this.changed.values()]
            cursor.execute(_SAVE_ADDED, [idents, added, idents])
    record_many(this.entries)
    queue_messages(_once(this.messages), now=this.now)


def _once(messages: Iterable[Message]) -> list[Message]:
    """Tell each person one thing about a request at a time: that it was escalated comes first."""
    told: dict[UUID, set[UUID]] = {}
    left = []
    for message in sorted(messages, key=lambda each: each.kind != NotificationKind.ESCALATED):
        # Those that are told together, as twins, have this one message.
        known = told.setdefault(message.about[0].request_id, set())
        if not known.isdisjoint(message.members):
            members = [each for each in message.members if each not in known]
            message = replace(message, members=members)
        known.update(message.members)
        left.append(message)
    return left
