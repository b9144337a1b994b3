"""Reading the record: filters, pages by keyset, days, and the words that filters offer."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate

from audit.models import LedgerEvent
from audit.selectors.disclosures import disclose, in_batches
from govapp.common.errors import Malformed
from govapp.common.ids import InvalidId, parse_public_id, public_id
from govapp.common.tenancy import require_tenant_id
from govapp.common.text import find_hidden

PAGE: Final = 50
HISTOGRAM_DAYS: Final = 90
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2999


@dataclass(frozen=True)
class EventFilter:
    """What of the record is wanted; empty means all. Days are of the tenant's time zone."""

    type: str = ""
    actor: str = ""
    subject: str = ""
    request: str = ""  # public id of an action request
    since: str = ""  # YYYY-MM-DD, included
    until: str = ""  # YYYY-MM-DD, included
    text: str = ""  # the beginning of a type, or a whole id
    zone: str = "UTC"

    def chosen(self) -> dict[str, str]:
        """Return the filters that are set, by name: what an export's event keeps."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value and name != "zone"}

    def condition(self) -> Q:
        """Return the filter as a query. Raises `Malformed` for a day, id or text that is none."""
        if any("\0" in value for value in self.chosen().values()):
            raise Malformed("A filter holds no NUL characters.")
        wanted = Q()
        for name, column in (("type", "type"), ("actor", "actor_id"), ("subject", "subject_id")):
            if value := getattr(self, name):
                wanted &= Q(**{column: value})
        if self.request:
            wanted &= Q(request_id=_request_uuid(self.request))
        start, end = self.instants()
        if start is not None:
            wanted &= Q(occurred_at__gte=start)
        if end is not None:
            wanted &= Q(occurred_at__lt=end)
        if self.text:
            wanted &= _text_condition(self.text)
        return wanted

    def instants(self) -> tuple[datetime | None, datetime | None]:
        """Return when the period begins and ends (not included); None where it is open.

        Raises `Malformed` for a day that is none.
        """
        return (
            self._midnight(self.since, 0) if self.since else None,
            self._midnight(self.until, 1) if self.until else None,
        )

    def _midnight(self, day: str, later: int) -> datetime:
        return start_of_day(parse_day(day) + timedelta(days=later), self.zone)


@dataclass(frozen=True)
class EventRow:
    """One event as the pages show it.

    `body` is the parsed event with its personal texts, as far as they were not erased;
    `canonical` are the bytes that were hashed, with commitments in their place.
    """

    id: UUID
    occurred_at: datetime
    body: dict[str, Any]
    canonical: bytes

    @property
    def public_id(self) -> str:
        return public_id("ev", self.id)

    @property
    def summary(self) -> str:
        return str(self.body.get("summary", ""))


class Page(NamedTuple):
    """One page of events, newest first; a cursor is empty when there is nothing further."""

    rows: list[EventRow]
    next_cursor: str


class Choice(NamedTuple):
    """A value that a filter offers, with its words."""

    value: str
    words: str


def list_events(wanted: EventFilter, *, cursor: str = "", limit: int = PAGE) -> Page:
    """Return a page, newest first. Two queries whatever the number of rows."""
    rows = select_events(wanted).order_by("-occurred_at", "-id")
    if cursor:
        at, ident = _parse_cursor(cursor)
        rows = rows.filter(
            Q(occurred_at__lt=at) | Q(occurred_at=at, id__lt=ident), occurred_at__lte=at
        )
    found = as_rows(rows.values_list("id", "occurred_at", "body")[: limit + 1])
    more = len(found) > limit
    last = found[limit - 1] if more else None
    return Page(found[:limit], f"{_micros(last.occurred_at)}-{last.id.hex}" if last else "")


def select_events(wanted: EventFilter) -> QuerySet[LedgerEvent]:
    """Return the events of a filter, unordered."""
    return LedgerEvent.objects.filter(wanted.condition())


def find_event(event_id: UUID) -> LedgerEvent | None:
    """Return one event of the bound tenant, or None."""
    return LedgerEvent.objects.filter(pk=event_id).first()


def events_of_request(request_id: UUID) -> list[EventRow]:
    """Return everything that happened to one action request, oldest first. Two queries."""
    rows = LedgerEvent.objects.filter(request_id=request_id).order_by("occurred_at", "id")
    return as_rows(rows.values_list("id", "occurred_at", "body"))


def stream_events(start: datetime, end: datetime) -> Iterator[EventRow]:
    """Yield the events of a period, oldest first, with constant memory. Inside a transaction."""
    rows = LedgerEvent.objects.filter(occurred_at__gte=start, occurred_at__lt=end)
    values = rows.order_by("occurred_at", "id").values_list("id", "occurred_at", "body")
    for batch in in_batches(values.iterator(chunk_size=1000)):
        yield from as_rows(batch)


def days_of(wanted: EventFilter, *, today: date) -> list[tuple[date, int]]:
    """Return how many events each day of the filter's period has, at most the last 90 days."""
    last = min(parse_day(wanted.until), today) if wanted.until else today
    first = parse_day(wanted.since) if wanted.since else last - timedelta(days=29)
    first = max(first, last - timedelta(days=HISTOGRAM_DAYS - 1))
    counted = (
        select_events(wanted)
        .filter(
            occurred_at__gte=start_of_day(first, wanted.zone),
            occurred_at__lt=start_of_day(last + timedelta(days=1), wanted.zone),
        )
        .values_list(TruncDate("occurred_at", tzinfo=ZoneInfo(wanted.zone)))
        .annotate(Count("id"))
    )
    by_day: dict[date, int] = dict(counted)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [(day, by_day.get(day, 0)) for day in days]


def event_types() -> list[Choice]:
    """Return the types that occur, in order of name. Reads one index entry for each type."""
    return [Choice(value, words_of(value)) for value, *_ in _distinct("type")]


def event_actors() -> list[Choice]:
    """Return who occurs as an actor, with the name in their newest event."""
    newest = _distinct("actor_id")
    bodies = disclose({ident: body for _, ident, body in newest})
    named = [
        Choice(value, visible(str(bodies[ident].get("actor", {}).get("name", value))))
        for value, ident, _ in newest
    ]
    return sorted(named, key=lambda choice: choice.words.casefold())


def visible(text: str) -> str:
    """Return text for places that take no markup, hidden characters written as U+XXXX."""
    for hidden in find_hidden(text):
        text = text.replace(hidden.character, f"[{hidden.code_point}]")
    return text


def words_of(event_type: str) -> str:
    """Say an event type in words: `action_request.submitted` is "Action request submitted"."""
    return event_type.replace("_", " ").replace(".", " ").capitalize()


def as_rows(found: Iterable[tuple[UUID, datetime, bytes | memoryview]]) -> list[EventRow]:
    """Return events' columns (id, time, body) as rows, in their order. One query for them all."""
    columns = [(ident, at, bytes(body)) for ident, at, body in found]
    bodies = disclose({ident: body for ident, _, body in columns})
    return [EventRow(ident, at.astimezone(UTC), bodies[ident], body) for ident, at, body in columns]


def as_row(ident: UUID, at: datetime, body: bytes | memoryview) -> EventRow:
    """Return one event's columns as a row. One query: several are read with `as_rows`."""
    (row,) = as_rows([(ident, at, body)])
    return row


def parse_day(text: str) -> date:
    """Read YYYY-MM-DD; raises `Malformed` otherwise, and for a day outside of 1970 to 2999.

    Any day in these years has an instant in every time zone, and a day before and after it.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Malformed("A day is written as YYYY-MM-DD.") from error
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise Malformed(f"A day lies in the years {_FIRST_YEAR} to {_LAST_YEAR}.")
    return day


def start_of_day(day: date, zone: str) -> datetime:
    """Return the instant at which a day begins in a time zone."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _request_uuid(text: str) -> UUID:
    try:
        return parse_public_id("ar", text)
    except InvalidId as error:
        raise Malformed(str(error)) from error


def _text_condition(text: str) -> Q:
    """A whole id, or the beginning of a type: both are looked up in an index.

    Parts of words are not: LIKE is not leakproof, so row-level security would scan the table.
    """
    if text.startswith("ar_"):
        return Q(request_id=_request_uuid(text))
    return Q(type__gte=text, type__lt=text + "\U0010ffff") | Q(subject_id=text) | Q(actor_id=text)


def _distinct(column: str, at_most: int = 200) -> list[tuple[str, UUID, bytes]]:
    """Hop from one value to the next through the index, with each value's newest event."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH RECURSIVE hop AS (
              (SELECT {column} AS value FROM audit_ledgerevent WHERE tenant_id = %s
               ORDER BY {column} LIMIT 1)
              UNION ALL
              SELECT (SELECT {column} FROM audit_ledgerevent
                      WHERE tenant_id = %s AND {column} > hop.value ORDER BY {column} LIMIT 1)
              FROM hop WHERE hop.value IS NOT NULL)
            SELECT hop.value, newest.id, newest.body FROM hop, LATERAL (
              SELECT id, body FROM audit_ledgerevent
              WHERE tenant_id = %s AND {column} = hop.value
              ORDER BY occurred_at DESC LIMIT 1) newest
            WHERE hop.value IS NOT NULL LIMIT %s
            """,  # noqa: S608 - a column name of ours
            [require_tenant_id()] * 3 + [at_most],
        )
        return [(value, ident, bytes(body)) for value, ident, body in cursor.fetchall()]


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _parse_cursor(cursor: str) -> tuple[datetime, UUID]:
    micros, _, ident = cursor.partition("-")
    try:
        return _EPOCH + timedelta(microseconds=int(micros)), UUID(ident)
    except (ValueError, OverflowError) as error:
        raise Malformed("The cursor is not one that a page has given.") from error
