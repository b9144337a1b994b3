"""What a request demands of people, as values that two policies can be compared by.

A demand is every flow that has to be completed for one request, without names, deadlines and
wording: only who has to agree. Whether another demand asks for less is decided seat by seat.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal

from approvals.policies.covering_seats import find_unfilled
from approvals.policies.flows import Flow
from approvals.policies.matching import find_candidates, seat_voters
from approvals.policies.seats import Reference, Seat

Direction = Literal["looser", "stricter", "other"]


@dataclass(frozen=True)
class Ask:
    """The seats of one flow, and whether the agent's side is kept out of them."""

    seats: tuple[Seat, ...]
    separated: bool

    @property
    def votes(self) -> Counter[str]:
        """How many votes each seat key needs."""
        needed: Counter[str] = Counter()
        for seat in self.seats:
            needed[seat.key] += seat.count
        return needed

    def asks_no_more_than(self, other: Ask) -> bool:
        """Whether whatever completes `other` completes this as well."""
        is_filled = not find_unfilled(self.seats, other.seats)
        return is_filled and (other.separated or not self.separated)


@dataclass(frozen=True)
class Demand:
    """Everything that is asked of people for one request. Compared and hashed often."""

    asks: frozenset[Ask] = frozenset()
    step_up: bool = False
    login: bool = False
    delay: timedelta | None = None
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        # A replay looks the same few demands up for every request.
        known = hash((self.asks, self.step_up, self.login, self.delay))
        object.__setattr__(self, "_hash", known)

    def __hash__(self) -> int:
        return self._hash

    def asks_no_more_than(self, other: Demand) -> bool:
        """Whether a request that satisfies `other` would satisfy this one too."""
        return (
            all(any(mine.asks_no_more_than(its) for its in other.asks) for mine in self.asks)
            and (other.step_up or not self.step_up)
            and (other.login or not self.login)
            and (self.delay or timedelta(0)) <= (other.delay or timedelta(0))
        )


NOTHING_ASKED: Final = Demand()


def ask_of(flow: Flow, *, separated: bool) -> Ask:
    """The seats of a flow in an order of their own, so that equal ones are equal."""
    seats = sorted(flow.seats, key=lambda seat: (seat.key, seat.count))
    return Ask(tuple(seats), separated)


def compare_demands(before: Demand, after: Demand) -> Direction | None:
    """How `after` differs in whom it asks; None when it asks the same of the same people."""
    if before == after:
        return None
    less, more = after.asks_no_more_than(before), before.asks_no_more_than(after)
    if less and more:
        return None
    if less:
        return "looser"
    return "stricter" if more else "other"


@dataclass(frozen=True)
class Toll:
    """What one demand costs people: votes by group or other seat, shares by person."""

    votes: Mapping[str, int]  # seat key → votes that are needed from it
    shares: Mapping[str, float]  # person → votes, when the people of a seat share them evenly
    is_impossible: bool


NO_TOLL: Final = Toll({}, {}, is_impossible=False)


@dataclass(frozen=True)
class Crowd:
    """The people who may vote now, by lower-case e-mail address.

    `holders` says who has the right on each category; without an entry nobody has it.
    """

    groups: Mapping[str, AbstractSet[str]]
    roles: Mapping[str, AbstractSet[str]]
    people: AbstractSet[str]
    holders: Mapping[str, AbstractSet[str]]

    def behind(
        self, reference: Reference, category: str, managers: AbstractSet[str]
    ) -> AbstractSet[str]:
        """The people whom a name means, for a request of this category and these managers."""
        if reference.kind == "group":
            return self.groups.get(reference.ref, frozenset())
        if reference.kind == "role":
            return self.roles.get(reference.ref, frozenset())
        if reference.kind == "manager":
            return self.people & managers
        if reference.kind == "anyone":
            return self.people & self.holders.get(category, frozenset())
        return self.people & {reference.ref.lower()}

    def toll(
        self,
        demand: Demand,
        category: str,
        side: AbstractSet[str],
        managers: AbstractSet[str] = frozenset(),
    ) -> Toll:
        """What the demand would ask of whom, for a request of this category and agent's side.

        `managers` are those of the agent's owner. One vote counts in every flow that it fits, so
        of several flows the one that asks most of a seat says how many votes that seat needs.
        """
        votes: Counter[str] = Counter()
        able: dict[str, AbstractSet[str]] = {}
        is_impossible = False
        for ask in demand.asks:
            may = self.people & self.holders.get(category, frozenset())
            if ask.separated:
                may = may - side
            found = find_candidates(ask.seats, lambda each: self.behind(each, category, managers))
            candidates = {who: places for who, places in found.items() if who in may}
            is_impossible |= not seat_voters(ask.seats, candidates).is_complete
            votes |= ask.votes
            for seat in ask.seats:
                fits = {who for who, places in candidates.items() if places & seat.places.keys()}
                able[seat.key] = able.get(seat.key, frozenset()) | fits
        return Toll(dict(votes), _shares(votes, able), is_impossible)


def _shares(votes: Mapping[str, int], able: Mapping[str, AbstractSet[str]]) -> dict[str, float]:
    shares: dict[str, float] = {}
    for key, needed in votes.items():
        for person in able[key]:
            shares[person] = shares.get(person, 0.0) + min(needed / len(able[key]), 1.0)
    return shares
