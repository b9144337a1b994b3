"""Writing a few events as lines of one statement, which may travel with others."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from audit.services.commitments import Sealing
from audit.services.naming import note_recorded
from govapp.common.gathered import Lines
from govapp.common.ids import new_id
from govapp.common.tenancy import require_tenant_id
from govapp.common.writing import insert_lines

_EVENT_COLUMNS: Final = (
    "tenant_id", "id", "type", "occurred_at", "actor_kind", "actor_id", "subject_type",
    "subject_id", "request_id", "body",
)  # fmt: skip
_QUEUE_COLUMNS: Final = ("tenant_id", "id", "event_id")
_QUEUE_COLUMNS_AT: Final = (*_QUEUE_COLUMNS, "queued_at")


class Recorded(Struct, frozen=True):
    """An event as it was written: its id, and the bytes that are hashed."""

    pk: UUID
    body: bytes


def insert_few(
    rows: Sequence[Mapping[str, Any]], sealing: Sealing, queued_at: datetime | None
) -> None:
    """Write events of the bound tenant with their places in the queue: one statement, or a part.

    Each row has the columns of an event in their order, without its tenant. As lines: models would
    cost as much as all the rest of an event. `queued_at` is the time where it is known already:
    the database's own default costs a call of its function for each row.
    """
    if not rows:
        return
    tenant_id = require_tenant_id()
    columns, at = (_QUEUE_COLUMNS_AT, (queued_at,)) if queued_at else (_QUEUE_COLUMNS, ())
    queued = [(tenant_id, new_id(), row["id"], *at) for row in rows]
    lines = [
        Lines("audit_ledgerevent", _EVENT_COLUMNS, [(tenant_id, *row.values()) for row in rows]),
        Lines("audit_ledgerqueueitem", columns, queued),
    ]
    if sealing:
        lines = [sealing.key_lines(), *lines, sealing.disclosure_lines()]
    insert_lines(*lines)
    note_recorded([row["id"] for row in rows])
