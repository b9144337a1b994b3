"""Seating people along shortest augmenting paths: a maximum flow in a network of three layers.

From a person to the places that they may take, from a place to its seat. Each place has room for
so many people, each person has one place. A seat once filled stays filled, by whomever.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable, Mapping, Sequence
from typing import Generic, TypeVar

VoterId = TypeVar("VoterId", bound=Hashable)
Place = tuple[int, str]  # a seat, by its number, and one of its places


class Table(Generic[VoterId]):
    """Who has which place. `rooms` says for each place how many people have room in it."""

    def __init__(
        self, rooms: Mapping[Place, int], eligible: Mapping[Place, Sequence[VoterId]]
    ) -> None:
        self._rooms = rooms
        self._eligible = eligible
        self._taken: Counter[Place] = Counter()
        self._places: dict[int, list[Place]] = {}
        for place in rooms:
            self._places.setdefault(place[0], []).append(place)
        self.seated: dict[VoterId, Place] = {}

    def fill(self, seat: int, count: int) -> int:
        """Seat up to `count` more people in a seat, and return how many it lacks."""
        filled = 0
        while filled < count and self._fill_one(seat):
            filled += 1
        return count - filled

    def _fill_one(self, seat: int) -> bool:
        """Fill one more place of the seat, moving others to places that they may take as well."""
        came_from: dict[VoterId, Place] = {}  # where each person on the way would go
        freed_by: dict[Place, VoterId] = {}  # whose leaving each place on the way makes up for
        queue = deque(self._with_room(seat))
        seen = set(queue)
        while queue:
            place = queue.popleft()
            for voter in self._eligible[place]:
                left = self.seated.get(voter)
                if voter in came_from or left == place:
                    continue
                came_from[voter] = place
                if left is None:
                    self._move(voter, came_from, freed_by)
                    return True
                # The seat that is left needs somebody else: there, or where it has room.
                for other in (left, *self._with_room(left[0])):
                    if other not in seen:
                        seen.add(other)
                        freed_by[other] = voter
                        queue.append(other)
        return False

    def _with_room(self, seat: int) -> list[Place]:
        return [each for each in self._places[seat] if self._taken[each] < self._rooms[each]]

    def _move(
        self,
        voter: VoterId,
        came_from: Mapping[VoterId, Place],
        freed_by: Mapping[Place, VoterId],
    ) -> None:
        """Seat the free person, and everybody on the way where they would go."""
        while True:
            place, left = came_from[voter], self.seated.get(voter)
            self.seated[voter] = place
            self._taken[place] += 1
            if left is not None:
                self._taken[left] -= 1
            if place not in freed_by:
                return
            voter = freed_by[place]
