"""The one way into the record: `record` writes an event in the caller's transaction.

`record_many` writes any number of them in two statements.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from audit.actors import Actor, Subject
from audit.models import LedgerEvent, LedgerQueueItem
from audit.services.naming import note_recorded
from govapp.common import clock
from govapp.common.arrays import bytes_array, text_array, time_array, uuid_array
from govapp.common.ids import new_id, public_id
from govapp.common.middleware import correlation_id
from govapp.common.tenancy import require_tenant_id
from govapp.common.writing import insert

SCHEMA_VERSION: Final = 1
_FEW: Final = 8
_INSERT_EVENTS: Final = """
INSERT INTO audit_ledgerevent (tenant_id, id, type, occurred_at, actor_kind, actor_id,
  subject_type, subject_id, request_id, body)
SELECT %s, event.* FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::text[], %s::text[],
  %s::text[], %s::text[], %s::uuid[], %s::bytea[]) AS event
"""
_INSERT_PLACES: Final = """
INSERT INTO audit_ledgerqueueitem (tenant_id, id, event_id)
SELECT %s, place.* FROM unnest(%s::uuid[], %s::uuid[]) AS place
"""


@dataclass(frozen=True)
class Entry:
    """What is to be recorded: one event that has no id yet.

    `summary` is one sentence that a person understands without anything else; `data` is what a
    machine needs, without floats (money as strings). `at` is the database's time when the caller
    has read it already.
    """

    event_type: str
    actor: Actor
    subject: Subject
    summary: str
    data: Mapping[str, Any] | None = None
    request_id: UUID | None = None
    on_behalf_of: Actor | None = None
    at: datetime | None = None


def record(
    *,
    event_type: str,
    actor: Actor,
    subject: Subject,
    summary: str,
    data: Mapping[str, Any] | None = None,
    request_id: UUID | None = None,
    on_behalf_of: Actor | None = None,
    at: datetime | None = None,
) -> LedgerEvent:
    """Write one event of the bound tenant and return it: `record_many` of one `Entry`.

    Called by the typed functions in each app's `audit_events.py`.
    """
    (event,) = _write(
        [Entry(event_type, actor, subject, summary, data, request_id, on_behalf_of, at)]
    )
    return event


def record_many(entries: Sequence[Entry]) -> None:
    """Write events of the bound tenant in their order, with their places in the queue.

    One statement for a few, which may travel with others (`govapp.common.writing`), two for any
    number more, and one when an entry does not say when it was: all those happened at the same
    instant. Called inside the transaction that makes the change:
    without one it raises. What is too large for an event is cut from its `data`, leaving a digest
    (`audit.services.fitting`). Raises `audit.merkle.canonical.CanonicalError` when an event cannot
    be written canonically, and then none is written.
    """
    _write(entries)


def record_first(entry: Entry) -> LedgerEvent:
    """Write one event in front of everything that waits in the bound tenant's queue.

    For what made the rest possible: the birth of the key with which all of it is signed. Called
    inside the transaction that makes the change, by whoever holds the lock of the tenant's log.
    """
    event = _event(entry, entry.at or clock.now())
    smallest = LedgerQueueItem.objects.order_by("id").values_list("id", flat=True).first()
    place = UUID(int=smallest.int - 1) if smallest else new_id()
    insert(event, LedgerQueueItem(id=place, event=event))
    return event


def _write(entries: Sequence[Entry]) -> list[LedgerEvent]:
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(
            "An event belongs to a change: open a transaction."
        )
    if not entries:
        return []
    now = None if all(entry.at for entry in entries) else clock.now()
    events = [_event(entry, entry.at or now) for entry in entries]
    if len(events) <= _FEW:
        insert(*events, *(LedgerQueueItem(event=event) for event in events))
        note_recorded([event.pk for event in events])
    else:
        _insert_many(events)
    return events


def _insert_many(events: Sequence[LedgerEvent]) -> None:
    """As arrays: hundreds of rows of placeholders take longer to read than to write."""
    idents = uuid_array(event.pk for event in events)
    with transaction.get_connection().cursor() as cursor:
        cursor.execute(
            _INSERT_EVENTS,
            [
                require_tenant_id(),
                idents,
                text_array(event.type for event in events),
                time_array(event.occurred_at for event in events),
                text_array(event.actor_kind for event in events),
                text_array(event.actor_id for event in events),
                text_array(event.subject_type for event in events),
                text_array(event.subject_id for event in events),
                uuid_array(event.request_id for event in events),
                bytes_array(bytes(event.body) for event in events),
            ],
        )
        cursor.execute(
            _INSERT_PLACES, [require_tenant_id(), uuid_array(new_id() for _ in events), idents]
        )


def _event(entry: Entry, moment: datetime | None) -> LedgerEvent:
    from audit.merkle.canonical import CanonicalError, canonical_bytes
    from audit.services.fitting import fitted

    if moment is None:
        raise ValueError("An event has a time.")
    ident = new_id()
    whole = _body(entry, ident, moment)
    try:
        body = canonical_bytes(whole)
    except CanonicalError:  # rare: most events are encoded once
        whole = _normalised(whole)
        try:
            body = canonical_bytes(whole)
        except CanonicalError:
            body = canonical_bytes(fitted(whole))
    return LedgerEvent(
        id=ident,
        type=entry.event_type,
        occurred_at=moment,
        actor_kind=entry.actor.kind,
        actor_id=entry.actor.id,
        subject_type=entry.subject.type,
        subject_id=entry.subject.id,
        request_id=entry.request_id,
        body=body,
    )


def _body(entry: Entry, ident: UUID, moment: datetime) -> dict[str, Any]:
    body: dict[str, Any] = {
        "v": SCHEMA_VERSION,
        "id": public_id("ev", ident),
        "tenant": public_id("tn", require_tenant_id()),
        "type": entry.event_type,
        "at": moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "actor": _named(entry.actor),
        "subject": {
            "type": entry.subject.type, "id": entry.subject.id, "label": entry.subject.label,
        },
        "summary": entry.summary,
        "data": dict(entry.data or {}),
    }  # fmt: skip
    if entry.on_behalf_of is not None:
        body["on_behalf_of"] = _named(entry.on_behalf_of)
    if entry.request_id is not None:
        body["request"] = public_id("ar", entry.request_id)
    if correlation := correlation_id():
        body["correlation"] = correlation
    return body


def _named(actor: Actor) -> dict[str, str]:
    return {"kind": actor.kind, "id": actor.id, "name": actor.name}


def _normalised(value: Any) -> Any:
    """Return the value with every string in NFC: the record compares bytes (audit design)."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        return {_normalised(key): _normalised(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_normalised(item) for item in value]
    return value
