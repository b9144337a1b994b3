"""Events handed to programs as they are read, with names and words: reading is recorded."""

from typing import Final

from audit.actors import Actor, Subject
from audit.models import LedgerEvent
from audit.selectors.events import EventFilter, Page, list_events
from audit.selectors.proofs import verifier_keys
from audit.services.bundles import ONCE_IN
from audit.services.ledger import record
from audit.services.query_words import marked_query
from govapp.common import clock

_TYPE: Final = "ledger.events_read"


def read_events(*, actor: Actor, wanted: EventFilter, cursor: str, limit: int) -> Page:
    """Return a page of a filter's events, newest first, and record who reads, once a day.

    Reading makes an event, which is again something to read. Raises `Malformed` for a filter or a
    cursor that makes no sense.
    """
    page = list_events(wanted, cursor=cursor, limit=limit)
    now = clock.now()
    before = LedgerEvent.objects.filter(actor_id=actor.id, type=_TYPE)
    if not before.filter(occurred_at__gt=now - ONCE_IN).exists():
        keys = verifier_keys()
        origin = keys[0].vkey.partition("+")[0] if keys else "the record"
        chosen = wanted.chosen()
        words = ", ".join(f"{name} {value}" for name, value in chosen.items()) or "no filter"
        record(
            event_type=_TYPE,
            actor=actor,
            subject=Subject("ledger", origin, origin),
            summary=f"{actor.name} reads events of the record with a program ({words}).",
            data={
                "query": marked_query(chosen, actor.id),
                "time_zone": wanted.zone,
                "count": len(page.rows),
            },
            at=now,
        )
    return page
