"""What others vouch for: the anchor of a tenant's checkpoint in the installation's directory log.

The directory log holds one entry for each tenant checkpoint that was taken; witnesses cosign its
checkpoints, and time-stamping authorities stamp them. Sources: C2SP tlog-checkpoint,
tlog-cosignature, RFC 3161; design page audit.md, "Prove".
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Max

from audit.merkle.cosignature import with_cosignatures
from audit.merkle.tiles import prove_inclusion
from audit.models import (
    Cosignature,
    DirectoryCheckpoint,
    DirectoryEntry,
    LedgerCheckpoint,
    LedgerLog,
    TimeStamp,
    Voucher,
    VoucherKind,
)
from audit.selectors.directory import (
    REFUSED,
    Asked,
    asked_vouchers,
    directory_key,
    read_directory_tile,
)

_LOOKED_AT: Final = 100
"""How many of the next stamps are looked at for one that is cosigned as well."""


@dataclass(frozen=True)
class Anchor:
    """That a checkpoint of a tenant stands in the directory log, and who vouches for that log.

    `entry` is the text part of the tenant's checkpoint note (UTF-8), `index` its leaf in the
    directory, `path` its inclusion proof (RFC 6962) under the root of `directory_note`. Each of
    `time_stamps` is an RFC 3161 token (DER, a CMS ContentInfo) whose imprint is the SHA-256 of the
    text part of `directory_note`, its final newline included. `directory_vkey` is the newest of the
    keys that signed it. `at` is when the directory's
    checkpoint was signed, by the database's clock. `tenant_note` is the tenant's own signed note
    of `tenant_size` leaves, whose text is `entry`.
    """

    entry: bytes
    index: int
    path: tuple[bytes, ...]
    directory_note: str  # with the cosignature lines of the witnesses
    directory_vkey: str
    witness_vkeys: tuple[str, ...]  # of the cosignatures in `directory_note`
    time_stamps: tuple[bytes, ...]
    at: datetime
    tenant_note: str
    tenant_size: int


def anchor_of(size: int) -> Anchor | None:
    """Return the newest anchor of the bound tenant's log at `size` leaves or fewer.

    The newest entry that somebody vouches for, or the newest one at all while nobody does; under
    the directory's first checkpoint that is both cosigned and stamped, else cosigned, else
    stamped. None when no checkpoint up to this size was taken yet. Nine queries at most.
    """
    ledger = LedgerLog.objects.first()
    entry = _entry(ledger.origin, size) if ledger is not None else None
    if entry is None:
        return None
    tenant_note = LedgerCheckpoint.objects.values_list("note", flat=True).get(size=entry.size)
    checkpoint = _checkpoint(entry.index)
    key = directory_key(checkpoint.size)
    if key is None:
        return None
    cosignatures = list(checkpoint.cosignatures.order_by("vkey"))
    stamps = checkpoint.time_stamps.order_by("url").values_list("token", flat=True)
    return Anchor(
        entry=entry.text.encode(),
        index=entry.index,
        path=prove_inclusion(entry.index, checkpoint.size, read_directory_tile),
        directory_note=with_cosignatures(checkpoint.note, [row.line for row in cosignatures]),
        directory_vkey=key.encode(),
        witness_vkeys=tuple(row.vkey for row in cosignatures),
        time_stamps=tuple(bytes(token) for token in stamps),
        at=checkpoint.signed_at,
        tenant_note=tenant_note,
        tenant_size=entry.size,
    )


def _entry(origin: str, size: int) -> DirectoryEntry | None:
    entries = DirectoryEntry.objects.filter(origin=origin, size__lte=size).order_by("-size")
    vouched = max(
        Cosignature.objects.aggregate(size=Max("checkpoint_id"))["size"] or 0,
        TimeStamp.objects.aggregate(size=Max("checkpoint_id"))["size"] or 0,
    )
    return entries.filter(index__lt=vouched).first() or entries.first()


def _checkpoint(index: int) -> DirectoryCheckpoint:
    """Return the directory's checkpoint with the most to say about this leaf, the earliest."""
    stamped = list(
        TimeStamp.objects.filter(checkpoint_id__gt=index)
        .order_by("checkpoint_id")
        .values_list("checkpoint_id", flat=True)[:_LOOKED_AT]
    )
    cosigned = Cosignature.objects.order_by("checkpoint_id").values_list("checkpoint_id", flat=True)
    size = (
        cosigned.filter(checkpoint_id__in=stamped).first()
        or cosigned.filter(checkpoint_id__gt=index).first()
        or next(iter(stamped), None)
    )
    if size is not None:
        return DirectoryCheckpoint.objects.get(size=size)
    return DirectoryCheckpoint.objects.filter(size__gt=index).order_by("size")[:1].get()


@dataclass(frozen=True)
class Vouching:
    """What one witness or authority vouches for, for people: `size` is the tenant's."""

    name: str
    kind: VoucherKind
    size: int
    at: datetime | None  # by its own clock
    failure: str  # its last one, when it has not answered since
    attempts: int
    answered_at: datetime | None  # by our clock


@dataclass(frozen=True)
class Anchoring:
    """How far the bound tenant's record is anchored."""

    size: int  # of the tenant's newest checkpoint in the directory
    at: datetime | None  # when it was taken into the directory
    vkey: str  # of the directory; "" before its first checkpoint
    vouchers: tuple[Vouching, ...]

    @property
    def vouched(self) -> Vouching | None:
        """Who vouches for the most of the record, the latest of several."""
        found = [each for each in self.vouchers if each.size and each.at]
        return max(found, key=lambda each: (each.size, each.at), default=None)

    @property
    def is_failing(self) -> bool:
        """Whether somebody who is asked did not answer the last time."""
        return any(each.failure for each in self.vouchers)

    @property
    def is_refused(self) -> bool:
        """Whether a witness has seen another history of the directory."""
        return any(each.failure == REFUSED for each in self.vouchers)


def read_anchoring() -> Anchoring:
    """Return where the bound tenant's record stands with those who vouch for it.

    Four queries, and three for each of those who are asked.
    """
    key, ledger = directory_key(), LedgerLog.objects.first()
    origin = ledger.origin if ledger is not None else ""
    entry = DirectoryEntry.objects.filter(origin=origin).order_by("-size").first()
    rows = {row.name: row for row in Voucher.objects.all()}
    taken = DirectoryCheckpoint.objects.filter(size__gt=entry.index) if entry else None
    first = taken.order_by("size").first() if taken is not None else None
    return Anchoring(
        size=entry.size if entry else 0,
        at=first.signed_at if first else None,
        vkey=key.encode() if key else "",
        vouchers=tuple(_vouching(each, rows.get(each.name), origin) for each in asked_vouchers()),
    )


def _vouching(asked: Asked, row: Voucher | None, origin: str) -> Vouching:
    known = row.size if row else 0
    entries = DirectoryEntry.objects.filter(origin=origin, index__lt=known).order_by("-size")
    entry = entries.first() if known else None
    at: datetime | None = None
    if entry is not None and asked.kind == VoucherKind.WITNESS:
        found = Cosignature.objects.filter(vkey=asked.name, checkpoint_id__gt=entry.index)
        at = found.order_by("checkpoint_id").values_list("witnessed_at", flat=True).first()
    elif entry is not None:
        stamps = TimeStamp.objects.filter(url=asked.name, checkpoint_id__gt=entry.index)
        at = stamps.order_by("checkpoint_id").values_list("stamped_at", flat=True).first()
    return Vouching(
        name=asked.words,
        kind=asked.kind,
        size=entry.size if entry else 0,
        at=at,
        failure=row.failure if row else "",
        attempts=row.attempts if row else 0,
        answered_at=row.vouched_at if row else None,
    )


def unanchored_since(asked: Asked) -> datetime | None:
    """Return since when this one has owed the bound tenant an answer; None when it does not.

    Three queries.
    """
    ledger = LedgerLog.objects.first()
    size = Voucher.objects.filter(name=asked.name).values_list("size", flat=True).first() or 0
    owed = DirectoryEntry.objects.filter(
        origin=ledger.origin if ledger is not None else "", index__gte=size
    )
    first = owed.order_by("size").first()
    if first is None:
        return None
    rows = DirectoryCheckpoint.objects.filter(size__gt=first.index).order_by("size")
    return rows.values_list("signed_at", flat=True).first()
