"""How one request stands: its stages, its votes, and which seats those fill.

Counting is done anew from the rows each time, so that the order of votes never matters
(domain page, section 5). What a voter was at the moment of the vote is stored with the vote;
people who have not voted are looked at live.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from approvals.enums import StageStatus, Verdict
from approvals.models import ActionRequest, Requirement, RequirementStage, Vote
from approvals.policies import ANYONE, MANAGER, Matching, Seat, reference_of, seat_stages
from approvals.rules import is_on_agents_side
from approvals.selectors.people import Person
from govapp.common.arrays import is_any
from govapp.common.clock import Now

_IN_HAND: Final = "board_in_hand"


@dataclass(frozen=True)
class Board:
    """The stages (in order of rule and position) and the votes of one request, those that count."""

    request: ActionRequest
    stages: list[RequirementStage]
    votes: list[Vote]
    # The database's time, later than any lock taken before; of a board that was loaded alone.
    read_at: datetime | None = None

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

        Whoever fills a seat of another stage of the same requirement fills none here: one
        person, one seat in a requirement. Earlier stages go first, and take those whom the
        later ones can do without.
        """
        return self._seatings(stage.requirement)[stage.pk]

    def _seatings(self, requirement: Requirement) -> dict[UUID, Matching[UUID]]:
        """Seat the approvals cast so far in all stages of a requirement at once."""
        stages = self.stages_of(requirement)
        found = seat_stages([seats_of(each) for each in stages], [*map(self._voters, stages)])
        return {stage.pk: each for stage, each in zip(stages, found, strict=True)}

    def _voters(self, stage: RequirementStage) -> dict[UUID, frozenset[str]]:
        """Who has approved, with the places of this stage that they may take.

        A stage that is satisfied keeps to those who satisfied it: later votes are for later
        stages.
        """
        return {
            vote.member_id: places_in(
                stage, frozenset(vote.right["keys"]), frozenset(vote.right.get("voter_keys", ()))
            )
            for vote in self.votes
            if vote.verdict == Verdict.APPROVE
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
        stages = self.stages_of(requirement)
        if all(stage.status == StageStatus.SATISFIED for stage in stages):
            return []
        # One person fills one seat of all stages, those that are satisfied first.
        fits = [
            self._voters(stage)
            | ({} if stage.status == StageStatus.SATISFIED else self._could_vote(stage, people))
            for stage in stages
        ]
        found = seat_stages([seats_of(stage) for stage in stages], fits)
        return [
            stage
            for stage, matching in zip(stages, found, strict=True)
            if stage.status != StageStatus.SATISFIED and not matching.is_complete
        ]

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
            seats = places_for(stage, person) if _is_in_time(person, stage) else frozenset()
            for absentee in person.stands_for:
                if absentee.member.pk not in used_up and not _is_in_time(absentee, stage):
                    seats |= places_for(stage, absentee, by=person)
            if seats:
                found[person.member.pk] = seats
        return found


def load_board(request: ActionRequest) -> Board:
    """Return the board of one request, with the time. Two statements."""
    return load_board_and_votes(request)[0]


def load_board_and_votes(request: ActionRequest) -> tuple[Board, list[Vote]]:
    """Return the board of one request, and all votes, those that count no more as well.

    With their people. Two statements.
    """
    votes = list(_votes().filter(request=request))
    counting = [vote for vote in votes if vote.voided_at is None]
    return _load([request], counting, timed=True)[0], votes


def load_boards(requests: Sequence[ActionRequest]) -> list[Board]:
    """Return the boards of several requests, in their order. Two statements."""
    idents = [request.pk for request in requests]
    counting = _votes().filter(is_any("request", idents), voided_at=None)
    return _load(requests, counting, timed=False)


def _votes() -> QuerySet[Vote]:
    people = Vote.objects.select_related("member__user", "stands_for__user")
    return people.order_by("cast_at", "pk")


def _load(
    requests: Sequence[ActionRequest], counting: Iterable[Vote], *, timed: bool
) -> list[Board]:
    by_id = {request.pk: request for request in requests}
    stages: dict[UUID, list[RequirementStage]] = {ident: [] for ident in by_id}
    votes: dict[UUID, list[Vote]] = {ident: [] for ident in by_id}
    read_at = None
    # What was demanded before an approver changed the action, and votes on that, do not count.
    found = RequirementStage.objects.filter(
        is_any("request", by_id), requirement__replaced_at=None
    ).select_related("requirement")
    if timed:
        found = found.annotate(moment=Now())
    for stage in found.order_by("requirement__rule_id", "position"):
        read_at = read_at or vars(stage).get("moment")
        stage.request = stage.requirement.request = by_id[stage.request_id]
        stages[stage.request_id].append(stage)
    for vote in counting:
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


def may_take_back(board: Board, vote: Vote) -> bool:
    """Whether no stage was completed with this approval: then it may be withdrawn."""
    done = (stage for stage in board.stages if stage.status == StageStatus.SATISFIED)
    return vote.verdict == Verdict.APPROVE and not any(
        vote.member_id in board.tally(stage).seated for stage in done
    )


def seats_of(stage: RequirementStage) -> tuple[Seat, ...]:
    """Return the frozen seats of a stage."""
    return tuple(map(Seat.from_row, stage.seats))


def keys_on(request: ActionRequest, person: Person) -> frozenset[str]:
    """Return every reference by which a flow of this request can mean the person, live.

    Beside the person's own: the manager of the agent's owner, and whoever has the right.
    """
    found = set(person.keys)
    if person.reports and request.agent.owner_id in person.reports:
        found.add(MANAGER.key)
    if person.rights:
        found.add(ANYONE.key)
    return frozenset(found)


def fitting_seats(
    stage: RequirementStage, keys: AbstractSet[str], barred: AbstractSet[str] = frozenset()
) -> frozenset[str]:
    """Return the keys of the seats that somebody with these references (`keys_on`) may fill.

    `barred` are the references of the stand-in who would give their word: whom a seat leaves
    out does not fill it in somebody else's name either.
    """
    is_added = _is_added(stage, keys)
    return frozenset(
        seat.key
        for seat in seats_of(stage)
        if not _leaves_out(seat, barred) and seat.places_for(keys, is_added=is_added)
    )


def places_in(
    stage: RequirementStage, keys: AbstractSet[str], barred: AbstractSet[str] = frozenset()
) -> frozenset[str]:
    """Return the places of a stage's seats that somebody with these references may take."""
    is_added = _is_added(stage, keys)
    return frozenset[str]().union(
        *(
            seat.places_for(keys, is_added=is_added)
            for seat in seats_of(stage)
            if not _leaves_out(seat, barred)
        )
    )


def _leaves_out(seat: Seat, keys: AbstractSet[str]) -> bool:
    return any(each.key in keys for each in seat.but)


def _is_added(stage: RequirementStage, keys: AbstractSet[str]) -> bool:
    """Whether somebody was added by escalation or as the fallback: they may fill any seat."""
    return any(reference_of(added).key in keys for added in stage.added)


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

    Separation of duties is asked of both, and neither is left out (domain page, section 5).
    """
    if not _is_free(stage, person, by):
        return frozenset()
    barred = keys_on(stage.request, by) if by else frozenset()
    return fitting_seats(stage, keys_on(stage.request, person), barred)


def places_for(
    stage: RequirementStage, person: Person, *, by: Person | None = None
) -> frozenset[str]:
    """As `seats_for`, with the places of the seats."""
    if not _is_free(stage, person, by):
        return frozenset()
    barred = keys_on(stage.request, by) if by else frozenset()
    return places_in(stage, keys_on(stage.request, person), barred)


def _is_free(stage: RequirementStage, person: Person, by: Person | None) -> bool:
    both = (person,) if by is None else (person, by)
    excluded = (is_excluded(stage.request, stage.requirement, one) for one in both)
    return bool(person.rights) and not any(excluded)


def _is_in_time(person: Person, stage: RequirementStage) -> bool:
    """Whether the person is here, or back before the stage ends.

    When a stage that waits will end is not known; it is looked at again once it is open.
    """
    until, deadline = person.away_until, stage.deadline_at
    return until is None or deadline is None or until < deadline
