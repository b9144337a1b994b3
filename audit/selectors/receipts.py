"""What whoever caused an event may keep as a proof that it stands in the record."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from audit.merkle.proof_text import proof_text
from audit.selectors.proofs import Inclusion, inclusion_json, prove_event
from govapp.common.ids import public_id


@dataclass(frozen=True)
class Receipt:
    """An event's place in the tree, the path to the root, and the checkpoint over it."""

    event: str
    inclusion: Inclusion

    @property
    def proof(self) -> str:
        """The same as a file for verifiers of others (C2SP tlog-proof)."""
        found = self.inclusion
        return proof_text(index=found.index, path=found.path, note=found.checkpoint.note)

    def as_json(self) -> dict[str, Any]:
        """Return the receipt as the API hands it out."""
        return {**inclusion_json(self.event, self.inclusion), "proof": self.proof}


def receipt_of(event_id: UUID) -> Receipt | None:
    """Return the receipt of an event of the bound tenant; None while it waits for its place.

    Raises `NotFound` when there is no such event.
    """
    inclusion = prove_event(event_id)
    return Receipt(public_id("ev", event_id), inclusion) if inclusion else None
