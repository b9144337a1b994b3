"""One round of prompting: whom to tell, and what an escalation does to a stage.

Nothing is written here: the caller (`services.prompts`) has locked the requests and writes what
was gathered for all of them at once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from approvals.audit_events import timers as events
from approvals.enums import NotificationKind
from approvals.models import RequirementStage, Timer
from approvals.policies import Escalation, Reference, Stage
from approvals.selectors.board import Board
from approvals.selectors.crowd import Crowd
from approvals.services.notifications import About, Message
from approvals.services.schedule import frozen_stage
from approvals.services.stages import add_reference
from audit.services import Alike, Entry


@dataclass
class Round:
    """What one round of prompting gathers before it writes."""

    now: datetime
    crowd: Crowd
    asked: dict[UUID, set[UUID]]
    entries: list[Entry | Alike] = field(default_factory=list)
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
        request = board.request
        about = About(request.pk, key, request.deadline_at)
        self.messages.append(Message([about], kind, people, content or {}))
        if request.pk in self.asked:
            self.asked[request.pk].update(people)


def people_in_charge(
    this: Round, board: Board, stage: RequirementStage, frozen: Stage, after: timedelta
) -> tuple[UUID, ...]:
    """Return whom a prompt so long after the opening is for: all who may vote and have not.

    Only those who took over, once somebody did. All of them again when nobody who took over may
    vote: silence helps nobody.
    """
    everybody = this.crowd.candidates(board, stage)
    first = frozen.handed_over(after)
    if first is None:
        return everybody
    before, since = (_keys(frozen.escalations[:first]), _keys(frozen.escalations[first:]))
    # The fallback group, which no escalation names, is there to decide as well.
    joined = {Reference(each["kind"], each["ref"]).key for each in stage.added}
    keys = frozenset(key for key in joined if key in since or key not in before)
    return this.crowd.among(board, everybody, keys) or everybody


def _keys(escalations: Iterable[Escalation]) -> frozenset[str]:
    return frozenset(each.key for escalation in escalations for each in escalation.add)


def escalate(this: Round, board: Board, stage: RequirementStage, timer: Timer) -> bool:
    """Add the people of this level and of any level that was passed over, and tell them.

    Only this level is announced; but whom the policy names for an earlier hour may vote, whether
    or not a worker was there at that hour. Returns whether anybody was added.
    """
    frozen = frozen_stage(stage)
    step = frozen.steps[timer.level]
    added = [
        {"kind": str(reference.kind), "ref": reference.ref}
        for escalation in frozen.escalations[: step.escalation + 1]
        for reference in escalation.add
        if add_reference(stage, reference.kind, reference.ref)
    ]
    if added:
        this.changed[stage.pk] = stage
    # A repetition after an outage may be the first that anybody hears of the escalation.
    if step.repetition and not added:
        _ask_again(this, board, stage, timer, frozen)
    else:
        _announce(this, board, stage, timer, frozen, added)
    return bool(added)


def _announce(
    this: Round,
    board: Board,
    stage: RequirementStage,
    timer: Timer,
    frozen: Stage,
    added: list[dict[str, str]],
) -> None:
    missing = this.crowd.describe_missing(board, stage)
    this.entries.append(
        events.escalated(stage=stage, timer=timer, added=added, missing=missing, now=this.now)
    )
    step = frozen.steps[timer.level]
    content: dict[str, Any] = {
        "added": ", ".join(f"{each['kind']} {each['ref']}" for each in added)
    }
    if frozen.escalations[step.escalation].hand_over:
        # Whoever hands over hears of it; from then on, it is no longer theirs to be reminded of.
        content["hands_over"] = True
        people = this.crowd.candidates(board, stage)
    else:
        people = people_in_charge(this, board, stage, frozen, step.after)
    _tell(this, board, timer, people, content)


def _ask_again(
    this: Round, board: Board, stage: RequirementStage, timer: Timer, frozen: Stage
) -> None:
    step = frozen.steps[timer.level]
    repeat = frozen.escalations[step.escalation].repeat
    times = repeat.times if repeat else step.repetition
    missing = this.crowd.describe_missing(board, stage)
    this.entries.append(
        events.repeated(
            stage=stage,
            timer=timer,
            repetition=step.repetition,
            times=times,
            missing=missing,
            now=this.now,
        )
    )
    people = people_in_charge(this, board, stage, frozen, step.after)
    content = {"added": "", "repetition": step.repetition, "times": times}
    _tell(this, board, timer, people, content)


def _tell(
    this: Round, board: Board, timer: Timer, people: Sequence[UUID], content: dict[str, Any]
) -> None:
    asked = this.asked[board.request.pk]
    new = [each for each in people if each not in asked]
    first = [each for each in people if each in asked]
    for some, is_new in ((new, True), (first, False)):
        this.tell(
            board,
            NotificationKind.ESCALATED,
            f"escalated:{timer.pk}",
            some,
            content | {"is_new": is_new},
        )
