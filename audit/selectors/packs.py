"""What an evidence pack is made of, read from the bound tenant's record as the pack is written."""

from array import array
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge
from itertools import pairwise
from typing import Final
from uuid import UUID

from django.db.models import Max, Min, Q

from audit.actors import Actor
from audit.merkle.tiles import ReadTile
from audit.models import (
    LedgerCheckpoint,
    LedgerEvent,
    LedgerLeaf,
    PrunedRange,
    Report,
    ReportStatus,
)
from audit.packs.contents import KeySpan, PackContents, PackedReport, Vouching
from audit.selectors.anchors import anchor_of
from audit.selectors.events import EventFilter, select_events
from audit.selectors.pack_rows import PackScope, Reading, leaves_of, values_of
from audit.selectors.pack_runs import asked_in_run
from audit.selectors.proofs import SignedCheckpoint, checkpoint_of, latest_checkpoint, verifier_keys
from audit.selectors.search_index import check_searched
from audit.selectors.tiles import read_tile
from govapp.common.errors import Conflict, NotFound
from govapp.common.ids import public_id

LEANED_ON: Final = ("ledger.key_created", "ledger.key_rotated", "ledger.pruned")
"""Events that go along with every pack: which keys are the log's, and what was pruned."""

PERIOD: Final = {"since", "until"}


def _here(_words: str, _count: int) -> AbstractContextManager[None]:
    """Read in the transaction that is open already."""
    return nullcontext()


@dataclass(frozen=True)
class Chosen:
    """What somebody chose to have in a pack, beside the filter."""

    redact: frozenset[str] = frozenset()
    report_id: UUID | None = None


NOTHING: Final = Chosen()


def signed_checkpoint(size: int | None = None) -> SignedCheckpoint:
    """Return what a pack is made of: the newest, or that of a size. Raises `Conflict` without."""
    checkpoint = latest_checkpoint() if size is None else checkpoint_of(size)
    if checkpoint is None:
        raise Conflict("Nothing stands in the signed record yet; try again in a few seconds.")
    return checkpoint


def pack_contents(
    wanted: EventFilter,
    *,
    exporter: Actor,
    made_at: datetime,
    size: int | None = None,
    chosen: Chosen = NOTHING,
    reading: Reading = _here,
) -> tuple[PackContents, int]:
    """Return the contents of a pack, and how many leaves it has.

    They read the database while they are written, each page within `reading`; this itself is
    called inside of a transaction. `size` is that of a checkpoint, the newest without it. A filter
    by days alone gives every event between the first and the last of them, so that the pack shows
    that none is missing; any other is a selection. Raises `Malformed` for a filter that makes no
    sense, `Conflict` when nothing is signed yet or a search does not reach that far, `NotFound`
    without that report.
    """
    checkpoint = signed_checkpoint(size)
    report, report_index = packed_report(chosen.report_id, checkpoint.size)
    scope = pack_scope(wanted, checkpoint.size, report_index)
    keys = _keys(checkpoint.size)
    vouching, anchored = _vouching(checkpoint.size)
    contents = PackContents(
        origin=checkpoint.vkey.split("+", 1)[0],
        size=checkpoint.size,
        root=checkpoint.root,
        note=checkpoint.note,
        keys=keys,
        read_tile=_tiles(reading),
        leaves=leaves_of(scope, reading),
        values=values_of(scope, chosen.redact, reading),
        scope=scope.said,
        supporting=scope.leaned_on,
        query=wanted.chosen(),
        time_zone=wanted.zone,
        exporter={"kind": exporter.kind, "id": exporter.id, "name": exporter.name},
        made_at=made_at,
        older_notes=_older(scope, keys, checkpoint.size, anchored),
        vouching=vouching,
        report=report,
        redacted=chosen.redact,
    )
    return contents, scope.total


def _tiles(reading: Reading) -> ReadTile:
    def read(level: int, index: int) -> bytes:
        with reading("Writing proofs", 0):
            return read_tile(level, index)

    return read


def pack_scope(wanted: EventFilter, size: int, report_index: int | None) -> PackScope:
    """Return which leaves of the tree at a size a pack of this filter has."""
    leaned_on = set(_indices(Q(type__in=LEANED_ON), size))
    if report_index is not None:
        leaned_on.add(report_index)
    asked = wanted.condition()
    leaned_on |= asked_in_run(wanted, size)
    if set(wanted.chosen()) <= PERIOD:
        ends = LedgerEvent.objects.filter(asked, leaf_rows__index__lt=size).aggregate(
            first=Min("leaf_rows__index"), last=Max("leaf_rows__index")
        )
        places = [*pruned_places(wanted), *(each for each in ends.values() if each is not None)]
        if places:
            first, last = min(places), max(places)
            beside = sorted(index for index in leaned_on if not first <= index <= last)
            return PackScope(
                {"kind": "complete", "first": first, "last": last},
                range(first, last + 1),
                beside,
                frozenset(beside),
            )
    matching = array("q", _matching(wanted, size))
    if wanted.is_searched:
        check_searched(size)
    supporting = leaned_on - set(matching)
    others = array("q", merge(matching, sorted(supporting)))
    return PackScope(
        {"kind": "selection", **_instants(wanted)}, range(0), others, frozenset(supporting)
    )


def pruned_places(wanted: EventFilter) -> list[int]:
    """Return the ends of what was pruned of a period: its hashes go along."""
    start, end = wanted.instants()
    overlap = Q()
    if start is not None:
        overlap &= Q(last_at__gte=start)
    if end is not None:
        overlap &= Q(first_at__lt=end)
    ends = PrunedRange.objects.filter(overlap).aggregate(first=Min("first"), last=Max("last"))
    return [int(each) for each in ends.values() if each is not None]


def _matching(wanted: EventFilter, size: int) -> Iterator[int]:
    """Yield the indices of a selection; they are kept, with eight bytes each."""
    events = select_events(wanted).values("pk")
    rows = LedgerLeaf.objects.filter(event__in=events, index__lt=size).order_by("index")
    yield from rows.values_list("index", flat=True).iterator(chunk_size=10_000)


def _indices(wanted: Q, size: int) -> list[int]:
    rows = LedgerEvent.objects.filter(wanted, leaf_rows__index__lt=size)
    return list(rows.values_list("leaf_rows__index", flat=True))


def _instants(wanted: EventFilter) -> dict[str, str]:
    """The period as instants: whoever verifies needs no time zone."""
    found = {}
    for name, moment in zip(("from", "until"), wanted.instants(), strict=True):
        if moment is not None:
            found[name] = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return found


def _keys(size: int) -> list[KeySpan]:
    """Return every key that the log had at a size, oldest first."""
    return [
        KeySpan(key.vkey, key.from_size, key.until_size)
        for key in verifier_keys()
        if key.from_size <= size
    ]


def _vouching(size: int) -> tuple[Vouching | None, tuple[int, str] | None]:
    """Return who vouches for a checkpoint up to this size, and that checkpoint."""
    anchor = anchor_of(size)
    if anchor is None:
        return None, None
    vouching = Vouching(
        entry=anchor.entry,
        index=anchor.index,
        path=anchor.path,
        directory_note=anchor.directory_note,
        directory_vkey=anchor.directory_vkey,
        witness_vkeys=anchor.witness_vkeys,
        time_stamps=anchor.time_stamps,
    )
    return vouching, (anchor.tenant_size, anchor.tenant_note)


def _older(
    scope: PackScope, keys: list[KeySpan], size: int, anchored: tuple[int, str] | None
) -> list[tuple[int, str]]:
    """Return older checkpoints that matter: at the beginning, at changes of keys, the anchored."""
    found = {anchored[0]: anchored[1]} if anchored else {}
    first = scope.said.get("first", 0)
    wanted = [Q(size__lte=first)]
    for older, newer in pairwise(keys):
        until = Q() if older.until_size is None else Q(size__lte=older.until_size)
        wanted.append(Q(size__gte=newer.from_size) & until)
    for each in wanted:
        rows = LedgerCheckpoint.objects.filter(each).order_by("-size")
        for row in rows.values_list("size", "note")[:1]:
            found[row[0]] = row[1]
    return sorted((at, note) for at, note in found.items() if 0 < at < size)


def packed_report(report_id: UUID | None, size: int) -> tuple[PackedReport | None, int | None]:
    """Return a report with the index of its event. Raises `NotFound`, or `Conflict` for now."""
    if report_id is None:
        return None, None
    report = Report.objects.filter(pk=report_id, status=ReportStatus.READY).first()
    if report is None or report.content is None:
        raise NotFound("There is no finished report of this name.")
    finished = Q(type="report.finished", subject_id=public_id("rep", report_id))
    row = LedgerEvent.objects.filter(finished, leaf_rows__index__lt=size)
    found = row.values_list("pk", "leaf_rows__index").first()
    if found is None:
        raise Conflict("The report gets its place in the record within seconds; try again.")
    return PackedReport(bytes(report.content), public_id("ev", found[0])), found[1]
