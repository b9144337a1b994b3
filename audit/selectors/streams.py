"""Reading streams: how far each is behind, what it sends next, and what it has sent where."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from django.db.models import F, Q, QuerySet

from audit.exporting import Exported
from audit.models import AuditStream, LedgerCheckpoint, LedgerEvent, LedgerLeaf, LedgerLog
from audit.models import StreamState as State
from audit.selectors.events import EventFilter, as_rows, parse_day, select_events, start_of_day
from audit.selectors.search_index import indexed_size
from audit.selectors.searching import found_among
from govapp.common.arrays import is_any
from govapp.common.errors import Invalid, NotFound

SENDING: Final = (State.ACTIVE, State.FAILING)
WINDOW: Final = 2_000
"""Leaves that are looked through at once: a filter that fits nothing costs no more than this."""


@dataclass(frozen=True)
class StreamRow:
    """A stream as the pages show it."""

    stream: AuditStream
    behind: int  # events with a place in the tree that it has not got yet
    oldest_at: datetime | None  # when the first of them happened


@dataclass(frozen=True)
class Start:
    """Where a stream begins: `now`, `beginning`, `index` or `date` (in the filter's zone)."""

    where: str = "now"
    value: str = ""


@dataclass(frozen=True)
class Window:
    """The events of consecutive leaves that a stream wants, and how far they go."""

    events: list[Exported]
    end: int  # the index after the last leaf that was looked at
    missing: int  # leaves whose event is not kept any more


@dataclass(frozen=True)
class SentAway:
    """What a stream has sent to somebody else's system, for whoever is asked to erase it."""

    name: str
    hosts: tuple[str, ...]
    delivered: int
    disclosed: int
    last_at: datetime | None


def list_streams() -> list[StreamRow]:
    """Return the streams that there are, by name. Three queries."""
    return _rows(list(AuditStream.objects.filter(removed_at=None).order_by("name", "id")))


def get_stream(stream_id: UUID) -> StreamRow:
    """Return one stream that is not removed. Raises `NotFound`."""
    found = AuditStream.objects.filter(pk=stream_id, removed_at=None).first()
    if found is None:
        raise NotFound("There is no such stream.")
    return _rows([found])[0]


def size_of_record() -> int:
    """Return how many events of the bound tenant have a place in the tree."""
    return LedgerLog.objects.values_list("size", flat=True).first() or 0


def known_size(wanted: EventFilter, size: int) -> int:
    """Return below which index of a tree of this size it can be said what a filter wants.

    The index that is searched is some moments behind the tree, and far behind when it is made
    again: a filter that takes it goes as far as both.
    """
    return min(size, indexed_size()) if wanted.is_searched else size


def read_window(wanted: EventFilter, *, start: int, stop: int, most: int, fill: bool) -> Window:
    """Return what a filter wants of the leaves from `start` up to `stop`, at most `most` events.

    `stop` is at most `known_size`. Without `fill`, bodies are what was hashed, with places for
    personal texts. Leaves are looked through `WINDOW` at a time.
    """
    stop = min(stop, start + WINDOW)
    rows = _events_between(wanted, start, stop).filter(
        leaf_rows__index__gte=start, leaf_rows__index__lt=stop
    )
    values = rows.order_by("leaf_rows__index").values_list(
        "id", "occurred_at", "body", F("leaf_rows__index"), F("leaf_rows__leaf_hash")
    )
    found = list(values[:most])
    end = found[-1][3] + 1 if len(found) == most else stop
    if fill:
        bodies = [row.body for row in as_rows(columns[:3] for columns in found)]
    else:
        bodies = [msgspec.json.decode(bytes(columns[2])) for columns in found]
    events = [
        Exported(bytes(body), read, index, bytes(leaf_hash), is_filled=fill)
        for (_, _, body, index, leaf_hash), read in zip(found, bodies, strict=True)
    ]
    return Window(events, end, missing_between(start, end, sure=len(events)))


def missing_between(start: int, end: int, *, sure: int = 0) -> int:
    """Return how many leaves from `start` up to `end` have lost their event to pruning."""
    if end - start == sure:
        return 0
    span = Q(leaf_rows__index__gte=start, leaf_rows__index__lt=end)
    return (end - start) - LedgerEvent.objects.filter(span).count()


def position_of(start: Start, *, zone: str) -> int:
    """Return the index at which a stream begins. Raises `Invalid` for one that is none.

    A date stands for the first event that may have been recorded on that day: everything before it
    was signed before the day began, so that what was sequenced late is not left out.
    """
    size = size_of_record()
    if start.where == "now":
        return size
    if start.where == "beginning":
        return 0
    if start.where == "index":
        if not (start.value.isascii() and start.value.isdigit() and len(start.value) <= 15):
            raise Invalid("An index is a number from 0 on.")
        if int(start.value) > size:
            raise Invalid(f"The record has {size} events; the next one has the index {size}.")
        return int(start.value)
    if start.where == "date":
        begins = start_of_day(parse_day(start.value), zone)
        signed = LedgerCheckpoint.objects.filter(signed_at__lt=begins).order_by("-size")
        return signed.values_list("size", flat=True).first() or 0
    raise Invalid("Choose where the stream begins.")


def streams_in_trouble(before: datetime) -> list[AuditStream]:
    """Return the streams that were given up, or that have failed since before this instant."""
    rows = AuditStream.objects.filter(removed_at=None)
    return list(
        rows.filter(
            Q(state=State.STOPPED) | Q(state=State.FAILING, failing_since__lt=before)
        ).order_by("name", "id")
    )


def sent_away() -> list[SentAway]:
    """Return what every stream has sent, those that are removed included. One query."""
    rows = AuditStream.objects.filter(delivered__gt=0).order_by("name", "id")
    return [
        SentAway(row.name, tuple(row.sent_to), row.delivered, row.disclosed, row.delivered_at)
        for row in rows
    ]


def unsent_upto(index: int | None) -> list[str]:
    """Return the names of the streams that have this index, or one before it, still to send."""
    if index is None:
        return []
    rows = AuditStream.objects.filter(removed_at=None, cursor__lte=index)
    return list(rows.order_by("name", "id").values_list("name", flat=True))


def is_late(row: StreamRow, now: datetime, *, after: timedelta = timedelta(minutes=5)) -> bool:
    """Whether something has waited for longer than `after`."""
    return row.oldest_at is not None and row.oldest_at < now - after


def _events_between(wanted: EventFilter, start: int, stop: int) -> QuerySet[LedgerEvent]:
    """What a filter wants; of a search, only as far as it is looked up between these leaves."""
    if not wanted.is_searched:
        return select_events(wanted)
    search = wanted.search()
    leaves = LedgerLeaf.objects.filter(index__gte=start, index__lt=stop)
    idents = leaves.values_list("event_id", flat=True)
    return LedgerEvent.objects.filter(is_any("id", found_among(search, idents) if search else []))


def _rows(streams: list[AuditStream]) -> list[StreamRow]:
    size = size_of_record()
    cursors = {each.cursor for each in streams if each.cursor < size}
    leaves = LedgerLeaf.objects.filter(index__in=cursors)
    at = dict(leaves.values_list("index", "event__occurred_at"))
    return [StreamRow(each, max(0, size - each.cursor), at.get(each.cursor)) for each in streams]
