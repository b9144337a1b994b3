"""Who fills which seat: maximum bipartite matching of people to seats.

Votes may arrive in any order and people may belong to several groups; the matching is made anew
from all of them, so that the order never matters and one person never fills two seats (domain
page, section 5). The same function answers whether a quorum can be reached at all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Generic, TypeVar

from approvals.policies.describing import name_reference
from approvals.policies.flows import Seat

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

    `candidates` says for each voter which seat keys (`Seat.key`) they may fill. Seats with the
    same key are added up. The result depends only on the seats and on who the voters are.
    """
    needed: dict[str, Seat] = {}
    for seat in seats:
        former = needed.get(seat.key)
        count = seat.count + (former.count if former else 0)
        needed[seat.key] = Seat(seat.kind, seat.ref, count)
    voters = sorted(candidates, key=str)
    eligible = {key: [voter for voter in voters if key in candidates[voter]] for key in needed}
    table = _Table(eligible)
    missing = []
    for key, seat in needed.items():
        filled = 0
        while filled < seat.count and table.fill_one(key):
            filled += 1
        if filled < seat.count:
            missing.append(Seat(seat.kind, seat.ref, seat.count - filled))
    return Matching(tuple(needed.values()), table.seated, tuple(missing))


class _Table(Generic[VoterId]):
    """Seats voters along shortest augmenting paths; a seat once filled stays filled."""

    def __init__(self, eligible: Mapping[str, Sequence[VoterId]]) -> None:
        self._eligible = eligible
        self.seated: dict[VoterId, str] = {}

    def fill_one(self, key: str) -> bool:
        """Fill one more seat of this key, moving others to seats that they fit as well."""
        came_from: dict[VoterId, str] = {}
        freed_by: dict[str, VoterId] = {}
        queue = deque([key])
        while queue:
            current = queue.popleft()
            for voter in self._eligible[current]:
                if voter in came_from:
                    continue
                came_from[voter] = current
                occupied = self.seated.get(voter)
                if occupied is None:
                    self._move(voter, key, came_from, freed_by)
                    return True
                if occupied != key and occupied not in freed_by:
                    freed_by[occupied] = voter
                    queue.append(occupied)
        return False

    def _move(
        self,
        voter: VoterId,
        target: str,
        came_from: Mapping[VoterId, str],
        freed_by: Mapping[str, VoterId],
    ) -> None:
        """Seat the free voter and pass each freed seat on until `target` has gained one."""
        while True:
            gained = came_from[voter]
            self.seated[voter] = gained
            if gained == target:
                return
            voter = freed_by[gained]


def describe_missing(matching: Matching[VoterId]) -> str:
    """ "1 more from Finance, 1 from Risk"; empty when every seat is filled."""
    filled = set(matching.seated.values())
    parts = []
    for seat in matching.missing:
        if seat.kind == "person":
            parts.append(seat.ref)
            continue
        more = " more" if seat.key in filled else ""
        joint = "from" if seat.kind == "group" else "with"
        parts.append(f"{seat.count}{more} {joint} {name_reference(seat)}")
    return ", ".join(parts)
