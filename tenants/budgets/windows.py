"""The window that an instant lies in: this hour, day, week or month where the tenant is.

A day that has 23 or 25 hours is one day. An hour that occurs twice is two, unless it is only half
an hour that does: then both belong to the hour as the clock shows it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

RUN: Final = "run"
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
# The finest step that any zone's offset has had since zones are kept by the hour.
_STEP: Final = timedelta(minutes=15)


@dataclass(frozen=True)
class Window:
    """From an instant on, until another one that is not part of it; None: it does not end."""

    starts_at: datetime
    ends_at: datetime | None


def window_of(period: str, at: datetime, zone: tzinfo) -> Window:
    """Return the window of `period` (one of `PERIODS`) that `at` lies in, in UTC.

    A run has one window, for as long as it lasts. Raises `ValueError` for another period.
    """
    if period == RUN:
        return Window(_BEGINNING, None)
    if period == "hour":
        return _hour(at, zone)
    begin = _FIRST_DAYS.get(period)
    if begin is None:
        raise ValueError(f"There is no period {period}.")
    first, following = begin(at.astimezone(zone))
    return Window(_midnight(first, zone), _midnight(following, zone))


def _hour(at: datetime, zone: tzinfo) -> Window:
    start = _hour_start(at, zone)
    end = start + timedelta(hours=1)
    while _hour_start(end, zone) == start:  # part of the hour occurs twice
        end += _STEP
    # Part of the hour is passed over: it ends where the next one begins.
    while _hour_start(end - _STEP, zone) != start:
        end -= _STEP
    return Window(start, end)


def _hour_start(at: datetime, zone: tzinfo) -> datetime:
    # `fold` is kept, so that 02:00 and 02:00 again are two hours.
    return at.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)


def _midnight(day: datetime, zone: tzinfo) -> datetime:
    """Return when a day begins; where midnight is passed over, when the day is first there."""
    return datetime.combine(day.date(), time(), zone).astimezone(UTC)


def _day(local: datetime) -> tuple[datetime, datetime]:
    return local, local + timedelta(days=1)


def _week(local: datetime) -> tuple[datetime, datetime]:
    monday = local - timedelta(days=local.weekday())
    return monday, monday + timedelta(days=7)


def _month(local: datetime) -> tuple[datetime, datetime]:
    first = local.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1)


_FIRST_DAYS: Final[dict[str, Callable[[datetime], tuple[datetime, datetime]]]] = {
    "day": _day,
    "week": _week,
    "month": _month,
}
PERIODS: Final = (RUN, "hour", *_FIRST_DAYS)
