"""Which keys the directory log is verified with, and whether the log itself names them."""

from itertools import pairwise

from audit.models import DirectoryCheckpoint, DirectoryEntry
from audit.selectors.directory import directory_keys, key_entry
from audit.selectors.proofs import LedgerKeyInfo
from audit.services.findings import Finding, Verification
from audit.transports.checkpoint_file import OutsideCheckpoint


def directory_keys_to_verify_with(
    outside: OutsideCheckpoint | None, result: Verification
) -> tuple[LedgerKeyInfo, ...]:
    """Return the directory's keys, oldest first; what is known outside goes before the database.

    A key known outside has to be one of them. Each but the first is named by an entry, under a
    checkpoint that the key before has signed.
    """
    keys = directory_keys()
    if outside is not None and outside.verifier.encode() not in {key.vkey for key in keys}:
        what = f"outside the directory is known as {outside.verifier.encode()}"
        result.found(Finding("key replaced", what))
        return (LedgerKeyInfo(outside.verifier.encode(), from_size=0),)
    own = DirectoryEntry.objects.filter(origin=result.origin, index__lt=result.size)
    named = dict(own.values_list("index", "text"))
    introduced = {
        key.from_size - 1: key_entry(result.origin, key.from_size, key.vkey) for key in keys[1:]
    }
    for place in sorted(named.keys() | introduced.keys()):
        if named.get(place) != introduced.get(place):
            what = "an entry that names a key is not that of a key of the directory"
            result.found(Finding("key", what, index=place))
    for older, newer in pairwise(keys):
        sizes = DirectoryCheckpoint.objects.filter(size__gte=newer.from_size)
        if older.until_size is not None:
            sizes = sizes.filter(size__lte=older.until_size)
        if not sizes.exists():
            what = f"no checkpoint that names the key {newer.vkey} is signed by the one before"
            result.found(Finding("key", what, index=newer.from_size - 1))
    return keys
