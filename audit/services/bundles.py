"""Entries handed out in bundles, as a monitor of the log takes them: reading them is recorded."""

from datetime import timedelta
from typing import Final

from audit.actors import Actor, Subject
from audit.merkle.paths import Place
from audit.merkle.tiles import WIDTH
from audit.models import LedgerEvent
from audit.selectors.proofs import verifier_keys
from audit.selectors.tiles import served_entries
from audit.services.ledger import record
from govapp.common import clock

ONCE_IN: Final = timedelta(days=1)
"""Reading makes an event, which is again something to read: once a day for each reader."""

_TYPE: Final = "ledger.entries_read"


def take_entries(*, actor: Actor, place: Place) -> bytes:
    """Return a bundle of entries, exactly the bytes that were hashed, and record who reads.

    Raises `NotFound` when the record has no such bundle.
    """
    bundle = served_entries(place)
    now = clock.now()
    before = LedgerEvent.objects.filter(actor_id=actor.id, type=_TYPE)
    if not before.filter(occurred_at__gt=now - ONCE_IN).exists():
        origin = verifier_keys()[0].vkey.partition("+")[0]
        first = place.index * WIDTH
        record(
            event_type=_TYPE,
            actor=actor,
            subject=Subject("ledger", origin, origin),
            summary=f"{actor.name} reads entries of the record, from index {first}.",
            data={"from_index": first, "count": place.width},
            at=now,
        )
    return bundle
