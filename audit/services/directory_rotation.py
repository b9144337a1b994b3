"""A new key for the directory log."""

from datetime import timedelta

import structlog
from django.db import transaction

from audit.models import DirectoryKey, DirectoryLog
from audit.selectors.directory import directory_keys, key_entry
from audit.selectors.proofs import LedgerKeyInfo
from audit.services.directory import Entered, enter_all
from audit.services.directory_keys import create_directory_key
from audit.services.keys import OVERLAP
from govapp.common import clock
from govapp.common.errors import Conflict, NotFound

log = structlog.get_logger(__name__)


def rotate_directory_key(*, overlap: timedelta = OVERLAP) -> LedgerKeyInfo:
    """Make a new key for the directory and return it; it signs from now on.

    The entry that names it becomes the next leaf, and the checkpoint over it is signed by both
    keys: so the old key vouches for the new. Both go on signing for `overlap`; then the old
    private key is destroyed. With an overlap of zero (the old one leaked) it signs only that one
    checkpoint. The entry is the record of it: the directory belongs to no tenant, and neither does
    an event. Raises `NotFound` before anything is anchored, `Conflict` while an earlier change of
    keys is under way.
    """
    with transaction.atomic():
        directory = DirectoryLog.objects.select_for_update().first()
        if directory is None or not directory.size:
            raise NotFound("Nothing is anchored yet.")
        rows = list(DirectoryKey.objects.filter(until_size=None))
        if len(rows) != 1:
            raise Conflict("The key before the present one still signs: one change after another.")
        rows[0].retires_at = clock.now() + overlap
        rows[0].save(update_fields=["retires_at"])
        from_size = directory.size + 1
        vkey = create_directory_key(directory.origin, from_size=from_size).encode()
        entry = key_entry(directory.origin, from_size, vkey)
        enter_all(directory, [Entered(entry, directory.origin, from_size)])
        log.info("ledger.directory_key_rotated", verifier=vkey, from_size=from_size)
        return directory_keys()[-1]
