"""The figures of a replay, added up as it goes, and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from approvals.policies.demands import Direction, Toll
from approvals.policies.rules import OUTCOMES, REQUIRE_APPROVAL, Outcome

Effect = Literal["tightens", "weakens", "both", "same", "unknown"]

DIRECTIONS: Final[tuple[Direction, ...]] = ("looser", "stricter", "other")
# Categories are made up by agents too: what comes after so many is counted together.
_CATEGORIES: Final = 500
_OTHERS: Final = "…"


@dataclass
class Load:
    """What is asked of people: requests and votes, by seat and by person, before and after."""

    requests: Counter[str] = field(default_factory=Counter)
    votes: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    shares: dict[str, float] = field(default_factory=dict)

    def add(self, toll: Toll, times: int) -> None:
        """Count what one demand costs, for so many requests."""
        for key, needed in toll.votes.items():
            self.requests[key] += times
            self.votes[key] += needed * times
        for person, share in toll.shares.items():
            self.asked[person] += times
            self.shares[person] = self.shares.get(person, 0.0) + share * times


@dataclass
class Figures:
    """What came of the requests so far. Bounded: by day, category, outcome, seat and person."""

    requests: int = 0
    moves: Counter[tuple[Outcome, Outcome]] = field(default_factory=Counter)
    directions: Counter[Direction] = field(default_factory=Counter)
    days: dict[date, list[int]] = field(default_factory=dict)
    categories: dict[str, Counter[str]] = field(default_factory=dict)
    impossible: int = 0
    impossible_before: int = 0
    reconstructed: int = 0
    looked_up_since: int = 0
    unknown_category: int = 0
    unreadable: int = 0
    # By identity: the replay hands out the same few, which are kept here.
    _tolls: dict[tuple[int, int], tuple[Toll, Toll, int]] = field(default_factory=dict)
    _before: Load = field(default_factory=Load)
    _after: Load = field(default_factory=Load)

    def count(
        self,
        day: date,
        category: str,
        before: Outcome,
        after: Outcome,
        direction: Direction | None,
    ) -> None:
        """Count one request."""
        self.requests += 1
        self.moves[before, after] += 1
        asked = self.days.get(day)
        if asked is None:
            asked = self.days.setdefault(day, [0, 0])
        asked[0] += before == REQUIRE_APPROVAL
        asked[1] += after == REQUIRE_APPROVAL
        found = self.categories.get(category)
        if found is None:
            name = category if len(self.categories) < _CATEGORIES else _OTHERS
            found = self.categories.setdefault(name, Counter())
        found["requests"] += 1
        if direction is not None:
            self.directions[direction] += 1
            found[direction] += 1

    def load(self, before: Toll, after: Toll) -> None:
        """Count what one request asks of people, before and after."""
        self.impossible_before += before.is_impossible
        self.impossible += after.is_impossible
        key = (id(before), id(after))
        known = self._tolls.get(key)
        self._tolls[key] = (before, after, known[2] + 1 if known else 1)
        if len(self._tolls) > _CATEGORIES * 20:
            self._settle()

    def _settle(self) -> None:
        for before, after, times in self._tolls.values():
            self._before.add(before, times)
            self._after.add(after, times)
        self._tolls.clear()

    def total(self, outcome: Outcome, *, after: bool) -> int:
        """How many requests had, or would have had, this outcome."""
        return sum(count for move, count in self.moves.items() if move[after] == outcome)

    @property
    def changed(self) -> int:
        """How many requests would have been decided otherwise or by other people."""
        return self.directions.total()

    @property
    def effect(self) -> Effect:
        """What the rules do beside the others, as far as these requests show it.

        The same outcome by other people is neither more nor less: then nothing is claimed.
        """
        looser, stricter, other = (self.directions[each] for each in DIRECTIONS)
        if not self.requests or (other and not looser):
            return "unknown"
        if looser:
            return "both" if stricter else "weakens"
        return "tightens" if stricter else "same"

    def to_dict(self) -> dict[str, object]:
        """The figures as JSON: whole numbers, and shares as decimal text."""
        self._settle()
        return {
            "requests": self.requests,
            "effect": self.effect,
            "before": {each: self.total(each, after=False) for each in OUTCOMES},
            "after": {each: self.total(each, after=True) for each in OUTCOMES},
            "changes": {each: self.directions[each] for each in DIRECTIONS} | {"all": self.changed},
            "moves": [
                {"before": before, "after": after, "requests": count}
                for (before, after), count in sorted(self.moves.items())
            ],
            "allowed_share": {
                "before": _share(self.total("allow", after=False), self.requests),
                "after": _share(self.total("allow", after=True), self.requests),
            },
            "days": [
                {"day": day.isoformat(), "before": asked[0], "after": asked[1]}
                for day, asked in sorted(self.days.items())
            ],
            "seats": _seats(self._before, self._after),
            "people": _people(self._before, self._after),
            "categories": _categories(self.categories),
            "impossible": {"before": self.impossible_before, "after": self.impossible},
            "reconstructed": self.reconstructed,
            "looked_up_since": self.looked_up_since,
            "unknown_category": self.unknown_category,
            "unreadable": self.unreadable,
        }


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.4f}" if whole else "0.0000"


def _seats(before: Load, after: Load) -> list[dict[str, object]]:
    keys = sorted({*before.votes, *after.votes}, key=lambda key: (-after.votes[key], key))
    return [
        {
            "seat": key,
            "requests": {"before": before.requests[key], "after": after.requests[key]},
            "votes": {"before": before.votes[key], "after": after.votes[key]},
        }
        for key in keys
    ]


def _people(before: Load, after: Load) -> list[dict[str, object]]:
    people = sorted({*before.asked, *after.asked}, key=lambda one: (-after.asked[one], one))
    return [
        {
            "person": person,
            "requests": {"before": before.asked[person], "after": after.asked[person]},
            "votes": {
                "before": f"{before.shares.get(person, 0.0):.1f}",
                "after": f"{after.shares.get(person, 0.0):.1f}",
            },
        }
        for person in people
    ]


def _categories(found: Mapping[str, Counter[str]]) -> list[dict[str, object]]:
    def most_changed(item: tuple[str, Counter[str]]) -> tuple[int, str]:
        return -sum(item[1][each] for each in DIRECTIONS), item[0]

    return [
        {"category": key, "requests": counts["requests"]}
        | {each: counts[each] for each in DIRECTIONS}
        for key, counts in sorted(found.items(), key=most_changed)
    ]
