"""What was pruned: by which events, which indexes, and what that means for a reader.

A `ledger.pruned` is believed when its bytes hash to its leaf, and the leaf leads to a signed root.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec
from django.db.models import OuterRef, Subquery

from audit.merkle.note import Checkpoint, NoteInvalid, VerifierKey, open_checkpoint
from audit.merkle.proofs import ProofInvalid, verify_inclusion
from audit.merkle.tiles import TileInvalid, prove_inclusion
from audit.merkle.tree import leaf_hash
from audit.models import LedgerEvent, LedgerLeaf, PrunedRange
from audit.selectors.proofs import latest_checkpoint
from audit.selectors.tiles import read_tile
from govapp.common.ids import public_id

PRUNED: Final = "ledger.pruned"


class _Range(msgspec.Struct):
    first: int
    last: int


class _Data(msgspec.Struct):
    ranges: list[_Range]
    ids_sha256: str = ""


class _Told(msgspec.Struct):
    """The parts of a body that say what was pruned."""

    type: str
    at: datetime
    data: _Data


@dataclass(frozen=True)
class ReadPruning:
    """What one event says was pruned; `fault` is why it is not believed, or empty."""

    event_id: UUID
    index: int
    ranges: tuple[range, ...] = ()
    fault: str = ""
    ids_sha256: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class PrunedEvent:
    """An event whose leaf alone is left: when and by which event it was pruned."""

    index: int
    leaf: bytes
    pruned_at: datetime
    by_event: str


@dataclass(frozen=True)
class PrunedUpto:
    """How far the record was pruned last: no more than a hint for whoever reads it."""

    index: int
    at: datetime
    by_event: str


def read_prunings() -> list[ReadPruning]:
    """Return what every `ledger.pruned` of the bound tenant's tree says, oldest first.

    The signatures are not the database's word: see `verify_tenant` for the keys behind them.
    """
    rows = LedgerLeaf.objects.filter(event__type=PRUNED, index__gte=0).order_by("index")
    found = list(rows.values_list("event_id", "index", "event__body"))
    signed = latest_checkpoint() if found else None
    if signed is None:
        return []
    try:
        checkpoint = open_checkpoint(signed.note, verifier=VerifierKey.decode(signed.vkey))
    except NoteInvalid as error:
        return [ReadPruning(ident, index, fault=str(error)) for ident, index, _ in found]
    tiles = lru_cache(maxsize=1024)(read_tile)
    found = [each for each in found if each[1] < checkpoint.size]
    return [
        _read(ident, index, bytes(body or b""), checkpoint, tiles) for ident, index, body in found
    ]


def merged(ranges: Iterable[range]) -> tuple[range, ...]:
    """Return the ranges in order, those that touch or overlap as one."""
    whole: list[range] = []
    for each in sorted(ranges, key=lambda one: (one.start, one.stop)):
        if whole and each.start <= whole[-1].stop:
            whole[-1] = range(whole[-1].start, max(whole[-1].stop, each.stop))
        elif each:
            whole.append(each)
    return tuple(whole)


def digest_of_ids(ids: Iterable[UUID]) -> str:
    """Return what binds pruned leaves to the ids of their events, given in the order of indexes.

    A leaf's hash binds its id only through the body, which is gone: SHA-256 over their 16 bytes
    each, in hex, is in the event that names the ranges.
    """
    return sha256(b"".join(each.bytes for each in ids)).hexdigest()


def runs_of(indexes: Sequence[int]) -> list[range]:
    """Return rising indexes as runs without a gap."""
    runs: list[range] = []
    for index in indexes:
        if runs and runs[-1].stop == index:
            runs[-1] = range(runs[-1].start, index + 1)
        else:
            runs.append(range(index, index + 1))
    return runs


def find_pruned(event_id: UUID) -> PrunedEvent | None:
    """Return what is left of an event that was pruned; None when it was not. Two queries."""
    leaf = LedgerLeaf.objects.filter(event_id=event_id).first()
    if leaf is None:
        return None
    row = PrunedRange.objects.filter(first__lte=leaf.index).order_by("-first").first()
    if row is None or row.last < leaf.index:
        return None
    return PrunedEvent(
        leaf.index, bytes(leaf.leaf_hash), row.pruned_at, public_id("ev", row.event_id)
    )


def pruned_upto() -> PrunedUpto | None:
    """Return the last index that is gone and when it went; None when nothing ever was pruned."""
    row = PrunedRange.objects.order_by("-first").first()
    return PrunedUpto(row.last, row.pruned_at, public_id("ev", row.event_id)) if row else None


def pruned_sentence(size: int | None = None) -> str:
    """Say for a reader of the record, or of its first `size` events, that some of it is gone.

    Made from the record alone; "" when nothing is. One query.
    """
    # By the events' own index: there are few of them, and a leaf knows nothing of types.
    index = LedgerLeaf.objects.filter(event_id=OuterRef("pk")).values("index")[:1]
    rows = LedgerEvent.objects.filter(type=PRUNED).annotate(index=Subquery(index))
    rows = rows.filter(index__isnull=False) if size is None else rows.filter(index__lt=size)
    names = ("pk", "occurred_at", "body")
    newest = rows.order_by("-occurred_at", "-pk").values_list(*names).first()
    if newest is None:
        return ""
    event_id, at, body = newest
    try:
        told = msgspec.json.decode(bytes(body), type=_Told)
    except msgspec.MsgspecError:
        return ""
    last = max((each.last for each in told.data.ranges), default=0)
    return (
        f"Older events, up to index {last}, were pruned, the last of them on {at:%Y-%m-%d}"
        f" ({public_id('ev', event_id)}): their hashes are here, what they said is not."
    )


def _read(
    event_id: UUID,
    index: int,
    body: bytes,
    checkpoint: Checkpoint,
    tiles: Callable[[int, int], bytes],
) -> ReadPruning:
    try:
        verify_inclusion(
            leaf=leaf_hash(body),
            index=index,
            size=checkpoint.size,
            proof=prove_inclusion(index, checkpoint.size, tiles),
            root=checkpoint.root,
        )
        told = msgspec.json.decode(body, type=_Told)
    except (ProofInvalid, TileInvalid) as error:
        return ReadPruning(event_id, index, fault=f"it does not fit the signed record: {error}")
    except msgspec.MsgspecError:
        return ReadPruning(event_id, index, fault="it does not say what was pruned")
    ranges = tuple(range(each.first, each.last + 1) for each in told.data.ranges)
    if told.type != PRUNED or any(not 0 <= each.start < each.stop <= index for each in ranges):
        fault = "it names indexes that it cannot have pruned"
        return ReadPruning(event_id, index, fault=fault)
    return ReadPruning(event_id, index, ranges, ids_sha256=told.data.ids_sha256, at=told.at)
