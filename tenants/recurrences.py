"""Repeating events (RFC 5545, RRULE), as far as absences repeat. Pure and bounded.

Every day, every week on some weekdays, the same day of every month or year, each with an
interval and an end. Everything else is refused in words: an absence that was guessed would lend
somebody's word to somebody else.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

MOST_OCCURRENCES: Final = 100
_OLDEST: Final = timedelta(days=10 * 366)
_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_KNOWN: Final = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST", "BYMONTHDAY", "BYMONTH"}
_ENDLESS: Final = "repeats without an end; give it one in your calendar."
_UNKNOWN: Final = "repeats in a way that is not understood; enter it by hand."
_MANY: Final = f"repeats more than {MOST_OCCURRENCES} times."
_OLD: Final = "has been repeating for more than ten years; enter it by hand."


class RecurrenceRefused(ValueError):
    """Why a repetition is not taken, as the end of a sentence about the event."""


@dataclass(frozen=True)
class Recurrence:
    """When something repeats, in the local time of its start."""

    frequency: str
    interval: int
    count: int | None
    until: date | None
    weekdays: frozenset[int]

    def between(self, start: date, since: datetime, horizon: datetime) -> Iterator[date]:
        """Yield each occurrence of an event that begins at `start`, from `since` to the horizon.

        Raises `RecurrenceRefused` where there are too many.
        """
        yielded = 0
        if horizon.date() - _day(start) > _OLDEST:
            raise RecurrenceRefused(_OLD)
        for number, each in enumerate(self._all(start, horizon)):
            if number == self.count or (self.until is not None and _after(each, self.until)):
                return
            if _day(each) < since.date():
                continue
            if yielded == MOST_OCCURRENCES:
                raise RecurrenceRefused(_MANY)
            yielded += 1
            yield each

    def _all(self, start: date, horizon: datetime) -> Iterator[date]:
        day = _day(start)
        week = day - timedelta(days=day.weekday())
        while day <= horizon.date():
            if self._holds(_day(start), day, week):
                yield start + (day - _day(start))
            day += timedelta(days=1)

    def _holds(self, first: date, day: date, first_week: date) -> bool:
        match self.frequency:
            case "DAILY":
                return not (day - first).days % self.interval
            case "WEEKLY":
                weeks = (day - first_week).days // 7
                days = self.weekdays or frozenset({first.weekday()})
                return not weeks % self.interval and day.weekday() in days
            case "MONTHLY":
                months = (day.year - first.year) * 12 + day.month - first.month
                return day.day == first.day and not months % self.interval
            case _:
                same = (day.month, day.day) == (first.month, first.day)
                return same and not (day.year - first.year) % self.interval


def read_recurrence(rule: Mapping[str, Any], start: date) -> Recurrence:
    """Return the rule of an event that begins at `start`. Raises `RecurrenceRefused`."""
    given = {str(key).upper(): _listed(value) for key, value in rule.items()}
    if set(given) - _KNOWN or any(len(given.get(key, ())) > 1 for key in ("FREQ", "INTERVAL")):
        raise RecurrenceRefused(_UNKNOWN)
    frequency = str(given["FREQ"][0]).upper() if given.get("FREQ") else ""
    interval = int(given["INTERVAL"][0]) if given.get("INTERVAL") else 1
    if frequency not in _FREQUENCIES or interval < 1:
        raise RecurrenceRefused(_UNKNOWN)
    days = [str(each).upper() for each in given.get("BYDAY", [])]
    is_weekly = frequency == "WEEKLY"
    if (days and not is_weekly) or not set(days) <= set(_DAYS):
        raise RecurrenceRefused(_UNKNOWN)
    # When a week begins matters only to every second week and rarer.
    if interval > 1 and str(given.get("WKST", ["MO"])[0]).upper() != "MO":
        raise RecurrenceRefused(_UNKNOWN)
    _check_same_day(given, frequency, start)
    count = int(given["COUNT"][0]) if given.get("COUNT") else None
    until = given["UNTIL"][0] if given.get("UNTIL") else None
    if count is None and until is None:
        raise RecurrenceRefused(_ENDLESS)
    weekdays = frozenset(_DAYS.index(each) for each in days)
    return Recurrence(frequency, interval, count, _local(until, start), weekdays)


def _check_same_day(given: Mapping[str, list[Any]], frequency: str, start: date) -> None:
    """The day and month may be said again; another one than the start's is not understood."""
    days = [int(each) for each in given.get("BYMONTHDAY", [])]
    months = [int(each) for each in given.get("BYMONTH", [])]
    if (days and (frequency not in ("MONTHLY", "YEARLY") or days != [start.day])) or (
        months and (frequency != "YEARLY" or months != [start.month])
    ):
        raise RecurrenceRefused(_UNKNOWN)


def _local(until: date | None, start: date) -> date | None:
    """The end in the terms of the start: an instant of UTC becomes one of its zone."""
    if isinstance(until, datetime):
        zone = start.tzinfo if isinstance(start, datetime) else None
        if until.tzinfo is not None and zone is not None:
            return until.astimezone(zone)
        return until.replace(tzinfo=None) if zone is None else until.replace(tzinfo=zone)
    return until


def _after(each: date, until: date) -> bool:
    if isinstance(each, datetime) and isinstance(until, datetime):
        aware = each.tzinfo is not None and until.tzinfo is not None
        return (
            each.astimezone(UTC) > until.astimezone(UTC)
            if aware
            else each.replace(tzinfo=None) > until.replace(tzinfo=None)
        )
    return _day(each) > _day(until)


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
