"""Flows: which people must agree, in which stages, and by when.

A flow is frozen as JSON into every request it governs (domain page, section 4), so each type
here goes to a plain dict and back. The constructors refuse what could be "complete" with
nobody's approval: there is no path from "no stages" or "no seats" to approved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, cast

from approvals.policies.durations import format_duration, parse_duration
from approvals.policies.repeats import Repeat, Step
from approvals.policies.seats import Reference, Seat

Counting = Literal["all_hours", "business_hours"]
ALL_HOURS: Final[Counting] = "all_hours"
BUSINESS_HOURS: Final[Counting] = "business_hours"
COUNTINGS: Final[tuple[Counting, ...]] = (ALL_HOURS, BUSINESS_HOURS)
_NO: Final = timedelta(0)


def _entries(data: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    entries = data.get(key, [])
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        raise ValueError(f"{key} must be a list")  # noqa: TRY004 - one error type for bad data
    return [cast("Mapping[str, object]", entry) for entry in entries]


def _duration(value: object) -> timedelta:
    return parse_duration(str(value))


@dataclass(frozen=True)
class Escalation:
    """People who join `after` the stage opened. Adds, never removes, never lowers the quorum.

    With `repeat` the same people are asked again, a bounded number of times. With `hand_over`
    reminders and repetitions go, from then on, to those who were added; whoever was there before
    keeps the seat and may vote.
    """

    after: timedelta
    add: tuple[Reference, ...]
    repeat: Repeat | None = None
    hand_over: bool = False

    @property
    def last(self) -> timedelta:
        """When it has been repeated for the last time."""
        return self.after + (self.repeat.every * self.repeat.times if self.repeat else timedelta(0))

    def to_dict(self, *, days: bool = True) -> dict[str, object]:
        """As in the document; what is not asked for is left out."""
        data: dict[str, object] = {
            "after": format_duration(self.after, days=days),
            "add": [reference.to_dict() for reference in self.add],
        }
        if self.repeat is not None:
            data["repeat"] = self.repeat.to_dict(days=days)
        if self.hand_over:
            data["hand_over"] = True
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Escalation:
        """Read what `to_dict` wrote. Raises ValueError."""
        added = tuple(Reference.from_dict(each) for each in _entries(data, "add"))
        repeat = cast("Mapping[str, object] | None", data.get("repeat"))
        return cls(
            _duration(data.get("after")),
            added,
            None if repeat is None else Repeat.from_dict(repeat),
            data.get("hand_over") is True,
        )


@dataclass(frozen=True)
class Stage:
    """Seats that are open together. All durations count from the moment the stage opens.

    With `counting` business_hours they count only while the tenant's office is open.
    """

    name: str
    seats: tuple[Seat, ...]
    deadline: timedelta
    reminders: tuple[timedelta, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    counting: Counting = ALL_HOURS

    def __post_init__(self) -> None:
        if not self.seats:
            raise ValueError("a stage needs at least one seat")
        if self.deadline <= timedelta(0):
            raise ValueError("a stage needs a deadline")
        if self.counting not in COUNTINGS:
            raise ValueError("a stage counts all_hours or business_hours")

    @property
    def counts_business_hours(self) -> bool:
        return self.counting == BUSINESS_HOURS

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every escalation with its repetitions, in order; a timer's level is the place here."""
        return tuple(
            Step(
                escalation.after + (escalation.repeat.every * again if escalation.repeat else _NO),
                number,
                again,
            )
            for number, escalation in enumerate(self.escalations)
            for again in range(1 + (escalation.repeat.times if escalation.repeat else 0))
        )

    def handed_over(self, after: timedelta) -> int | None:
        """Which escalation took the reminders over, so long after the opening; None for none."""
        return max(
            (
                number
                for number, escalation in enumerate(self.escalations)
                if escalation.hand_over and escalation.after <= after
            ),
            default=None,
        )

    def to_dict(self) -> dict[str, object]:
        """As in the document; empty lists are left out.

        Where business hours count, nothing is written in days: those have no fixed length there.
        """
        days = not self.counts_business_hours
        data: dict[str, object] = {
            "name": self.name,
            "seats": [seat.to_dict() for seat in self.seats],
            "deadline": format_duration(self.deadline, days=days),
        }
        if self.counts_business_hours:
            data["counting"] = self.counting
        if self.reminders:
            data["reminders"] = [format_duration(each, days=days) for each in self.reminders]
        if self.escalations:
            data["escalations"] = [each.to_dict(days=days) for each in self.escalations]
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
            counting=cast("Counting", data.get("counting", ALL_HOURS)),
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
