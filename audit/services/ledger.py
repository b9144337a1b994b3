"""The one way into the record: `record` writes an event in the caller's transaction."""

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from audit.actors import Actor, Subject
from audit.models import LedgerEvent, LedgerQueueItem
from govapp.common import clock
from govapp.common.ids import new_id, public_id
from govapp.common.middleware import correlation_id
from govapp.common.tenancy import require_tenant_id
from govapp.common.writing import insert

SCHEMA_VERSION: Final = 1


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
    """Write one event of the bound tenant, with its place in the queue, and return it.

    `summary` is one sentence that a person understands without anything else; `data` is what a
    machine needs, without floats (money as strings). `at` is the database's time when the caller
    has read it already. Called by the typed functions in each app's `audit_events.py`, inside the
    transaction that makes the change: without one it raises. Raises
    `audit.merkle.canonical.CanonicalError` when the event cannot be written canonically.
    """
    from audit.merkle.canonical import canonical_bytes

    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(
            "An event belongs to a change: open a transaction."
        )
    ident, moment = new_id(), at or clock.now()
    body: dict[str, Any] = {
        "v": SCHEMA_VERSION,
        "id": public_id("ev", ident),
        "tenant": public_id("tn", require_tenant_id()),
        "type": event_type,
        "at": moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "actor": {"kind": actor.kind, "id": actor.id, "name": actor.name},
        "subject": {"type": subject.type, "id": subject.id, "label": subject.label},
        "summary": summary,
        "data": dict(data or {}),
    }
    if on_behalf_of is not None:
        body["on_behalf_of"] = {
            "kind": on_behalf_of.kind, "id": on_behalf_of.id, "name": on_behalf_of.name,
        }  # fmt: skip
    if request_id is not None:
        body["request"] = public_id("ar", request_id)
    if correlation := correlation_id():
        body["correlation"] = correlation
    event = LedgerEvent(
        id=ident,
        type=event_type,
        occurred_at=moment,
        actor_kind=actor.kind,
        actor_id=actor.id,
        subject_type=subject.type,
        subject_id=subject.id,
        request_id=request_id,
        body=canonical_bytes(_normalised(body)),
    )
    insert(event, LedgerQueueItem(event=event))
    return event


def _normalised(value: Any) -> Any:
    """Return the value with every string in NFC: the record compares bytes (audit design)."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        return {_normalised(key): _normalised(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_normalised(item) for item in value]
    return value
