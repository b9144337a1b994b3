"""Closing days: an event that says how many there were, so that silence is proved as well.

Source: design page audit.md, "Append": a daily completeness event proves that nothing happened
when nothing happened.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils.module_loading import import_string

from audit.actors import SYSTEM, Subject
from audit.doors import tenants_with_days_to_close
from audit.models import LedgerDay, LedgerEvent, LedgerLog, LedgerQueueItem
from audit.selectors.events import start_of_day
from audit.services.ledger import record
from govapp.common import clock
from govapp.common.tenancy import require_tenant_id, tenant_transaction

SETTLING: Final = timedelta(minutes=10)
"""What began before midnight has committed by then, and has its place."""

_MOST_AT_ONCE: Final = 31
_DAY: Final = timedelta(days=1)
_TYPE: Final = "ledger.day_closed"


@dataclass(frozen=True)
class _Span:
    """A day of the calendar, and the time that it covers in the tenant's zone."""

    date: date
    zone: str
    starts_at: datetime
    ends_at: datetime


def close_all_days() -> int:
    """Close every tenant's days that are over; return how many were closed."""
    return sum(close_days(tenant_id=row["tenant_id"]) for row in tenants_with_days_to_close.call())


def close_days(*, tenant_id: UUID) -> int:
    """Close the days of one tenant that are over and settled; return how many.

    A day waits while an event of it still waits for its place in the tree.
    """
    closed = 0
    with tenant_transaction(tenant_id):
        ledger, now = LedgerLog.objects.first(), clock.now()
        if ledger is None:
            return 0
        for span in _spans_after(_zone()):
            if span.ends_at + SETTLING > now or closed == _MOST_AT_ONCE or _waits(span.ends_at):
                break
            try:
                with transaction.atomic():
                    _close(ledger, span)
            except IntegrityError:
                break  # somebody else closes the same days at this moment
            closed += 1
    return closed


def _zone() -> str:
    zone: str = import_string(settings.AUDIT_ZONE_OF_TENANT)()
    return zone


def _spans_after(zone: str) -> Iterator[_Span]:
    """Yield the days that follow what is closed, without a gap also when the zone has changed."""
    last = LedgerDay.objects.order_by("-date").first()
    if last is not None:
        day, start = last.date + _DAY, last.ends_at
    else:
        first = LedgerEvent.objects.order_by("occurred_at", "id").first()
        if first is None:
            return
        day = first.occurred_at.astimezone(ZoneInfo(zone)).date()
        start = start_of_day(day, zone)
    while True:
        end = start_of_day(day + _DAY, zone)
        if end > start:
            yield _Span(day, zone, start, end)
            start = end
        day += _DAY


def _waits(end: datetime) -> bool:
    return LedgerQueueItem.objects.filter(event__occurred_at__lt=end).exists()


def _close(ledger: LedgerLog, span: _Span) -> None:
    count, first, last = _counted(span)
    following = start_of_day(span.date + 2 * _DAY, span.zone)
    LedgerDay.objects.create(
        date=span.date,
        starts_at=span.starts_at,
        ends_at=span.ends_at,
        count=count,
        first_index=first,
        last_index=last,
        next_at=max(following, span.ends_at) + SETTLING,
    )
    record(
        event_type=_TYPE,
        actor=SYSTEM,
        subject=Subject("ledger", ledger.origin, ledger.origin),
        summary=_words(span, count, first, last),
        data={
            "date": span.date.isoformat(),
            "time_zone": span.zone,
            "starts_at": _instant(span.starts_at),
            "ends_at": _instant(span.ends_at),
            "count": count,
            "first_index": first,
            "last_index": last,
        },
    )


def _counted(span: _Span) -> tuple[int, int | None, int | None]:
    """How many events the day had, the first and the last index; closing days is not counted."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), min(l.index), max(l.index) FROM audit_ledgerevent e"
            " JOIN audit_ledgerleaf l ON l.tenant_id = e.tenant_id AND l.event_id = e.id"
            " WHERE e.tenant_id = %s AND e.occurred_at >= %s AND e.occurred_at < %s"
            " AND e.type <> %s",
            [require_tenant_id(), span.starts_at, span.ends_at, _TYPE],
        )
        count, first, last = cursor.fetchone()
    return count, first, last


def _words(span: _Span, count: int, first: int | None, last: int | None) -> str:
    day = f"{span.date.isoformat()} ({span.zone})"
    if not count:
        return f"Nothing was recorded on {day}."
    if count == 1:
        return f"One event was recorded on {day}, at index {first}."
    return f"{count} events were recorded on {day}, the first at index {first}, the last at {last}."


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
