"""Dates and times out of ISO 8601 text, at a bounded cost, and how two of them compare."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, tzinfo
from typing import Final

_DATE: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME: Final = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
_MOMENT: Final = re.compile(
    rf"{_DATE}(?:[Tt ]{_TIME}(?:[Zz]|[+-][0-9]{{2}}:[0-9]{{2}})?)?", re.ASCII
)
_LONGEST: Final = len("2026-03-04T14:30:00.123456789+01:00")

Moment = date | datetime


def read_moment(value: object) -> Moment | None:
    """The date or the date and time that a value stands for, or None when it stands for none.

    Text is read as RFC 3339 writes it, with the zone left out where local time is meant; digits
    beyond the microsecond are dropped.
    """
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or len(value) > _LONGEST or not _MOMENT.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
    except ValueError:
        return None


def read_date(value: object) -> date | None:
    """As `read_moment`, but only a date without a time of day."""
    moment = read_moment(value)
    return None if isinstance(moment, datetime) else moment


def compare_moments(left: Moment, right: Moment, zone: tzinfo | None) -> int | None:
    """Less than 0 when `left` is earlier, more when it is later, 0 when both are the same.

    `zone` is the tenant's: a time without a zone is local, and a date is a local day. Compared
    with a date, a time counts as its day. Seen from a time, a whole day is earlier or later only
    if all of it is, so None is the answer on the day itself; it is also the answer when a zone
    would be needed and is not known. Raises OverflowError at the ends of the calendar.
    """
    if isinstance(left, datetime) and isinstance(right, datetime):
        first, second = _instant(left, zone), _instant(right, zone)
        if (first.tzinfo is None) is not (second.tzinfo is None):
            return None
        return (first > second) - (first < second)
    first_day, second_day = _day(left, zone), _day(right, zone)
    if first_day is None or second_day is None:
        return None
    order = (first_day > second_day) - (first_day < second_day)
    # The right side is the policy's: a time of day there cannot be told from a bare date.
    return None if order == 0 and isinstance(right, datetime) else order


def _instant(moment: datetime, zone: tzinfo | None) -> datetime:
    local = moment if moment.tzinfo is not None or zone is None else moment.replace(tzinfo=zone)
    return local if local.tzinfo is None else local.astimezone(UTC)


def _day(moment: Moment, zone: tzinfo | None) -> date | None:
    if not isinstance(moment, datetime):
        return moment
    if moment.tzinfo is None:
        return moment.date()
    return None if zone is None else moment.astimezone(zone).date()
