"""Asking again: how often, and at which instants a stage is escalated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from approvals.policies.durations import format_duration, parse_duration


@dataclass(frozen=True)
class Repeat:
    """Asking again, so many times, each so much later than the one before."""

    every: timedelta
    times: int

    def __post_init__(self) -> None:
        if self.every <= timedelta(0) or type(self.times) is not int or self.times < 1:
            raise ValueError("a repetition needs a time and a number of at least 1")

    def to_dict(self, *, days: bool = True) -> dict[str, object]:
        """As in the document: `{"every": "30m", "times": 3}`."""
        return {"every": format_duration(self.every, days=days), "times": self.times}

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Repeat:
        """Read what `to_dict` wrote. Raises ValueError."""
        return cls(parse_duration(str(data.get("every"))), cast("int", data.get("times")))


@dataclass(frozen=True)
class Step:
    """One instant at which a stage is escalated: for the first time (0), or the n-th again."""

    after: timedelta
    escalation: int
    repetition: int = 0
