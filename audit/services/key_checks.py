"""Which keys a record is verified with, and whether the record itself says that they are its."""

from itertools import pairwise
from typing import Final

import msgspec

from audit.merkle.note import VerifierKey
from audit.merkle.tree import leaf_hash
from audit.models import LedgerCheckpoint, LedgerLeaf
from audit.selectors.proofs import LedgerKeyInfo, verifier_keys
from audit.services.findings import Finding, Verification
from audit.transports.checkpoint_file import OutsideCheckpoint

_NAMING: Final = frozenset({"ledger.key_created", "ledger.key_rotated"})


class _Data(msgspec.Struct):
    verifier: str = ""


class _Named(msgspec.Struct):
    """The parts of a body that name a key."""

    type: str = ""
    data: _Data = msgspec.field(default_factory=_Data)


def keys_to_verify_with(
    outside: OutsideCheckpoint | None, result: Verification
) -> tuple[LedgerKeyInfo, ...]:
    """Return the keys of the log, oldest first; what is known outside goes before the database.

    A key known outside has to be one of the log's. Every other is believed because the tree
    names it, under a checkpoint that the key before has signed.
    """
    keys = verifier_keys()
    if outside is not None and outside.verifier.encode() not in {key.vkey for key in keys}:
        inside = ", ".join(key.vkey for key in keys) or "without a key"
        what = f"the log is {inside}, outside it is known as {outside.verifier.encode()}"
        result.found(Finding("key replaced", what))
        return (LedgerKeyInfo(outside.verifier.encode(), from_size=0),)
    _check_named(keys, result)
    _check_vouched(keys, result)
    return keys


def _check_named(keys: tuple[LedgerKeyInfo, ...], result: Verification) -> None:
    """Each key is named by the event in front of its first checkpoint."""
    places = [key.from_size - 1 for key in keys]
    rows = LedgerLeaf.objects.filter(index__in=places, event__isnull=False)
    found = {
        index: bytes(body)
        for index, leaf, body in rows.values_list("index", "leaf_hash", "event__body")
        # What was changed or is gone is found, with its place, where the tree is retraced.
        if body is not None and leaf_hash(bytes(body)) == bytes(leaf or b"")
    }
    for key, place in zip(keys, places, strict=True):
        beyond = place >= result.size
        if beyond or (place in found and _names(found[place]) != key.vkey):
            what = f"the key {key.vkey} is not the one that the record names"
            result.found(Finding("key", what, index=place))


def _names(body: bytes) -> str:
    try:
        named = msgspec.json.decode(body, type=_Named)
    except msgspec.MsgspecError:
        return ""
    return named.data.verifier if named.type in _NAMING else ""


def _check_vouched(keys: tuple[LedgerKeyInfo, ...], result: Verification) -> None:
    """The key before has signed a tree in which the next one stands."""
    for older, newer in pairwise(keys):
        sizes = LedgerCheckpoint.objects.filter(size__gte=newer.from_size)
        if older.until_size is not None:
            sizes = sizes.filter(size__lte=older.until_size)
        if not sizes.exists():
            what = f"no checkpoint that names the key {newer.vkey} is signed by the one before"
            result.found(Finding("key", what, index=newer.from_size - 1))


def required_of(keys: tuple[LedgerKeyInfo, ...], size: int) -> list[VerifierKey]:
    """Return the keys that have to have signed a checkpoint of this size."""
    return [VerifierKey.decode(key.vkey) for key in keys if key.covers(size)]
