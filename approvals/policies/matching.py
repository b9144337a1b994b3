"""Who fills which seat: a largest assignment of people to the places of seats.

Votes may arrive in any order and people may belong to several groups; the assignment is made anew
from all of them, so that the order never matters and one person never fills two seats (domain
page, section 5). The same function answers whether a quorum can be reached at all.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from approvals.policies.describing import name_seat
from approvals.policies.filling import Place, Table
from approvals.policies.seats import Reference, Seat

VoterId = TypeVar("VoterId", bound=Hashable)


@dataclass(frozen=True)
class Matching(Generic[VoterId]):
    """A largest possible assignment.

    `seated` says which seat key each seated voter fills; `missing` holds the seats still empty,
    each with the number of people that it lacks, in the order of the seats given.
    """

    seats: tuple[Seat, ...]
    seated: Mapping[VoterId, str]
    missing: tuple[Seat, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every seat is filled; never true without seats."""
        return bool(self.seats) and not self.missing


def seat_voters(
    seats: Sequence[Seat], candidates: Mapping[VoterId, AbstractSet[str]]
) -> Matching[VoterId]:
    """Seat as many voters as possible, one seat each.

    `candidates` says for each voter which places (`Seat.places_for`) they may take. Seats with
    the same key are added up. The result depends only on the seats and on who the voters are.
    """
    return seat_stages([seats], [candidates])[0]


def seat_stages(
    stages: Sequence[Sequence[Seat]],
    candidates: Sequence[Mapping[VoterId, AbstractSet[str]]],
) -> list[Matching[VoterId]]:
    """Seat voters in several stages at once: one matching for each, one seat for a person in all.

    `candidates` holds for each stage who may take which of its places. The seats of earlier
    stages are filled first, by those whom the later ones can best do without.
    """
    merged = [_merge(seats) for seats in stages]
    seats = [(stage, seat) for stage, found in enumerate(merged) for seat in found]
    rooms: dict[Place, int] = {}
    eligible: dict[Place, list[VoterId]] = {}
    for index, (stage, seat) in enumerate(seats):
        fits = candidates[stage]
        for place, room in seat.places.items():
            rooms[index, place] = room
            eligible[index, place] = sorted(
                (voter for voter, places in fits.items() if place in places), key=str
            )
    table = Table(rooms, eligible)
    lacks = [table.fill(index, seat.count) for index, (_, seat) in enumerate(seats)]
    return [
        Matching(
            found,
            {
                voter: seats[index][1].key
                for voter, (index, _) in table.seated.items()
                if seats[index][0] == stage
            },
            tuple(
                replace(seat, count=lack)
                for (its, seat), lack in zip(seats, lacks, strict=True)
                if lack and its == stage
            ),
        )
        for stage, found in enumerate(merged)
    ]


def find_candidates(
    seats: Sequence[Seat], behind: Callable[[Reference], Iterable[VoterId]]
) -> dict[VoterId, frozenset[str]]:
    """Who may take which places of these seats, from who is `behind` each name."""
    keys: dict[VoterId, set[str]] = {}
    for reference in {each for seat in seats for each in seat.named}:
        for voter in behind(reference):
            keys.setdefault(voter, set()).add(reference.key)
    return {
        voter: frozenset().union(*(seat.places_for(known) for seat in seats))
        for voter, known in keys.items()
    }


def _merge(seats: Sequence[Seat]) -> tuple[Seat, ...]:
    """The seats with those of one key added up.

    Two that ask for different groups stay apart: what is different in one may recur in the other.
    """
    merged: dict[object, Seat] = {}
    for index, seat in enumerate(seats):
        key = index if seat.kind == "groups" else seat.key
        former = merged.get(key)
        merged[key] = replace(seat, count=former.count + seat.count) if former else seat
    return tuple(merged.values())


def describe_missing(matching: Matching[VoterId]) -> str:
    """ "1 more from Finance, 1 from Risk"; empty when every seat is filled."""
    filled = set(matching.seated.values())
    return ", ".join(name_seat(seat, is_more=seat.key in filled) for seat in matching.missing)
