"""Opening stages, counting them, and what happens when one can no longer be completed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from approvals.audit_events import stages as events
from approvals.enums import StageStatus
from approvals.models import ActionRequest, Requirement, RequirementStage, Vote
from approvals.policies import Evaluation, Matching, RequirementSpec
from approvals.selectors.board import Board, load_board, voter_words
from approvals.selectors.people import load_people, looking_once
from approvals.selectors.stage_clock import StageClock
from approvals.services import notifications
from approvals.services.schedule import arm_timers, close_stage_timers, frozen_stage
from govapp.common.writing import insert, update
from tenants.models import Tenant


def open_requirements(
    *,
    request: ActionRequest,
    evaluation: Evaluation,
    now: datetime,
    clock: StageClock | None = None,
) -> Board:
    """Freeze what the rules demand into the request, open each first stage, return the board.

    The frozen flow is a copy: no later change of the policy reaches a request in flight. `clock`
    is given when something was computed with it already.
    """
    clock = clock or StageClock()
    specs = evaluation.requirements
    board = freeze_requirements(request=request, specs=specs, now=now, clock=clock)
    begin_stages(board=board, now=now, clock=clock)
    return board


def freeze_requirements(
    *, request: ActionRequest, specs: Iterable[RequirementSpec], now: datetime, clock: StageClock
) -> Board:
    """Write what is demanded, with each first stage open; nobody is asked yet."""
    requirements, stages = [], []
    for spec in specs:
        frozen = spec.to_dict()
        requirement = Requirement(
            request=request,
            rule_id=spec.rule_id,
            sentence=spec.sentence,
            flow=frozen["flow"],
            separation_of_duties=spec.separation_of_duties,
        )
        requirements.append(requirement)
        stages += [
            RequirementStage(
                requirement=requirement,
                request=request,
                position=position,
                name=stage.name,
                seats=[seat.to_row() for seat in stage.seats],
            )
            for position, stage in enumerate(spec.flow.stages)
        ]
    first = [stage for stage in stages if stage.position == 0]
    for stage in first:
        _open(stage, now, clock)
        events.record_stage_opened(stage=stage, now=now)
    insert(*requirements, *stages)
    return Board(request, stages, [])


def begin_stages(
    *, board: Board, now: datetime, clock: StageClock, content: dict[str, Any] | None = None
) -> None:
    """Ask the people of each first stage that is open, and arm its timers.

    `content` says in the messages what is new.
    """
    first = [stage for stage in board.open_stages if stage.position == 0]
    _note_deadline(board)
    with looking_once():
        secure_quorum(board=board, now=now)
        _announce(first, board, now, clock, content)


def first_deadline(*, evaluation: Evaluation, now: datetime, clock: StageClock) -> datetime | None:
    """Return the deadline that a request has when its first stages open now."""
    first = (spec.flow.stages[0] for spec in evaluation.requirements)
    return min((clock.due(stage, now, stage.deadline) for stage in first), default=None)


def advance(*, request: ActionRequest, now: datetime) -> bool:
    """Count the votes, close what is satisfied, open what follows.

    Returns True only when counted approvals fill every stage of every requirement: the caller,
    who has locked the request, then ends it, which closes its timers.
    """
    return advance_board(board=load_board(request), now=now)


def advance_board(*, board: Board, now: datetime) -> bool:
    """As `advance`, on a board that was read under the lock."""
    opened: list[RequirementStage] = []
    done: list[RequirementStage] = []
    clock = StageClock()
    for requirement in board.requirements:
        _advance_requirement(board, requirement, now, clock, opened, done)
    if board.stages and all(stage.status == StageStatus.SATISFIED for stage in board.stages):
        return True
    still_open = [stage for stage in opened if stage.status == StageStatus.OPEN]
    if still_open:
        _announce(still_open, board, now, clock)
    if done:
        close_stage_timers(stages=done, now=now)
        _note_deadline(board)
    return False


def _advance_requirement(
    board: Board,
    requirement: Requirement,
    now: datetime,
    clock: StageClock,
    opened: list[RequirementStage],
    done: list[RequirementStage],
) -> None:
    """Walk the stages in order; a vote cast earlier may fill a seat of a stage that opens now."""
    for stage in board.stages_of(requirement):
        if stage.status == StageStatus.SATISFIED:
            continue
        if stage.status == StageStatus.WAITING:
            _open(stage, now, clock)
            update(stage, "status", "opened_at", "deadline_at")
            events.record_stage_opened(stage=stage, now=now)
            opened.append(stage)
        matching = board.tally(stage)
        if not matching.is_complete:
            return
        _satisfy(stage, matching, board.votes, now)
        done.append(stage)
    requirement.satisfied_at = now
    update(requirement, "satisfied_at")


def _open(stage: RequirementStage, now: datetime, clock: StageClock) -> None:
    """The deadline is computed here, once: no change of the office's hours moves it."""
    frozen = frozen_stage(stage)
    stage.status = StageStatus.OPEN
    stage.opened_at = now
    stage.deadline_at = clock.due(frozen, now, frozen.deadline)


def _announce(
    stages: Sequence[RequirementStage],
    board: Board,
    now: datetime,
    clock: StageClock,
    content: dict[str, Any] | None = None,
) -> None:
    arm_timers(stages=stages, now=now, clock=clock)
    voted = board.used_up
    with looking_once():
        for stage in stages:
            notifications.notify_stage_opened(stage=stage, voted=voted, content=content)


def _satisfy(
    stage: RequirementStage, matching: Matching[UUID], votes: Sequence[Vote], now: datetime
) -> None:
    stage.status = StageStatus.SATISFIED
    stage.satisfied_at = now
    update(stage, "status", "satisfied_at")
    cast = {vote.member_id: vote for vote in votes}
    seated = [
        {
            "member": cast[ident].member.public_id,
            "name": voter_words(cast[ident]),
            "seat": seat,
        }
        for ident, seat in matching.seated.items()
    ]
    people = {each for vote in votes for each in (vote.member, vote.stands_for) if each}
    events.record_stage_satisfied(stage=stage, seated=seated, people=people, now=now)


def _note_deadline(board: Board) -> None:
    """Keep the earliest deadline of what is open on the request, where the inbox sorts by it."""
    deadlines = [stage.deadline_at for stage in board.open_stages if stage.deadline_at]
    earliest = min(deadlines, default=None)
    if board.request.deadline_at != earliest:
        board.request.deadline_at = earliest
        update(board.request, "deadline_at")


def secure_quorum(*, board: Board, now: datetime) -> list[RequirementStage]:
    """Add the tenant's fallback group to stages that the people there can no longer fill.

    Once per stage, and compliance is alerted once (domain page, section 7). Nothing here ever
    approves: at the deadline the request expires. Returns the stages that are impossible even
    so.
    """
    request = board.request
    if not request.category_id:
        return []
    people = load_people(request.category_id)
    impossible = board.find_unreachable(people)
    if not impossible:
        return []
    fallback = Tenant.objects.values_list("fallback_group", flat=True).get()
    for stage in impossible:
        added = bool(fallback) and add_reference(stage, "group", fallback)
        if added:
            update(stage, "added")
            events.record_fallback_added(stage=stage, group=fallback, now=now)
        _alert(stage, fallback if added else "")
    return board.find_unreachable(people)


def add_reference(stage: RequirementStage, kind: str, ref: str) -> bool:
    """Add people to a stage unless they are there already. Nobody is ever removed."""
    entry = {"kind": kind, "ref": ref, "count": 1}
    if entry in stage.added:
        return False
    stage.added = [*stage.added, entry]
    return True


def _alert(stage: RequirementStage, fallback: str) -> None:
    request = stage.request
    so = f"Group {fallback} was added. " if fallback else ""
    notifications.alert_compliance(
        request=request,
        subject=f"“{request.summary}” can no longer be approved",
        text=(
            f"Stage “{stage.name}” of rule {stage.requirement.rule_id} lacks people who may"
            f" approve it. {so}Unless somebody is given the right in time, it expires."
        ),
        dedup_key=f"quorum_unreachable:{stage.pk}",
    )
