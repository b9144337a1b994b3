"""The directory log grows: one entry for each tenant's log that has a new checkpoint.

Everything of one growth is in one transaction under the lock of the directory's row: entries,
full tiles, the signed checkpoint. What a witness has cosigned is never taken back: the tree only
grows. No event is recorded of it, in no tenant's record: it would be the next thing to anchor.
Sources: C2SP tlog-tiles, tlog-checkpoint; design page audit.md, "Prove".
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import structlog
from django.db import transaction

from audit.doors import checkpoints_to_anchor
from audit.merkle.note import Checkpoint, LogKey, sign_checkpoint, text_of
from audit.merkle.tiles import Growth, grow
from audit.merkle.tree import Frontier, leaf_hash
from audit.models import (
    DirectoryCheckpoint,
    DirectoryEntry,
    DirectoryKey,
    DirectoryLog,
    DirectoryTile,
)
from audit.selectors.directory import read_directory_tile
from audit.services.directory_keys import create_directory_key, keys_in_use
from audit.services.signing import LedgerBroken
from audit.transports.checkpoint_file import publish_checkpoint
from govapp.common import clock
from govapp.common.sealing import unseal

log = structlog.get_logger(__name__)

BATCH: Final = 5_000
"""Logs taken in one transaction; what is left is taken by the next."""


def grow_directory(*, batch: int = BATCH) -> int:
    """Enter the newest checkpoint of each log that has grown; return how many were entered.

    0 means that no log has grown or that another process is at it. Raises
    `audit.services.signing.LedgerBroken` when the stored tree is not what was signed.
    """
    with transaction.atomic():
        directory = _locked_directory()
        if directory is None:
            return 0
        found = checkpoints_to_anchor.call(batch)
        if not found:
            return 0
        _enter(directory, found)
        return len(found)


def _locked_directory() -> DirectoryLog | None:
    """Lock and return the directory, made when there is none; None when it is taken."""
    locking = DirectoryLog.objects.select_for_update(skip_locked=True)
    found = locking.first()
    if found is None and not DirectoryLog.objects.exists():
        origin = f"directory.govapp.example/{secrets.token_hex(16)}"
        made = DirectoryLog(origin=origin, frontier=Frontier().to_bytes())
        # Two may find none at once: the second waits here, and uses the first's.
        DirectoryLog.objects.bulk_create([made], ignore_conflicts=True)
        found = locking.first()
    if found is not None and not DirectoryKey.objects.exists():
        create_directory_key(found.origin, from_size=1)
    return found


@dataclass(frozen=True)
class Entered:
    """One entry on its way in: `origin` and `size` are its first two lines."""

    text: str
    origin: str
    size: int


def _enter(directory: DirectoryLog, found: Sequence[dict[str, Any]]) -> None:
    """Enter checkpoints of tenants' logs."""
    entries = [Entered(text_of(row["note"]), row["origin"], row["size"]) for row in found]
    enter_all(directory, entries)


def enter_all(directory: DirectoryLog, entries: Sequence[Entered]) -> None:
    """Extend the tree by these entries and sign it, under the lock of the directory's row."""
    before = Frontier.from_bytes(bytes(directory.frontier))
    _check_signed(before)
    leaves = [leaf_hash(entry.text.encode()) for entry in entries]
    growth = grow(before.size, leaves, read_directory_tile)
    after = before.extend(leaves)
    if growth.root != after.root() or before.size != directory.size:
        # Two ways to the same root, from different rows: when they part, a row was changed.
        raise LedgerBroken("the tiles and the frontier of the directory have different roots")
    DirectoryEntry.objects.bulk_create(
        [
            DirectoryEntry(
                index=before.size + number,
                text=entry.text,
                leaf_hash=leaves[number],
                origin=entry.origin,
                size=entry.size,
            )
            for number, entry in enumerate(entries)
        ]
    )
    DirectoryTile.objects.bulk_create(
        [
            DirectoryTile(level=tile.level, index=tile.index, data=tile.data)
            for tile in growth.tiles
            if tile.is_full
        ]
    )
    _sign(directory, growth)
    directory.size, directory.frontier = after.size, after.to_bytes()
    directory.save(update_fields=["size", "frontier"])


def _check_signed(before: Frontier) -> None:
    last = DirectoryCheckpoint.objects.order_by("-size").first()
    if (last.size if last else 0) != before.size or (last and bytes(last.root) != before.root()):
        raise LedgerBroken("the last checkpoint of the directory is not of its present tree")


def _sign(directory: DirectoryLog, growth: Growth) -> None:
    """Sign with every key in use; `directory.size` is still the size before."""
    now = clock.now()
    keys = [_opened(directory, row) for row in keys_in_use(directory, now)]
    if not keys:
        raise LedgerBroken("the directory has no key to sign with")
    signed = Checkpoint(directory.origin, growth.size, growth.root)
    note = sign_checkpoint(signed, key=keys[0], also=keys[1:])
    DirectoryCheckpoint.objects.create(size=growth.size, root=growth.root, note=note, signed_at=now)
    transaction.on_commit(partial(publish_checkpoint, vkey=keys[-1].verifier.encode(), note=note))


def _opened(directory: DirectoryLog, row: DirectoryKey) -> LogKey:
    key = LogKey.from_seed(directory.origin, unseal(bytes(row.private_key_sealed)))
    if key.verifier.public_key != bytes(row.public_key):
        raise LedgerBroken("the signing key of the directory is not the published one")
    return key
