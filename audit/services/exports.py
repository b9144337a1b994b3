"""A proof that is taken out of the record: taking it is itself recorded."""

from uuid import UUID

from audit.actors import Actor, Subject
from audit.selectors.proofs import Inclusion, prove_event
from audit.services.ledger import record
from govapp.common.errors import Conflict
from govapp.common.ids import public_id


def take_proof(*, actor: Actor, event_id: UUID) -> Inclusion:
    """Return the inclusion proof of one event, and record who took it.

    Raises `Conflict` while the event has no place in the tree yet.
    """
    inclusion = prove_event(event_id)
    if inclusion is None:
        raise Conflict("The event gets its place in the tree within seconds; try again.")
    name = public_id("ev", event_id)
    record(
        event_type="proof.downloaded",
        actor=actor,
        subject=Subject("event", name, f"Event {name}"),
        summary=f"{actor.name} downloaded the inclusion proof of event {name}.",
        data={"event": name, "leaf_hash": inclusion.leaf.hex()},
    )
    return inclusion
