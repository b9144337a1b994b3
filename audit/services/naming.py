"""The events that one call has recorded, so that its answer can name them.

Collected where the call is served, told by `audit.services.ledger`; what was rolled back is not
among them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from django.db import transaction

_recorded: ContextVar[list[UUID] | None] = ContextVar("govapp_recorded", default=None)


@contextmanager
def recorded_events() -> Iterator[list[UUID]]:
    """Yield a list that fills with the events committed inside, in the order of their recording."""
    events: list[UUID] = []
    token = _recorded.set(events)
    try:
        yield events
    finally:
        _recorded.reset(token)


def note_recorded(idents: Sequence[UUID]) -> None:
    """Remember events for the answer to the call being served, if it is one that names them."""
    events = _recorded.get()
    if events is not None:
        transaction.on_commit(lambda: events.extend(idents))
