"""How one request stands: its stages, its votes, and which seats those fill.

Counting is done anew from the rows each time, so that the order of votes never matters
(domain page, section 5). What a voter was at the moment of the vote is stored with the vote;
people who have not voted are looked at live.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from approvals.enums import StageStatus, Verdict
from approvals.models import ActionRequest, Requirement, RequirementStage, Vote
from approvals.policies import Matching, Seat, seat_voters
from approvals.rules import is_on_agents_side
from approvals.selectors.people import Person
from govapp.common.clock import Now

_IN_HAND: Final = "board_in_hand"


@dataclass(frozen=True)
class Board:
    """The stages (in order of rule and position) and the votes of one request."""

    request: ActionRequest
    stages: list[RequirementStage]
    votes: list[Vote]
    read_at: datetime | None = None  # the database's time, later than any lock taken before

    @property
    def open_stages(self) -> list[RequirementStage]:
        return [stage for stage in self.stages if stage.status == StageStatus.OPEN]

    @property
    def requirements(self) -> list[Requirement]:
        return list({stage.requirement_id: stage.requirement for stage in self.stages}.values())

    def stages_of(self, requirement: Requirement) -> list[RequirementStage]:
        return [stage for stage in self.stages if stage.requirement_id == requirement.pk]

    @property
    def used_up(self) -> frozenset[UUID]:
        """Whose word has been given: who voted, and for whom somebody voted."""
        voters = {vote.member_id for vote in self.votes}
        return frozenset(voters | {one.stands_for_id for one in self.votes if one.stands_for_id})

    def has_voted(self, member_id: UUID) -> bool:
        """Whether this person's word has been given, by themselves or by a stand-in."""
        return member_id in self.used_up

    def tally(self, stage: RequirementStage) -> Matching[UUID]:
        """Seat the approvals cast so far in one stage.

        Whoever fills a seat of an earlier stage of the same requirement fills none here: one
        person, one seat in a requirement.
        """
        taken: set[UUID] = set()
        for each in self.stages_of(stage.requirement):
            matching = seat_voters(seats_of(each), self._voters(each, taken))
            if each.pk == stage.pk:
                return matching
            taken |= set(matching.seated)
        raise LookupError(stage.pk)

    def _voters(
        self, stage: RequirementStage, taken: AbstractSet[UUID]
    ) -> dict[UUID, frozenset[str]]:
        """Who has approved and may be seated in this stage.

        A stage that is satisfied keeps the people who satisfied it: later votes are for later
        stages.
        """
        return {
            vote.member_id: fitting_seats(stage, vote.right["keys"])
            for vote in self.votes
            if vote.verdict == Verdict.APPROVE
            and vote.member_id not in taken
            and not (stage.requirement.separation_of_duties and vote.right["is_agents_side"])
            and (stage.satisfied_at is None or vote.cast_at <= stage.satisfied_at)
        }

    def find_unreachable(self, people: Sequence[Person]) -> list[RequirementStage]:
        """Return the stages, open or waiting, that the people there are can no longer fill."""
        return [
            stage
            for requirement in self.requirements
            for stage in self._unreachable_of(requirement, people)
        ]

    def _unreachable_of(
        self, requirement: Requirement, people: Sequence[Person]
    ) -> list[RequirementStage]:
        taken: set[UUID] = set()
        left = []
        for stage in self.stages_of(requirement):
            if stage.status == StageStatus.SATISFIED:
                taken |= set(seat_voters(seats_of(stage), self._voters(stage, taken)).seated)
            else:
                left.append(stage)
        if not left:
            return []
        able: dict[UUID, set[str]] = {}
        seats: list[Seat] = []
        for stage in left:
            # One person fills one seat of all that are left: so they are matched together, and
            # a seat of one stage must not be mistaken for the same seat of another.
            mark = f"{stage.position}/"
            seats += [Seat(seat.kind, mark + seat.ref, seat.count) for seat in seats_of(stage)]
            fits = self._voters(stage, taken) | self._could_vote(stage, people)
            for member_id, keys in fits.items():
                able.setdefault(member_id, set()).update(_marked(key, mark) for key in keys)
        missing = {seat.ref.split("/", 1)[0] for seat in seat_voters(seats, able).missing}
        return [stage for stage in left if str(stage.position) in missing]

    def _could_vote(
        self, stage: RequirementStage, people: Sequence[Person]
    ) -> dict[UUID, frozenset[str]]:
        """Which seats each of these people could still fill before the stage's deadline.

        Whoever is back in time is counted as themselves and not as somebody else's word: with
        both, nothing could be completed that cannot be without.
        """
        used_up = self.used_up
        found: dict[UUID, frozenset[str]] = {}
        for person in people:
            if person.member.pk in used_up:
                continue
            seats = seats_for(stage, person) if _is_in_time(person, stage) else frozenset()
            for absentee in person.stands_for:
                if absentee.member.pk not in used_up and not _is_in_time(absentee, stage):
                    seats |= seats_for(stage, absentee, by=person)
            if seats:
                found[person.member.pk] = seats
        return found


def load_board(request: ActionRequest) -> Board:
    """Return the board of one request. Two statements."""
    return load_boards([request])[0]


def load_boards(requests: Sequence[ActionRequest]) -> list[Board]:
    """Return the boards of several requests, in their order. Two statements."""
    by_id = {request.pk: request for request in requests}
    stages: dict[UUID, list[RequirementStage]] = {ident: [] for ident in by_id}
    votes: dict[UUID, list[Vote]] = {ident: [] for ident in by_id}
    read_at = None
    found = RequirementStage.objects.filter(request__in=by_id).select_related("requirement")
    for stage in found.annotate(moment=Now()).order_by("requirement__rule_id", "position"):
        read_at = read_at or vars(stage)["moment"]
        stage.request = stage.requirement.request = by_id[stage.request_id]
        stages[stage.request_id].append(stage)
    for vote in (
        Vote.objects.filter(request__in=by_id)
        .select_related("member__user", "stands_for__user")
        .order_by("cast_at", "pk")
    ):
        votes[vote.request_id].append(vote)
    return [Board(by_id[ident], stages[ident], votes[ident], read_at) for ident in by_id]


def keep_in_hand(board: Board) -> None:
    """Leave with the request object the board that it was read or written with.

    Nothing decides by it: whoever only shows the request as it was then takes it with
    `boards_in_hand`; `load_board` always reads.
    """
    board.stages.sort(key=lambda stage: (stage.requirement.rule_id, stage.position))
    vars(board.request)[_IN_HAND] = board


def boards_in_hand(requests: Sequence[ActionRequest]) -> list[Board]:
    """Return the boards that were left with these objects; reads those of the others."""
    held: dict[UUID, Board | None] = {one.pk: vars(one).get(_IN_HAND) for one in requests}
    others = [one for one in requests if held[one.pk] is None]
    read = {board.request.pk: board for board in load_boards(others)} if others else {}
    return [held[one.pk] or read[one.pk] for one in requests]


def seats_of(stage: RequirementStage) -> tuple[Seat, ...]:
    """Return the frozen seats of a stage."""
    return tuple(Seat(seat["kind"], _ref(seat), int(seat.get("count", 1))) for seat in stage.seats)


def fitting_seats(stage: RequirementStage, keys: Iterable[str]) -> frozenset[str]:
    """Return the keys of the seats that somebody with these references may fill.

    Whoever was added by escalation or as the fallback may fill any seat of that stage.
    """
    own = frozenset(keys)
    seats = frozenset(seat.key for seat in seats_of(stage))
    if own & {f"{added['kind']}:{_ref(added)}" for added in stage.added}:
        return seats
    return seats & own


def is_excluded(request: ActionRequest, requirement: Requirement, person: Person) -> bool:
    """Whether separation of duties keeps this person out of this requirement."""
    return requirement.separation_of_duties and is_on_agents_side(request, person.member)


def voter_words(vote: Vote) -> str:
    """Return who voted, and for whom: "Bob for Alice"."""
    voter, absentee = vote.member.user.name, vote.stands_for
    return f"{voter} for {absentee.user.name}" if absentee else str(voter)


def seats_for(
    stage: RequirementStage, person: Person, *, by: Person | None = None
) -> frozenset[str]:
    """Return the seats that a person's word would fill, given by themselves or by a stand-in.

    Separation of duties is asked of both (domain page, section 5).
    """
    both = (person,) if by is None else (person, by)
    if not person.rights or any(is_excluded(stage.request, stage.requirement, one) for one in both):
        return frozenset()
    return fitting_seats(stage, person.keys)


def _is_in_time(person: Person, stage: RequirementStage) -> bool:
    """Whether the person is here, or back before the stage ends.

    When a stage that waits will end is not known; it is looked at again once it is open.
    """
    until, deadline = person.away_until, stage.deadline_at
    return until is None or deadline is None or until < deadline


def _ref(seat: Mapping[str, Any]) -> str:
    ref = str(seat["ref"])
    return ref.lower() if seat["kind"] == "person" else ref


def _marked(key: str, mark: str) -> str:
    kind, ref = key.split(":", 1)
    return f"{kind}:{mark}{ref}"
