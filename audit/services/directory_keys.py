"""The keys of the directory log: one takes over from another, and both sign for a while.

Who has pinned the old key, a witness above all, has the overlap to learn of the new one. The entry
that names it stands in the directory itself, under a checkpoint that both keys sign.
"""

from collections.abc import Sequence
from datetime import datetime

from audit.merkle.note import LogKey, VerifierKey
from audit.models import DirectoryKey, DirectoryLog
from audit.models.keys import DESTROYED
from govapp.common.sealing import seal


def create_directory_key(origin: str, *, from_size: int) -> VerifierKey:
    """Make a key that signs every checkpoint of `from_size` entries or more."""
    key = LogKey.generate(origin)
    DirectoryKey.objects.create(
        from_size=from_size,
        public_key=key.verifier.public_key,
        private_key_sealed=seal(key.seed),
    )
    return key.verifier


def keys_in_use(directory: DirectoryLog, now: datetime) -> Sequence[DirectoryKey]:
    """Return the keys that sign now, oldest first; the newest never retires by itself.

    A key whose time is over is destroyed, and signs no more. Under the directory's lock.
    """
    rows = list(DirectoryKey.objects.filter(until_size=None).order_by("from_size"))
    for row in rows[:-1]:
        # A key that has not signed the tree in which its successor stands has not vouched for it.
        if row.retires_at and row.retires_at <= now and rows[-1].from_size <= directory.size:
            row.until_size, row.private_key_sealed = directory.size, DESTROYED
            row.save(update_fields=["until_size", "private_key_sealed"])
            rows.remove(row)
    return rows
