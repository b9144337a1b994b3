"""Reading the record: pages by keyset, single events, and the words that filters offer."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from audit.models import LedgerEvent
from audit.selectors.disclosures import disclose, in_batches
from audit.selectors.event_filter import EventFilter, parse_day, start_of_day
from audit.selectors.searching import Place, find_events
from govapp.common.errors import Malformed
from govapp.common.ids import public_id
from govapp.common.text import find_hidden

__all__ = [
    "PAGE",
    "EventFilter",
    "EventRow",
    "Page",
    "as_row",
    "as_rows",
    "events_of_request",
    "find_event",
    "list_events",
    "parse_day",
    "select_events",
    "start_of_day",
    "stream_events",
    "visible",
    "words_of",
]

PAGE: Final = 50


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


def list_events(wanted: EventFilter, *, cursor: str = "", limit: int = PAGE) -> Page:
    """Return a page, newest first. Two queries whatever the number of rows; three to search."""
    after = _parse_cursor(cursor) if cursor else None
    if wanted.is_searched:
        return _searched(wanted, after, limit)
    rows = select_events(wanted).order_by("-occurred_at", "-id")
    if after:
        at, ident = after
        rows = rows.filter(
            Q(occurred_at__lt=at) | Q(occurred_at=at, id__lt=ident), occurred_at__lte=at
        )
    found = as_rows(rows.values_list("id", "occurred_at", "body")[: limit + 1])
    last = found[limit - 1] if len(found) > limit else None
    return Page(found[:limit], _cursor(Place(last.occurred_at, last.id)) if last else "")


def _searched(wanted: EventFilter, after: Place | None, limit: int) -> Page:
    search = wanted.search()
    places = find_events(search, after=after, limit=limit + 1) if search else []
    rows = LedgerEvent.objects.filter(id__in=[place.id for place in places[:limit]])
    found = as_rows(rows.order_by("-occurred_at", "-id").values_list("id", "occurred_at", "body"))
    return Page(found, _cursor(places[limit - 1]) if len(places) > limit else "")


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


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _cursor(place: Place) -> str:
    return f"{_micros(place.at)}-{place.id.hex}"


def _parse_cursor(cursor: str) -> Place:
    micros, _, ident = cursor.partition("-")
    try:
        return Place(_EPOCH + timedelta(microseconds=int(micros)), UUID(ident))
    except (ValueError, OverflowError) as error:
        raise Malformed("The cursor is not one that a page has given.") from error
