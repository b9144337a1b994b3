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
    keys_on,
    load_board,
    seats_for,
)
from approvals.selectors.people import Person, load_people, load_person
from tenants.models import Membership

NOT_AN_APPROVER = "You are not an active approver here."
NO_RIGHT = "You have not been given the right to approve this kind of action."
AGENTS_SIDE = "You own this agent or it acts for you, and this rule separates those duties."
HAS_VOTED = "You have already voted on this request."


@dataclass(frozen=True)
class Word:
    """Whose approval a vote would be, in which seats; why it cannot be given, if it cannot.

    `by` is the stand-in who would give it; None: the person themselves.
    """

    person: Person
    seat_keys: frozenset[str]
    why: str = ""
    by: Person | None = None
    is_used_up: bool = False


@dataclass(frozen=True)
class Standing:
    """Whether one person may vote now, and if not, why, in words for that person.

    `words` are in whose names they may: their own first. `barred` are the others.
    """

    may_vote: bool
    why: str
    seat_keys: frozenset[str]
    words: tuple[Word, ...] = ()
    barred: tuple[Word, ...] = ()
    has_voted: bool = False

    @property
    def absentees(self) -> tuple[Person, ...]:
        """For whom the person may vote as stand-in."""
        return tuple(word.person for word in self.words if word.by)


def stage_candidates(
    stage: RequirementStage, *, voted: Set[UUID] | None = None
) -> list[Membership]:
    """Return who is to be asked to fill a seat of this stage: as `givers`.

    `voted` is whose word has been given. Two statements, one less when the caller knows it.
    """
    request = stage.request
    if not request.category_id:
        return []
    if voted is None:
        pairs = Vote.objects.filter(request=request, voided_at=None)
        found = pairs.values_list("member_id", "stands_for_id")
        voted = {ident for pair in found for ident in pair if ident}
    return asked_by(givers(stage, load_people(request.category_id), voted))


def giver_words(word: Word) -> str:
    """Return who can give an approval: "Bob", "Bob for Alice", "Alice (away)"."""
    if word.by is not None:
        return f"{word.by.name} for {word.person.name}"
    return f"{word.person.name} (away)" if word.person.away_until else word.person.name


def asked_by(words: Sequence[Word]) -> list[Membership]:
    """Return who is to be asked for these words, each once."""
    return list(
        {(one.by or one.person).member.pk: (one.by or one.person).member for one in words}.values()
    )


def givers(stage: RequirementStage, people: Sequence[Person], voted: Set[UUID]) -> list[Word]:
    """Return whose word could fill a seat of this stage, by whom: whoever is to be asked.

    Who is here for themselves; the stand-in of who is away; who is away only when nobody can
    stand in for them.
    """
    words, covered = [], set()
    for person in people:
        if person.member.pk in voted:
            continue
        for absentee in person.stands_for:
            seats = seats_for(stage, absentee, by=person)
            if seats and absentee.member.pk not in voted:
                words.append(Word(absentee, seats, by=person))
                covered.add(absentee.member.pk)
    for person in people:
        is_free = person.member.pk not in voted and person.member.pk not in covered
        if is_free and (seats := seats_for(stage, person)):
            words.append(Word(person, seats))
    order = {person.member.pk: place for place, person in enumerate(people)}
    return sorted(
        words, key=lambda word: (order[(word.by or word.person).member.pk], word.by is not None)
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
        return _used_up(board, person)
    own = _own_word(board, person)
    lent = [_lent_word(board, absentee, person) for absentee in person.stands_for]
    words = tuple(word for word in (own, *lent) if not word.why)
    barred = tuple(word for word in (own, *lent) if word.why)
    if words:
        return Standing(True, "", own.seat_keys, words, barred)
    # Who has no seat of their own is here for somebody else: that is the reason to tell.
    told = own if own.why == AGENTS_SIDE or not lent else lent[0]
    return Standing(False, told.why, frozenset(), (), barred, told.is_used_up)


def _used_up(board: Board, person: Person) -> Standing:
    pk = person.member.pk
    by = next((vote.member for vote in board.votes if vote.stands_for_id == pk), None)
    why = HAS_VOTED if by is None else f"{by.user.name} has voted on this request for you."
    return Standing(False, why, frozenset(), has_voted=True)


def _own_word(board: Board, person: Person) -> Word:
    if not person.rights:
        return Word(person, frozenset(), NO_RIGHT)
    if not _named_seats(board, person):
        reserved = describe_reserved(board)
        return Word(person, frozenset(), f"{reserved[0].upper()}{reserved[1:]}.")
    seat_keys = _open_to(board, person)
    return Word(person, seat_keys, "" if seat_keys else AGENTS_SIDE)


def _lent_word(board: Board, absentee: Person, by: Person) -> Word:
    """The word of somebody who is away, given by their stand-in: both have to be free to."""
    name, nothing = absentee.name, frozenset[str]()
    if board.has_voted(absentee.member.pk):
        why = f"The vote of {name} has been cast on this request; it counts once."
        return Word(absentee, nothing, why, by, is_used_up=True)
    if not absentee.rights:
        why = f"{name}, for whom you stand in, has no right to approve this kind of action."
        return Word(absentee, nothing, why, by)
    if not _named_seats(board, absentee):
        why = f"The open seats are not for {name}, for whom you stand in: {missing_on(board)}."
        return Word(absentee, nothing, why, by)
    seat_keys = _open_to(board, absentee, by=by)
    why = f"You or {name}, for whom you stand in, are on the agent's side, and a rule separates it."
    return Word(absentee, seat_keys, "" if seat_keys else why, by)


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


def seats_ahead(board: Board, word: Word) -> frozenset[str]:
    """Return the seats, of stages that are open or will be, that this word could fill.

    An approval that is cast early counts where it fits.
    """
    found = (seats_for(stage, word.person, by=word.by) for stage in board.stages)
    return frozenset[str]().union(*found)


def describe_reserved(board: Board) -> str:
    """Say to somebody who has no seat for whom the open ones are."""
    return f"the open seats are for others: {missing_on(board)}"


def _named_seats(board: Board, person: Person) -> frozenset[str]:
    """The open seats that mean this person, whether or not they may fill them."""
    keys = keys_on(board.request, person)
    found = (fitting_seats(stage, keys) for stage in board.open_stages)
    return frozenset[str]().union(*found)


def _open_to(board: Board, person: Person, *, by: Person | None = None) -> frozenset[str]:
    found = (seats_for(stage, person, by=by) for stage in board.open_stages)
    return frozenset[str]().union(*found)


def _refused(why: str) -> Standing:
    return Standing(False, why, frozenset())
