"""What an evidence pack is made of, read from the bound tenant's record as the pack is written."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from django.db.models import Max, Min, OuterRef, Q, QuerySet, Subquery

from audit.actors import Actor
from audit.models import (
    LedgerCheckpoint,
    LedgerEvent,
    LedgerLeaf,
    PrunedRange,
    Report,
    ReportStatus,
)
from audit.packs.contents import (
    KeySpan,
    PackContents,
    PackedLeaf,
    PackedReport,
    PackedValue,
    Vouching,
)
from audit.selectors.anchors import anchor_of
from audit.selectors.disclosures import disclosures_of
from audit.selectors.events import EventFilter, select_events
from audit.selectors.proofs import latest_checkpoint, verifier_keys
from audit.selectors.tiles import read_tile
from govapp.common.errors import Conflict, NotFound
from govapp.common.ids import public_id

LEANED_ON: Final = ("ledger.key_created", "ledger.key_rotated", "ledger.pruned")
"""Events that go along with every pack: which keys are the log's, and what was pruned."""

_PERIOD: Final = {"since", "until"}
_AT_ONCE: Final = 1000


@dataclass(frozen=True)
class _Scope:
    """Which leaves a pack has: those of `rows` that `wanted` names, and `leaned_on`."""

    said: dict[str, Any]
    wanted: Q
    leaned_on: frozenset[int]

    def rows(self) -> QuerySet[LedgerLeaf]:
        chosen = self.wanted | Q(index__in=self.leaned_on)
        return LedgerLeaf.objects.filter(chosen).order_by("index")


def pack_contents(
    wanted: EventFilter,
    *,
    exporter: Actor,
    made_at: datetime,
    redact: frozenset[str] = frozenset(),
    report_id: UUID | None = None,
) -> PackContents:
    """Return the contents of a pack. They read the database while they are written.

    A filter by days alone gives every event between the first and the last of them, so that the
    pack shows that none is missing; any other is a selection. Raises `Malformed` for a filter that
    makes no sense, `Conflict` when nothing is signed yet, `NotFound` without that report.
    """
    checkpoint = latest_checkpoint()
    if checkpoint is None:
        raise Conflict("Nothing stands in the signed record yet; try again in a few seconds.")
    report, report_index = _report(report_id, checkpoint.size)
    scope = _scope(wanted, checkpoint.size, report_index)
    keys = _keys(checkpoint.size)
    vouching, anchored = _vouching(checkpoint.size)
    return PackContents(
        origin=checkpoint.vkey.split("+", 1)[0],
        size=checkpoint.size,
        root=checkpoint.root,
        note=checkpoint.note,
        keys=keys,
        read_tile=read_tile,
        leaves=lambda: _leaves(scope),
        values=_values(scope, redact),
        scope=scope.said,
        supporting=scope.leaned_on,
        query=wanted.chosen(),
        time_zone=wanted.zone,
        exporter={"kind": exporter.kind, "id": exporter.id, "name": exporter.name},
        made_at=made_at,
        older_notes=_older(scope, keys, checkpoint.size, anchored),
        vouching=vouching,
        report=report,
        redacted=redact,
    )


def _scope(wanted: EventFilter, size: int, report_index: int | None) -> _Scope:
    leaned_on = set(_indices(Q(type__in=LEANED_ON), size))
    if report_index is not None:
        leaned_on.add(report_index)
    asked = wanted.condition()
    if set(wanted.chosen()) <= _PERIOD:
        ends = LedgerEvent.objects.filter(asked, leaf_rows__index__lt=size).aggregate(
            first=Min("leaf_rows__index"), last=Max("leaf_rows__index")
        )
        places = [*_pruned_places(wanted), *(each for each in ends.values() if each is not None)]
        if places:
            first, last = min(places), max(places)
            return _Scope(
                {"kind": "complete", "first": first, "last": last},
                Q(index__gte=first, index__lte=last),
                frozenset(index for index in leaned_on if not first <= index <= last),
            )
    matching = set(_indices(asked & Q(type__in=LEANED_ON), size))
    events = select_events(wanted).values("pk")
    return _Scope(
        {"kind": "selection", **_instants(wanted)},
        Q(event__in=events, index__lt=size),
        frozenset(leaned_on - matching),
    )


def _pruned_places(wanted: EventFilter) -> list[int]:
    """Return the ends of what was pruned of a period: its hashes go along."""
    start, end = wanted.instants()
    overlap = Q()
    if start is not None:
        overlap &= Q(last_at__gte=start)
    if end is not None:
        overlap &= Q(first_at__lt=end)
    ends = PrunedRange.objects.filter(overlap).aggregate(first=Min("first"), last=Max("last"))
    return [int(each) for each in ends.values() if each is not None]


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


def _leaves(scope: _Scope) -> Iterator[PackedLeaf]:
    # Not through the reference, which would leave out the leaves of events that were pruned.
    body = LedgerEvent.objects.filter(pk=OuterRef("event_id")).values("body")
    rows = scope.rows().values_list("index", "leaf_hash", Subquery(body))
    for index, leaf, body in rows.iterator(chunk_size=_AT_ONCE):
        yield PackedLeaf(index, bytes(leaf), None if body is None else bytes(body))


def _values(scope: _Scope, redact: frozenset[str]) -> Callable[[], Iterator[PackedValue]]:
    """Return what yields the personal values of the events, in order."""

    def values() -> Iterator[PackedValue]:
        rows = scope.rows().values_list("event_id", "event__body")
        batch: list[tuple[UUID, bytes]] = []
        for ident, body in rows.iterator(chunk_size=_AT_ONCE):
            if redact and body is not None and b'"personal"' not in bytes(body):
                _refuse_old(bytes(body))
            if body is not None and b'"personal"' in bytes(body):
                batch.append((ident, bytes(body)))
            if len(batch) == _AT_ONCE:
                yield from _told(batch, redact)
                batch = []
        yield from _told(batch, redact)

    return values


def _refuse_old(body: bytes) -> None:
    if json.loads(body).get("v") == 1:
        raise Conflict(
            "Some of these events are of the first version, which holds names in the hashed bytes:"
            " they cannot be left out."
        )


def _told(batch: list[tuple[UUID, bytes]], redact: frozenset[str]) -> Iterator[PackedValue]:
    opened = _opened([ident for ident, _ in batch])
    for ident, body in batch:
        name = public_id("ev", ident)
        personal = json.loads(body).get("personal") or {}
        for number in sorted(map(int, personal)):
            entry = personal[str(number)]
            found = opened.get((ident, number))
            if found is None:
                yield PackedValue(name, number, entry["of"], withheld="erased")
            elif entry.get("kind") in redact:
                yield PackedValue(name, number, entry["of"], withheld="redacted")
            else:
                yield PackedValue(name, number, entry["of"], found[0], found[1])


def _opened(event_ids: list[UUID]) -> dict[tuple[UUID, int], tuple[bytes, str]]:
    """Return salt and value of each commitment that can be opened, by event and number."""
    return {
        (each.event_id, each.number): (each.salt, each.value) for each in disclosures_of(event_ids)
    }


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
    scope: _Scope, keys: list[KeySpan], size: int, anchored: tuple[int, str] | None
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


def _report(report_id: UUID | None, size: int) -> tuple[PackedReport | None, int | None]:
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
