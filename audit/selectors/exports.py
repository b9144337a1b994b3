"""Reading exports: the jobs of a tenant, their pieces, and the events that go into one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import F, Q, QuerySet

from audit.exporting import KINDS, Exported
from audit.models import ExportJob, ExportPiece, LedgerEvent
from audit.selectors.events import EventFilter, as_rows, select_events
from audit.selectors.search_index import check_searched
from audit.selectors.searching import Place, find_events
from govapp.common.arrays import is_any

MOST_LISTED: Final = 50
PAGE: Final = 2_000
"""Events read at once: enough to share the cost of a query, few enough for little memory."""


@dataclass(frozen=True)
class Cursor:
    """Where an export stands: the last event that was written."""

    at: datetime
    id: UUID


def list_exports() -> list[ExportJob]:
    """Return the newest exports of the bound tenant. One query, never the files themselves."""
    return list(ExportJob.objects.order_by("-requested_at", "-id")[:MOST_LISTED])


def format_title(slug: str) -> str:
    """Return what a format is called; one that is known no more keeps its slug."""
    return KINDS[slug].title if slug in KINDS else slug


def pieces_of(job_id: UUID) -> Iterator[int]:
    """Return the numbers of the pieces of a job, in order."""
    rows = ExportPiece.objects.filter(job_id=job_id).order_by("number")
    return iter(list(rows.values_list("number", flat=True)))


def read_piece(job_id: UUID, number: int) -> bytes | None:
    """Return one piece; None when it was removed."""
    row = ExportPiece.objects.filter(job_id=job_id, number=number).values_list("data", flat=True)
    found = row.first()
    return None if found is None else bytes(found)


def filter_of(query: Mapping[str, str], zone: str) -> EventFilter:
    """Return the filter that a job keeps, without what is no filter any more."""
    known = {field.name for field in fields(EventFilter)} - {"zone"}
    chosen = {key: str(value) for key, value in query.items() if key in known}
    return EventFilter(**chosen, zone=zone)


def events_in(
    wanted: EventFilter, *, size: int, after: Cursor | None, limit: int = PAGE
) -> list[tuple[Cursor, Exported]]:
    """Return the next events of an export, oldest first, of those in the tree of this size.

    What has no place in that tree yet is left out: an export says from which state it was made.
    Raises `Conflict` for a search that does not reach to that state any more.
    """
    rows = _searched(wanted, size, after, limit) if wanted.is_searched else _placed(wanted, size)
    if after is not None:
        rows = rows.filter(
            Q(occurred_at__gt=after.at) | Q(occurred_at=after.at, id__gt=after.id),
            occurred_at__gte=after.at,
        )
    values = rows.order_by("occurred_at", "id").values_list(
        "id", "occurred_at", "body", F("leaf_rows__index"), F("leaf_rows__leaf_hash")
    )
    found = list(values[:limit])
    if wanted.is_searched:
        check_searched(size)
    rows_read = as_rows(columns[:3] for columns in found)
    return [
        (Cursor(at, ident), Exported(row.canonical, row.body, index, bytes(leaf_hash)))
        for (ident, at, _, index, leaf_hash), row in zip(found, rows_read, strict=True)
    ]


def count_in(wanted: EventFilter, *, size: int) -> int:
    """Count the events of an export: for its progress, in the background."""
    return _placed(wanted, size).count()


def _placed(wanted: EventFilter, size: int) -> QuerySet[LedgerEvent]:
    return select_events(wanted).filter(leaf_rows__index__lt=size)


def _searched(
    wanted: EventFilter, size: int, after: Cursor | None, limit: int
) -> QuerySet[LedgerEvent]:
    """The next ones that a search finds: asked page by page, as everything else is."""
    search = wanted.search()
    place = Place(after.at, after.id) if after else None
    found = (
        find_events(search, after=place, oldest_first=True, below=size, limit=limit)
        if search
        else []
    )
    return LedgerEvent.objects.filter(is_any("id", [each.id for each in found]))
