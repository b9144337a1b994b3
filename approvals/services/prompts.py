"""Reminding and escalating many requests at once, with a constant number of statements.

No status moves here. The caller has locked every request's row, has read the timers after that,
and sets what is written here in the same transaction: because every way in which a request ends
takes that lock first, a reminder for an ended request is impossible. What people see is the same
as if each request had been done alone.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from approvals.audit_events import requests as events
from approvals.enums import NotificationKind, StageStatus, TimerKind, TimerStatus
from approvals.models import ActionRequest, RequirementStage, Timer
from approvals.selectors.board import Board
from approvals.selectors.crowd import Crowd
from approvals.selectors.people import looking_once
from approvals.services.lifecycle import tell_whoever_waits
from approvals.services.notifications import Message, asked_about, queue_messages
from approvals.services.schedule import close_due, frozen_stage
from approvals.services.stages import add_reference, secure_quorum
from audit.services import Entry, record_many

_SAVE_ADDED = """
UPDATE approvals_requirementstage AS stage SET added = new.added
FROM unnest(%s::uuid[], %s::jsonb[]) AS new (id, added)
WHERE stage.id = new.id AND stage.id = ANY(%s)
"""


@dataclass
class _Round:
    """What one call gathers before it writes."""

    now: datetime
    crowd: Crowd
    asked: dict[UUID, set[UUID]]
    entries: list[Entry] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    changed: dict[UUID, RequirementStage] = field(default_factory=dict)

    def tell(
        self,
        board: Board,
        kind: NotificationKind,
        key: str,
        people: Sequence[UUID],
        content: dict[str, Any] | None = None,
    ) -> None:
        """Gather one message; whoever is told has been asked, for what follows."""
        self.messages.append(Message(board.request, kind, key, people, content or {}))
        if board.request.pk in self.asked:
            self.asked[board.request.pk].update(people)


def fire_prompts(*, due: Iterable[tuple[Board, Sequence[Timer]]], now: datetime) -> None:
    """Remind and escalate: in each stage the latest level of each kind; the others are late.

    Each board comes with its due reminders and escalations, in order, with `stage` set to the
    board's own. Timers of stages that are not open any more are superseded.
    """
    with looking_once():
        _fire(list(due), now)


def _fire(due: list[tuple[Board, Sequence[Timer]]], now: datetime) -> None:
    closing: list[tuple[Timer, TimerStatus]] = []
    firing: list[tuple[Board, list[Timer]]] = []
    skipped: list[Timer] = []
    for board, timers in due:
        current = [timer for timer in timers if is_current(board.request, timer)]
        latest = _latest(current)
        late = [timer for timer in current if timer not in latest]
        closing += [(each, TimerStatus.SUPERSEDED) for each in timers if each not in current]
        closing += [(each, TimerStatus.SKIPPED) for each in late]
        closing += [(each, TimerStatus.FIRED) for each in latest]
        skipped += late
        if latest:
            firing.append((board, latest))
    close_due(closing, now=now)
    this = _Round(now, Crowd(), _asked(firing))
    this.entries += [
        events.skipped_late(stage=stage_of(timer), timer=timer, now=now) for timer in skipped
    ]
    for board, timers in firing:
        for timer in timers:
            _prompt(this, board, timer)
    _write(this)
    for board, _ in firing:
        if this.crowd.is_out_of_reach(board):
            secure_quorum(board=board, now=now)


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
    return list(latest.values())


def _asked(firing: list[tuple[Board, list[Timer]]]) -> dict[UUID, set[UUID]]:
    """Who has been asked already, for the requests in which people are added. One statement."""
    return asked_about(
        [
            board.request
            for board, timers in firing
            if any(timer.kind == TimerKind.ESCALATE for timer in timers)
        ]
    )


def _prompt(this: _Round, board: Board, timer: Timer) -> None:
    stage = stage_of(timer)
    missing = this.crowd.describe_missing(board, stage)
    if timer.kind == TimerKind.REMIND:
        this.entries.append(
            events.reminded(stage=stage, timer=timer, missing=missing, now=this.now)
        )
        people = this.crowd.candidates(board, stage)
        this.tell(board, NotificationKind.REMINDER, f"reminder:{timer.pk}", people)
    else:
        _escalate(this, board, stage, timer, missing)


def _escalate(
    this: _Round, board: Board, stage: RequirementStage, timer: Timer, missing: str
) -> None:
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
        this.changed[stage.pk] = stage
        tell_whoever_waits(board.request)
    this.entries.append(
        events.escalated(stage=stage, timer=timer, added=added, missing=missing, now=this.now)
    )
    names = ", ".join(f"{each['kind']} {each['ref']}" for each in added)
    people = this.crowd.candidates(board, stage)
    asked = this.asked[board.request.pk]
    new = [each for each in people if each not in asked]
    first = [each for each in people if each in asked]
    for some, is_new in ((new, True), (first, False)):
        this.tell(
            board,
            NotificationKind.ESCALATED,
            f"escalated:{timer.pk}",
            some,
            {"added": names, "is_new": is_new},
        )


def _write(this: _Round) -> None:
    if this.changed:
        with connection.cursor() as cursor:
            idents = list(this.changed)
            added = [json.dumps(stage.added) for stage in this.changed.values()]
            cursor.execute(_SAVE_ADDED, [idents, added, idents])
    record_many(this.entries)
    queue_messages(this.messages, now=this.now)
