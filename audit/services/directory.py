"""The directory log grows: one entry for each tenant's log that has a new checkpoint.

Everything of one growth is in one transaction under the lock of the directory's row: entries,
full tiles, the signed checkpoint. What a witness has cosigned is never taken back: the tree only
grows. No event is recorded of it, in no tenant's record: it would be the next thing to anchor.
Sources: C2SP tlog-tiles, tlog-checkpoint; design page audit.md, "Prove".
"""

import secrets
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import structlog
from django.db import transaction

from audit.doors import checkpoints_to_anchor
from audit.merkle.note import Checkpoint, LogKey, sign_checkpoint, text_of
from audit.merkle.tiles import Growth, grow
from audit.merkle.tree import Frontier, leaf_hash
from audit.models import DirectoryCheckpoint, DirectoryEntry, DirectoryLog, DirectoryTile
from audit.selectors.directory import read_directory_tile
from audit.services.sequencer import LedgerBroken
from audit.transports.checkpoint_file import publish_checkpoint
from govapp.common import clock
from govapp.common.sealing import seal, unseal

log = structlog.get_logger(__name__)

BATCH: Final = 5_000
"""Logs taken in one transaction; what is left is taken by the next."""


def grow_directory(*, batch: int = BATCH) -> int:
    """Enter the newest checkpoint of each log that has grown; return how many were entered.

    0 means that no log has grown or that another process is at it. Raises
    `audit.services.sequencer.LedgerBroken` when the stored tree is not what was signed.
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
        key = LogKey.generate(f"directory.govapp.example/{secrets.token_hex(16)}")
        made = DirectoryLog(
            origin=key.name,
            public_key=key.verifier.public_key,
            private_key_sealed=seal(key.seed),
            frontier=Frontier().to_bytes(),
        )
        # Two may find none at once: the second waits here, and uses the first's.
        DirectoryLog.objects.bulk_create([made], ignore_conflicts=True)
        found = locking.first()
    return found


def _enter(directory: DirectoryLog, found: Sequence[dict[str, Any]]) -> None:
    before = Frontier.from_bytes(bytes(directory.frontier))
    _check_signed(before)
    texts = [text_of(row["note"]) for row in found]
    leaves = [leaf_hash(text.encode()) for text in texts]
    growth = grow(before.size, leaves, read_directory_tile)
    after = before.extend(leaves)
    if growth.root != after.root() or before.size != directory.size:
        # Two ways to the same root, from different rows: when they part, a row was changed.
        raise LedgerBroken("the tiles and the frontier of the directory have different roots")
    DirectoryEntry.objects.bulk_create(
        [
            DirectoryEntry(
                index=before.size + number,
                text=texts[number],
                leaf_hash=leaves[number],
                origin=row["origin"],
                size=row["size"],
            )
            for number, row in enumerate(found)
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
    key = LogKey.from_seed(directory.origin, unseal(bytes(directory.private_key_sealed)))
    if key.verifier.public_key != bytes(directory.public_key):
        raise LedgerBroken("the signing key of the directory is not the published one")
    note = sign_checkpoint(Checkpoint(directory.origin, growth.size, growth.root), key=key)
    DirectoryCheckpoint.objects.create(
        size=growth.size, root=growth.root, note=note, signed_at=clock.now()
    )
    transaction.on_commit(partial(publish_checkpoint, vkey=key.verifier.encode(), note=note))
