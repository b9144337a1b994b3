"""Times away in words, as a person would say them: "3 to 14 December 2026"."""

from datetime import datetime, time, timedelta, tzinfo

_MIDNIGHT = time()


def span_in_words(starts_at: datetime, ends_at: datetime, zone: tzinfo) -> str:
    """Return when something is in local time; the end does not belong to it.

    Whole days are said as days: until midnight is the day before.
    """
    start, end = starts_at.astimezone(zone), ends_at.astimezone(zone)
    if start.time() == _MIDNIGHT and end.time() == _MIDNIGHT:
        return _days(start, end - timedelta(days=1))
    if start.date() == end.date():
        return f"{_day(start)}, {start:%H:%M} to {end:%H:%M}"
    return f"{_day(start)}, {start:%H:%M} to {_day(end)}, {end:%H:%M}"


def until_in_words(ends_at: datetime, zone: tzinfo) -> str:
    """Return the last day of it, or the day and time: "14 December 2026"."""
    end = ends_at.astimezone(zone)
    if end.time() == _MIDNIGHT:
        return _day(end - timedelta(days=1))
    return f"{_day(end)}, {end:%H:%M}"


def _days(first: datetime, last: datetime) -> str:
    if first.date() == last.date():
        return _day(first)
    if first.year != last.year:
        return f"{_day(first)} to {_day(last)}"
    if first.month != last.month:
        return f"{first.day} {first:%B} to {_day(last)}"
    return f"{first.day} to {_day(last)}"


def _day(day: datetime) -> str:
    return f"{day.day} {day:%B %Y}"
