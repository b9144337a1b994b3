"""Six weeks of absences as bars, one line for each person: what the strip on the page draws."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from tenants.models import Absence, Membership
from tenants.spans import span_in_words

WEEKS: Final = 6
_DAY_WIDTH: Final = 10


@dataclass(frozen=True)
class Bar:
    """One absence: where it begins and how long it is, in points."""

    x: float
    width: float
    has_stand_in: bool


@dataclass
class Line:
    """One person, with their bars and the same in words."""

    member: Membership
    bars: list[Bar] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Strip:
    """The whole picture; `weekends` and `weeks` are places in points."""

    lines: list[Line]
    width: int
    weekends: list[int]
    weeks: list[tuple[int, datetime]]


def draw_strip(absences: Iterable[Absence], *, now: datetime, zone: ZoneInfo) -> Strip:
    """Return the absences from this Monday on, by person in the order in which they come."""
    today = now.astimezone(zone)
    first = datetime.combine(today.date() - timedelta(days=today.weekday()), time(), tzinfo=zone)
    days = 7 * WEEKS
    lines: dict[object, Line] = {}
    for absence in absences:
        start = _place(absence.starts_at, first, zone)
        end = min(_place(absence.ends_at, first, zone), float(days))
        start = max(start, 0.0)
        if end <= start:
            continue
        line = lines.setdefault(absence.member_id, Line(absence.member))
        bar = Bar(
            round(start * _DAY_WIDTH, 1),
            round(max(end - start, 0.3) * _DAY_WIDTH, 1),
            absence.stand_in_id is not None,
        )
        line.bars.append(bar)
        by = f", {absence.stand_in.user.name} stands in" if absence.stand_in else ""
        line.words.append(f"{span_in_words(absence.starts_at, absence.ends_at, zone)}{by}")
    return Strip(
        lines=list(lines.values()),
        width=days * _DAY_WIDTH,
        weekends=[(7 * week + 5) * _DAY_WIDTH for week in range(WEEKS)],
        weeks=[(7 * week * _DAY_WIDTH, first + timedelta(weeks=week)) for week in range(WEEKS)],
    )


def _place(instant: datetime, first: datetime, zone: ZoneInfo) -> float:
    """How many local days after the first: a day is a day, however many hours it has."""
    local = instant.astimezone(zone)
    midnight = datetime.combine(local.date(), time(), tzinfo=zone)
    day = (local.date() - first.date()).days
    return day + (local - midnight).total_seconds() / 86_400
