"""When something is due that counts only while the office is open. Pure: no clock, no table.

The rule is that of the domain page, section 6: what counts is local time on the wall. An hour
that occurs twice, because clocks go back, is counted once; one that does not exist, because they
go forward, is passed over.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

from tenants.office_hours import OfficeHours

# Nobody waits longer than this, however seldom the office is open: sooner due fails closed.
HORIZON: Final = timedelta(days=366)
# No zone is further from UTC, so that a day's own change of clocks lies inside this margin.
_MARGIN: Final = timedelta(hours=24)
_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Office:
    """When a tenant's office is open, and the zone in which its hours are told."""

    hours: OfficeHours
    zone: tzinfo


@dataclass(frozen=True)
class _Span:
    """Local wall-clock time, without a zone, that passes at one offset from UTC."""

    since: datetime
    until: datetime
    offset: timedelta
    goes_on: bool = False  # clocks change at its end, and the hours are not over


def due_after(
    start: datetime, delay: timedelta, *, hours: OfficeHours | None, zone: tzinfo
) -> datetime:
    """Return the instant, in UTC, at which `delay` of office time has passed since `start`.

    Where nobody said when the office is open, or its public holidays are not known, all hours
    count, which is sooner. What ends with the office day is due when the office closes, and
    nothing is due later than `HORIZON` after its start. Due times add up: `b` after what is due
    `a` after the start is the same as `a + b` after the start.

    Raises `ValueError` for a start without a zone.
    """
    if start.tzinfo is None:
        raise ValueError("the start of a deadline needs a time zone")
    start = start.astimezone(UTC)
    elapsed = start + delay
    if hours is None or not hours.is_said:
        return elapsed
    latest = start + HORIZON
    # Local time up to here is over, or was counted: what the clock shows again does not count.
    reached = _local(start, zone)
    left, day = delay, reached.date()
    last = _local(latest, zone).date()
    while day <= last:
        is_business_day = hours.is_business_day(day)
        if is_business_day is None:
            return elapsed
        for span in _spans(start, day, hours, zone) if is_business_day else ():
            since = max(span.since, reached)
            due = since + left
            # Where clocks go back, what is due at their change is due when they show it again.
            if due < span.until or (due == span.until and not span.goes_on):
                return min((due - span.offset).replace(tzinfo=UTC), latest)
            if since < span.until:
                left -= span.until - since
                reached = span.until
        day += _DAY
    return latest


def _spans(start: datetime, day: date, hours: OfficeHours, zone: tzinfo) -> Iterator[_Span]:
    """Yield, in the order in which they pass, a day's office hours after `start`.

    One span on most days. When clocks change, one for each side of the change: what lies between
    them does not exist, what is in both occurs twice.
    """
    opens = datetime.combine(day, hours.opens)
    closes = datetime.combine(day, hours.closes)
    early = opens.replace(tzinfo=UTC) - _MARGIN
    late = closes.replace(tzinfo=UTC) + _MARGIN
    before, after = _offset(early, zone), _offset(late, zone)
    began = start.replace(tzinfo=None)
    if before == after:
        yield _Span(max(opens, began + before), closes, before)
        return
    change = _change(early, late, zone).replace(tzinfo=None)
    until = change + before
    yield _Span(max(opens, began + before), min(closes, until), before, goes_on=until <= closes)
    yield _Span(max(opens, began + after, change + after), closes, after)


def _change(early: datetime, late: datetime, zone: tzinfo) -> datetime:
    """Return the first second between two instants at which the later one's offset holds."""
    before = _offset(early, zone)
    while late - early > _SECOND:
        middle = early + (late - early) // (2 * _SECOND) * _SECOND
        if _offset(middle, zone) == before:
            early = middle
        else:
            late = middle
    return late


def _local(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def _offset(moment: datetime, zone: tzinfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)
