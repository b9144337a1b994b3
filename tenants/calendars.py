"""Times away out of a calendar file (iCalendar, RFC 5545). Pure: reads no clock and no database.

Of a calendar only times are used. Titles are shown to whoever brought it and never kept: what
somebody does while away is nobody's business here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from icalendar import Calendar

from tenants.recurrences import Recurrence, RecurrenceRefused, read_recurrence

LARGEST_FILE: Final = 256 * 1024  # bytes
MOST_EVENTS: Final = 1_000
MOST_FOUND: Final = 200
LONGEST: Final = timedelta(days=366)
_TITLE: Final = 120
_LONG: Final = timedelta(hours=4)


class CalendarRefused(ValueError):
    """The file cannot be used; says why in words."""


@dataclass(frozen=True)
class CalendarEntry:
    """One time in a calendar: half-open, in UTC. `is_likely`: it looks like an absence."""

    uid: str
    title: str
    starts_at: datetime
    ends_at: datetime
    is_likely: bool

    @property
    def key(self) -> str:
        """What tells it from the other entries of the same file."""
        return f"{self.starts_at:%Y%m%dT%H%M%SZ}/{self.uid}"


@dataclass(frozen=True)
class CalendarRead:
    """What a file has: entries by time, and in sentences what could not be used."""

    entries: tuple[CalendarEntry, ...]
    remarks: tuple[str, ...]


def read_calendar(ics: bytes, *, zone: ZoneInfo, now: datetime, until: datetime) -> CalendarRead:
    """Return what in the file is not over and begins before `until`.

    Whole days and times without a zone are meant in `zone`. Cancelled events are left out, and
    what repeats without an end or in ways that are not understood is named in the remarks.
    Raises `CalendarRefused`.
    """
    events = _events(ics)
    moved = _moved(events, zone)
    entries: dict[str, CalendarEntry] = {}
    remarks: list[str] = []
    for event in events:
        try:
            for entry in list(_entries(event, zone, (now, until), moved)):
                if entry.ends_at > now and entry.starts_at < until:
                    entries.setdefault(entry.key, entry)
        except RecurrenceRefused as refused:
            remarks.append(f"“{_title(event)}” {refused}")
        except (ValueError, TypeError, OverflowError, AttributeError, KeyError):
            remarks.append(f"“{_title(event)}” has times that cannot be read.")
    found = _joined(sorted(entries.values(), key=lambda each: (each.starts_at, each.uid)))
    if len(found) > MOST_FOUND:
        remarks.append(f"Only the first {MOST_FOUND} of {len(found)} times are offered.")
    return CalendarRead(tuple(found[:MOST_FOUND]), tuple(dict.fromkeys(remarks)))


def _events(ics: bytes) -> list[Any]:
    if len(ics) > LARGEST_FILE:
        raise CalendarRefused(f"The file is larger than {LARGEST_FILE // 1024} KB.")
    if ics.upper().count(b"BEGIN:") > 3 * MOST_EVENTS:
        raise CalendarRefused(f"The calendar has more than {MOST_EVENTS} events.")
    try:
        calendars = Calendar.from_ical(ics, multiple=True)
        events = [event for each in calendars for event in each.walk("VEVENT")]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        raise CalendarRefused("This is not a calendar file (iCalendar, .ics).") from None
    if not calendars or any(each.name != "VCALENDAR" for each in calendars):
        raise CalendarRefused("This is not a calendar file (iCalendar, .ics).")
    if len(events) > MOST_EVENTS:
        raise CalendarRefused(f"The calendar has more than {MOST_EVENTS} events.")
    if not events:
        raise CalendarRefused("The calendar has no events.")
    return events


def _moved(events: Iterable[Any], zone: ZoneInfo) -> set[tuple[str, datetime]]:
    """Which occurrences of a repeating event have an event of their own (RFC 5545, 3.8.4.4)."""
    moved = set()
    for event in events:
        instead = event.get("RECURRENCE-ID")
        if instead is not None and hasattr(instead, "dt"):
            moved.add((str(event.get("UID", "")), _instant(instead.dt, zone)))
    return moved


def _entries(
    event: Any,
    zone: ZoneInfo,
    window: tuple[datetime, datetime],
    moved: set[tuple[str, datetime]],
) -> Iterator[CalendarEntry]:
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return
    # RFC 5545 asks for a UID; a file without one is not refused for it.
    uid, start = str(event.get("UID", ""))[:255] or "without-uid", event["DTSTART"].dt
    length = _length(event, start, zone)
    if length is None:
        return
    whole_days = not isinstance(start, datetime)
    first = CalendarEntry(uid, _title(event), *_span(start, length, zone), is_likely=False)
    likely = replace(first, is_likely=_is_likely(event, first, whole_days=whole_days))
    if event.get("RRULE") is None or event.get("RECURRENCE-ID") is not None:
        if event.get("RDATE") is not None:
            raise RecurrenceRefused("repeats on single dates, which is not understood.")
        yield likely
        return
    since = window[0] - length - timedelta(days=1)
    for local in _occurrences(event, start, since, window[1]):
        starts_at, ends_at = _span(local, length, zone)
        if (uid, starts_at) not in moved:
            yield replace(likely, starts_at=starts_at, ends_at=ends_at)


def _occurrences(event: Any, start: date, since: datetime, until: datetime) -> Iterator[date]:
    rule: Recurrence = read_recurrence(event["RRULE"], start)
    if event.get("RDATE") is not None:
        raise RecurrenceRefused("repeats on single dates, which is not understood.")
    left_out = set()
    given = event.get("EXDATE")
    for each in given if isinstance(given, list) else [given] if given else []:
        left_out |= {one.dt for one in each.dts}
    return (each for each in rule.between(start, since, until) if each not in left_out)


def _length(event: Any, start: date, zone: ZoneInfo) -> timedelta | None:
    """How long it takes; for whole days in days. None: it has no length at all."""
    if (end := event.get("DTEND")) is not None:
        if isinstance(start, datetime) != isinstance(end.dt, datetime):
            raise ValueError("start and end differ in kind")
        length = (
            _instant(end.dt, zone) - _instant(start, zone)
            if isinstance(start, datetime)
            else end.dt - start
        )
    elif (duration := event.get("DURATION")) is not None:
        length = duration.dt
    else:
        length = timedelta(0) if isinstance(start, datetime) else timedelta(days=1)
    if length > LONGEST:
        raise RecurrenceRefused(f"takes longer than {LONGEST.days} days.")
    return length if length > timedelta(0) else None


def _span(start: date, length: timedelta, zone: ZoneInfo) -> tuple[datetime, datetime]:
    if isinstance(start, datetime):
        begins = _instant(start, zone)
        return begins, begins + length
    # Days begin and end at local midnight, however many hours they have.
    return _instant(start, zone), _instant(start + length, zone)


def _instant(value: date, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if value.tzinfo is None:
        value = value.replace(tzinfo=zone)
    return value.astimezone(UTC).replace(microsecond=0)


def _is_likely(event: Any, entry: CalendarEntry, *, whole_days: bool) -> bool:
    """Whole and half days, and what the calendar itself calls out of office; not what is free."""
    busy = str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper()
    if busy:
        return busy == "OOF"
    is_free = str(event.get("TRANSP", "")).upper() == "TRANSPARENT"
    is_long = entry.ends_at - entry.starts_at >= _LONG
    # Calendars mark whole days as free by themselves; birthdays and holidays repeat every year.
    yearly = event.get("RRULE") is not None and "YEARLY" in str(event["RRULE"].get("FREQ")).upper()
    return (whole_days and not yearly) or (is_long and not is_free and not yearly)


def _title(event: Any) -> str:
    text = " ".join(str(event.get("SUMMARY", "")).split()) or "without a title"
    return text if len(text) <= _TITLE else f"{text[: _TITLE - 1]}…"


def _joined(entries: Iterable[CalendarEntry]) -> list[CalendarEntry]:
    """Days in a row of the same event are one absence."""
    joined: list[CalendarEntry] = []
    places: dict[str, int] = {}
    for entry in entries:
        place = places.get(entry.uid)
        if place is not None and joined[place].ends_at == entry.starts_at:
            joined[place] = replace(joined[place], ends_at=entry.ends_at)
        else:
            places[entry.uid] = len(joined)
            joined.append(entry)
    return joined
