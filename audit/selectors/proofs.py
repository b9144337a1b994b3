"""Proofs about the bound tenant's record, for the pages and for the API."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from audit.merkle.note import Checkpoint, NoteInvalid, VerifierKey, open_checkpoint
from audit.merkle.proofs import ProofInvalid, verify_inclusion
from audit.merkle.tiles import TileInvalid, prove_consistency, prove_inclusion
from audit.merkle.tree import leaf_hash
from audit.models import LedgerCheckpoint, LedgerEvent, LedgerKey, LedgerLeaf
from audit.selectors.tiles import read_tile
from govapp.common.errors import NotFound


@dataclass(frozen=True)
class LedgerKeyInfo:
    """A key of the log: `until_size` is the last size that it signed, None while it signs."""

    vkey: str
    from_size: int
    until_size: int | None = None

    def covers(self, size: int) -> bool:
        """Tell whether a checkpoint of this size has to carry the key's signature."""
        return self.from_size <= size and (self.until_size is None or size <= self.until_size)


@dataclass(frozen=True)
class SignedCheckpoint:
    """The latest signed checkpoint with the key that verifies it."""

    size: int
    root: bytes
    note: str
    vkey: str


@dataclass(frozen=True)
class Inclusion:
    """That an event stands at an index of the tree which a checkpoint signs."""

    index: int
    leaf: bytes
    path: tuple[bytes, ...]
    checkpoint: SignedCheckpoint


@dataclass(frozen=True)
class Verdict:
    """What the server found when it checked an event: "verified", "waiting" or "broken"."""

    state: str
    words: str
    inclusion: Inclusion | None = None


def verifier_keys() -> tuple[LedgerKeyInfo, ...]:
    """Return every key that the bound tenant's log has had, oldest first. One query."""
    rows = LedgerKey.objects.select_related("log").order_by("from_size")
    return tuple(
        LedgerKeyInfo(
            VerifierKey(row.log.origin, bytes(row.public_key)).encode(),
            row.from_size,
            row.until_size,
        )
        for row in rows
    )


def latest_checkpoint() -> SignedCheckpoint | None:
    """Return the newest checkpoint of the bound tenant, or None. Two queries."""
    return _signed(LedgerCheckpoint.objects.order_by("-size").first())


def signed_size() -> int:
    """Return up to which size the bound tenant's tree is signed; 0 before it is. One query."""
    sizes = LedgerCheckpoint.objects.order_by("-size").values_list("size", flat=True)
    return sizes.first() or 0


def checkpoint_of(size: int) -> SignedCheckpoint | None:
    """Return the checkpoint of exactly this size, or None when none was signed. Two queries."""
    return _signed(LedgerCheckpoint.objects.filter(size=size).first())


def _signed(row: LedgerCheckpoint | None) -> SignedCheckpoint | None:
    if row is None:
        return None
    vkey = next((key.vkey for key in reversed(verifier_keys()) if key.covers(row.size)), "")
    return SignedCheckpoint(row.size, bytes(row.root), row.note, vkey)


def prove_event(event_id: UUID) -> Inclusion | None:
    """Return the inclusion proof of an event in the latest checkpoint; None while it waits.

    Raises `NotFound` when the bound tenant has no such event.
    """
    leaf = LedgerLeaf.objects.filter(event_id=event_id).first()
    checkpoint = latest_checkpoint()
    if leaf is None or checkpoint is None or leaf.index >= checkpoint.size:
        if not LedgerEvent.objects.filter(pk=event_id).exists():
            raise NotFound("There is no such event.")
        return None
    path = prove_inclusion(leaf.index, checkpoint.size, read_tile)
    return Inclusion(leaf.index, bytes(leaf.leaf_hash), path, checkpoint)


def prove_growth(old: int, new: int) -> tuple[bytes, ...]:
    """Return the consistency proof between two sizes of the tree.

    Raises `NotFound` when the tree never had one of these sizes.
    """
    checkpoint = latest_checkpoint()
    if checkpoint is None or not 0 < old <= new <= checkpoint.size:
        raise NotFound("The record never had these sizes.")
    return prove_consistency(old, new, read_tile)


def check_event(event: LedgerEvent) -> Verdict:
    """Check one event from its body: leaf hash, path to the root, and the root's signature."""
    try:
        inclusion = prove_event(event.pk)
        if inclusion is None:
            return Verdict("waiting", "Recorded; its place in the tree follows within seconds.")
        checkpoint = _open(inclusion.checkpoint)
        verify_inclusion(
            leaf=leaf_hash(bytes(event.body)),
            index=inclusion.index,
            size=checkpoint.size,
            proof=inclusion.path,
            root=checkpoint.root,
        )
    except (ProofInvalid, NoteInvalid, TileInvalid) as error:
        return Verdict("broken", f"This event does not fit the signed record: {error}.")
    return Verdict(
        "verified",
        f"The event hashes to leaf {inclusion.index}, which leads to the root signed at size"
        f" {checkpoint.size}.",
        inclusion,
    )


def _open(signed: SignedCheckpoint) -> Checkpoint:
    return open_checkpoint(signed.note, verifier=VerifierKey.decode(signed.vkey))


def inclusion_json(event: str, inclusion: Inclusion) -> dict[str, Any]:
    """Return an inclusion proof as the API and the pages hand it out."""
    return {
        "event": event,
        "index": inclusion.index,
        "leaf_hash": inclusion.leaf.hex(),
        "path": [step.hex() for step in inclusion.path],
        "size": inclusion.checkpoint.size,
        "root": inclusion.checkpoint.root.hex(),
        "checkpoint": inclusion.checkpoint.note,
        "verifier_key": inclusion.checkpoint.vkey,
    }
