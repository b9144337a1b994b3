"""Who may decide a request, and what it still needs."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from uuid import UUID

from approvals.enums import StageStatus
from approvals.models import ActionRequest, Requirement, RequirementStage, Vote
from approvals.policies import describe_missing
from approvals.rules import may_be_approver
from approvals.selectors.board import (
    Board,
    fitting_seats,
    is_excluded,
    keys_on,
    load_board,
    load_boards,
)
from approvals.selectors.people import Person, load_people, load_person
from tenants.models import Membership

NOT_AN_APPROVER = "You are not an active approver here."
NO_RIGHT = "You have not been given the right to approve this kind of action."
AGENTS_SIDE = "You own this agent or it acts for you, and this rule separates those duties."
HAS_VOTED = "You have already voted on this request."


@dataclass(frozen=True)
class Candidate:
    """A person whom an open seat means. `excluded_because` is empty when they may vote now."""

    member: Membership
    seat_keys: frozenset[str]
    rights: tuple[str, ...]
    excluded_because: str


@dataclass(frozen=True)
class Standing:
    """Whether one person may vote now, and if not, why, in words for that person."""

    may_vote: bool
    why: str
    seat_keys: frozenset[str]


def candidates_for(request: ActionRequest) -> list[Candidate]:
    """Return everybody whom an open seat means, live. Three statements."""
    if not request.category_id:
        return []
    board = load_board(request)
    found = []
    for person in load_people(request.category_id):
        seat_keys = _named_seats(board, person)
        if seat_keys:
            why = judge(board, person).why
            found.append(Candidate(person.member, seat_keys, person.rights, why))
    return found


def stage_candidates(
    stage: RequirementStage, *, voted: Set[UUID] | None = None
) -> list[Membership]:
    """Return who may fill a seat of this stage and has not voted.

    Two statements, one less when the caller knows who has `voted`.
    """
    request = stage.request
    if not request.category_id:
        return []
    if voted is None:
        votes = Vote.objects.filter(request=request, voided_at=None)
        voted = set(votes.values_list("member_id", flat=True))
    return [
        person.member
        for person in load_people(request.category_id)
        if may_fill(stage, person, voted)
    ]


def may_fill(stage: RequirementStage, person: Person, voted: Set[UUID]) -> bool:
    """Whether somebody may fill a seat of this stage, given who has voted on the request."""
    return (
        bool(person.rights)
        and person.member.pk not in voted
        and bool(fitting_seats(stage, keys_on(stage.request, person)))
        and not is_excluded(stage.request, stage.requirement, person)
    )


def standing_of(request: ActionRequest, member: Membership) -> Standing:
    """Return whether this member may vote on the request now. Three statements.

    The deadline is not looked at: only the vote itself, under the row lock, does that.
    """
    if not request.is_pending:
        return _refused("This request has already been decided.")
    person = load_person(request.category_id, member.pk) if request.category_id else None
    return judge(load_board(request), person) if person else _refused(NOT_AN_APPROVER)


def judge(board: Board, person: Person) -> Standing:
    """Return the person's standing on a board that is loaded already."""
    if not may_be_approver(person.member):
        return _refused(NOT_AN_APPROVER)
    if board.has_voted(person.member.pk):
        return _refused(HAS_VOTED)
    if not person.rights:
        return _refused(NO_RIGHT)
    named = _named_seats(board, person)
    if not named:
        reserved = describe_reserved(board)
        return _refused(f"{reserved[0].upper()}{reserved[1:]}.")
    seat_keys = _seats(board, person, separated=True)
    return Standing(True, "", seat_keys) if seat_keys else _refused(AGENTS_SIDE)


def missing_for(requirement: Requirement) -> str:
    """Return what a requirement still needs ("1 more from Finance, 1 from Risk"), or ""."""
    return missing_by_requirement([requirement.request]).get(requirement.pk, "")


def missing_by_requirement(requests: Sequence[ActionRequest]) -> dict[UUID, str]:
    """Return what each requirement of these requests still needs. Two statements."""
    return {
        requirement.pk: missing_of(board, requirement)
        for board in load_boards(requests)
        for requirement in board.requirements
    }


def missing_on(board: Board) -> str:
    """Return what the whole request still needs, in words."""
    parts = [missing_of(board, requirement) for requirement in board.requirements]
    return "; ".join(part for part in parts if part)


def missing_of(board: Board, requirement: Requirement) -> str:
    """Return what one requirement of a board still needs, or ""."""
    for stage in board.stages_of(requirement):
        if stage.status != StageStatus.SATISFIED:
            return describe_missing(board.tally(stage))
    return ""


def seats_ahead(board: Board, person: Person) -> frozenset[str]:
    """Return the seats, of stages that are open or will be, that an approval of theirs could fill.

    An approval that is cast early counts where it fits.
    """
    seats: frozenset[str] = frozenset()
    keys = keys_on(board.request, person)
    for stage in board.stages:
        if not is_excluded(board.request, stage.requirement, person):
            seats |= fitting_seats(stage, keys)
    return seats


def describe_reserved(board: Board) -> str:
    """Say to somebody who has no seat for whom the open ones are."""
    return f"the open seats are for others: {missing_on(board)}"


def _named_seats(board: Board, person: Person) -> frozenset[str]:
    return _seats(board, person, separated=False)


def _seats(board: Board, person: Person, *, separated: bool) -> frozenset[str]:
    seats: frozenset[str] = frozenset()
    keys = keys_on(board.request, person)
    for stage in board.open_stages:
        if not (separated and is_excluded(board.request, stage.requirement, person)):
            seats |= fitting_seats(stage, keys)
    return seats


def _refused(why: str) -> Standing:
    return Standing(False, why, frozenset())
