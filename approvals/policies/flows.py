"""Flows: which people must agree, in which stages, and by when.

A flow is frozen as JSON into every request it governs (domain page, section 4), so each type
here goes to a plain dict and back. The constructors refuse what could be "complete" with
nobody's approval: there is no path from "no stages" or "no seats" to approved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from approvals.policies.durations import format_duration, parse_duration
from approvals.policies.seats import Reference, Seat


def _entries(data: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    entries = data.get(key, [])
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        raise ValueError(f"{key} must be a list")  # noqa: TRY004 - one error type for bad data
    return [cast("Mapping[str, object]", entry) for entry in entries]


def _duration(value: object) -> timedelta:
    return parse_duration(str(value))


@dataclass(frozen=True)
class Escalation:
    """People who join `after` the stage opened. Adds, never removes, never lowers the quorum."""

    after: timedelta
    add: tuple[Reference, ...]

    def to_dict(self) -> dict[str, object]:
        """As in the document."""
        return {
            "after": format_duration(self.after),
            "add": [reference.to_dict() for reference in self.add],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Escalation:
        """Read what `to_dict` wrote. Raises ValueError."""
        added = tuple(Reference.from_dict(each) for each in _entries(data, "add"))
        return cls(_duration(data.get("after")), added)


@dataclass(frozen=True)
class Stage:
    """Seats that are open together. All durations count from the moment the stage opens."""

    name: str
    seats: tuple[Seat, ...]
    deadline: timedelta
    reminders: tuple[timedelta, ...] = ()
    escalations: tuple[Escalation, ...] = ()

    def __post_init__(self) -> None:
        if not self.seats:
            raise ValueError("a stage needs at least one seat")
        if self.deadline <= timedelta(0):
            raise ValueError("a stage needs a deadline")

    def to_dict(self) -> dict[str, object]:
        """As in the document; empty lists are left out."""
        data: dict[str, object] = {
            "name": self.name,
            "seats": [seat.to_dict() for seat in self.seats],
            "deadline": format_duration(self.deadline),
        }
        if self.reminders:
            data["reminders"] = [format_duration(each) for each in self.reminders]
        if self.escalations:
            data["escalations"] = [each.to_dict() for each in self.escalations]
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Stage:
        """Read what `to_dict` wrote. Raises ValueError."""
        reminders = data.get("reminders", [])
        return cls(
            name=str(data.get("name", "")),
            seats=tuple(Seat.from_dict(each) for each in _entries(data, "seats")),
            deadline=_duration(data.get("deadline")),
            reminders=tuple(_duration(each) for each in cast("list[object]", reminders)),
            escalations=tuple(Escalation.from_dict(each) for each in _entries(data, "escalations")),
        )


@dataclass(frozen=True)
class Flow:
    """A named sequence of stages; each opens when the one before it is complete."""

    name: str
    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        if not self.stages:
            raise ValueError("a flow needs at least one stage")

    @property
    def seats(self) -> tuple[Seat, ...]:
        """The seats of all stages: within one requirement a person fills only one of them."""
        return tuple(seat for stage in self.stages for seat in stage.seats)

    @property
    def asks_manager(self) -> bool:
        """Whether who fits its seats depends on the agent: on the manager of its owner."""
        return any(each.kind == "manager" for seat in self.seats for each in seat.named)

    def to_dict(self) -> dict[str, object]:
        """The whole flow with its name, as it is frozen into a request."""
        return {"name": self.name, "stages": [stage.to_dict() for stage in self.stages]}

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Flow:
        """Read what `to_dict` wrote. Raises ValueError."""
        stages = tuple(Stage.from_dict(each) for each in _entries(data, "stages"))
        return cls(str(data.get("name", "")), stages)
