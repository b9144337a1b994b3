"""Reading the record for a report: what stands in the tree of one size, and nothing else."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from audit.models import LedgerCheckpoint, LedgerEvent
from audit.reports.kind import Keep, Source
from audit.selectors.disclosures import in_batches
from audit.selectors.events import EventRow, as_row, as_rows, visible
from audit.selectors.proofs import latest_checkpoint
from audit.selectors.pruned import pruned_sentence
from govapp.common.ids import public_id
from govapp.common.tenancy import require_tenant_id
from govapp.common.zones import time_zones


class Read(NamedTuple):
    """One event of a report, its type, its data, and the request that it belongs to."""

    row: EventRow
    type: str
    data: Mapping[str, Any]
    request_id: UUID | None


def source_of(size: int) -> Source:
    """Return the state of the bound tenant's record at a signed size."""
    signed = LedgerCheckpoint.objects.get(size=size)
    known = latest_checkpoint()
    name, zone = tenant_facts(size)
    return Source(
        tenant=visible(name) or "This tenant",
        zone=zone,
        size=size,
        root=bytes(signed.root).hex(),
        note=signed.note,
        vkey=known.vkey if known else "",
        made_at=signed.signed_at,
        pruned=pruned_sentence(size),
    )


def read_period(
    source: Source,
    keep: Keep,
    *,
    types: Collection[str] = (),
    heads: Collection[str] = (),
) -> Iterator[Read]:
    """Yield the period's events, oldest first, and keep each; constant memory.

    `types` are whole types, `heads` beginnings of types; without either, everything is read.
    """
    start, end = source.period
    rows = in_tree(source.size).filter(occurred_at__gte=start, occurred_at__lt=end)
    yield from _read(rows, source, keep, tuple(types), tuple(heads))


def read_request(source: Source) -> list[EventRow]:
    """Return what happened to the source's request, oldest first."""
    rows = in_tree(source.size).filter(request_id=source.request_id)
    return [each.row for each in _read(rows, source, drop, (), ())]


def keep_cited(
    rows: Iterable[EventRow], behind: Iterable[EventRow], cited: Collection[str], keep: Keep
) -> list[EventRow]:
    """Keep a request's events and those `behind` them that are cited; return both in order.

    What a sentence points to has to be in the file, or nobody can find it there and prove it.
    """
    every = [*rows, *(each for each in behind if each.public_id in cited)]
    every.sort(key=lambda row: (row.occurred_at, row.id))
    for row in every:
        keep(row.canonical + b"\n")
    return every


def drop(_: bytes) -> None:
    """Keep nothing."""


def _read(
    rows: QuerySet[LedgerEvent],
    source: Source,
    keep: Keep,
    types: tuple[str, ...],
    heads: tuple[str, ...],
) -> Iterator[Read]:
    ordered = rows.order_by("occurred_at", "id").values_list(
        "id", "occurred_at", "type", "request_id", "body"
    )
    if types and not heads:
        ordered = ordered.filter(type__in=types)
    found = (
        each
        for each in ordered[: source.most_events].iterator(1000)
        if not heads or each[2] in types or each[2].startswith(heads)
    )
    for batch in in_batches(found):
        events = as_rows((ident, at, body) for ident, at, _, _, body in batch)
        for (_, _, kind, request_id, _), row in zip(batch, events, strict=True):
            keep(row.canonical + b"\n")
            data = row.body.get("data")
            yield Read(row, kind, data if isinstance(data, Mapping) else {}, request_id)


def in_tree(size: int) -> QuerySet[LedgerEvent]:
    """Return the events that stand in the tree of `size` leaves, unordered."""
    return LedgerEvent.objects.filter(leaf_rows__index__lt=size)


def last_before(kind: str, source: Source, *, end: bool = False) -> EventRow | None:
    """Return the last event of a type before the period began, or ended; None without one."""
    before = source.period[1 if end else 0]
    row = (
        in_tree(source.size)
        .filter(type=kind, occurred_at__lt=before)
        .order_by("-occurred_at", "-id")
        .values_list("id", "occurred_at", "body")
        .first()
    )
    return as_row(*row) if row else None


def tenant_facts(size: int) -> tuple[str, str]:
    """Return the tenant's name and time zone as the record knows them ("" and UTC otherwise)."""
    rows = (
        in_tree(size)
        # By its id: of the kind of subject there is no index, and these events are few.
        .filter(subject_type="tenant", subject_id=public_id("tn", require_tenant_id()))
        .order_by("-occurred_at", "-id")
        .values_list("id", "occurred_at", "body")[:20]
    )
    events = [row.body for row in as_rows(rows)]
    names = [text_of((event.get("subject") or {}).get("label")) for event in events]
    zones = [text_of((event.get("data") or {}).get("time_zone")) for event in events]
    zone = next((zone for zone in zones if zone in time_zones()), "UTC")
    return next((name for name in names if name), ""), zone


def name_of(event: EventRow, party: str) -> str:
    """Return the name of an event's actor or subject, "not named" without one."""
    return str((event.body.get(party) or {}).get("name", "")) or "not named"


def text_of(value: Any) -> str:
    """A name in an event: plain, or the name or key of an object."""
    if isinstance(value, Mapping):
        return str(value.get("name") or value.get("key") or value.get("id") or "")
    return "" if value is None else str(value)
