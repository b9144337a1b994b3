"""The one way into the record: `record` writes an event in the caller's transaction.

`record_many` writes any number of them in one statement.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from audit.actors import Actor, Personal, Subject
from audit.models import LedgerEvent, LedgerQueueItem
from audit.services.alike import Alike
from audit.services.bodies import Bodies, Entry
from audit.services.commitments import Sealing
from audit.services.event_lines import Recorded, insert_few
from audit.services.event_sets import entries_of, insert_set
from govapp.common import clock
from govapp.common.ids import FreshId, new_id, new_ids
from govapp.common.writing import insert, insert_lines, unit_of_work

_Row = dict[str, Any]

_FEW: Final = 8


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
    personal: Iterable[Personal] = (),
    delegation: Sequence[Mapping[str, Any]] = (),
) -> Recorded:
    """Write one event of the bound tenant and return it: `record_many` of one `Entry`.

    Called by the typed functions in each app's `audit_events.py`.
    """
    entry = Entry(
        event_type, actor, subject, summary, data, request_id, on_behalf_of, at, tuple(personal),
        delegation=delegation,
    )  # fmt: skip
    return record_entry(entry)


def record_entry(entry: Entry) -> Recorded:
    """Write one event and return it with its bytes."""
    ident, told = new_id(), _time_told()
    rows, sealing = _rows([entry], [ident], told)
    insert_few(rows, sealing, told)
    return Recorded(ident, rows[0]["body"])


def record_many(entries: Sequence[Entry | Alike]) -> None:
    """Write events of the bound tenant in their order, with their places in the queue.

    Events that are alike (`Alike`) are written as if each had come alone, in its place. One
    statement; that of a few may travel with others (`govapp.common.writing`). One more when
    an entry does not say when it was: all those happened at the same instant. Objects inside of
    the `data` of several entries that are one object, not only equal, are encoded once. Called
    inside the transaction that makes the change: without one it raises. What is too large for an
    event is cut from its `data`, leaving a digest (`audit.services.fitting`). Raises
    `audit.merkle.canonical.CanonicalError` when an event cannot be written canonically, and then
    none is written.
    """
    count = sum(len(each) if isinstance(each, Alike) else 1 for each in entries)
    told = _time_told()
    if count > _FEW:
        insert_set(entries, new_ids(count))
    else:
        few = [one for each in entries for one in entries_of(each)]
        insert_few(*_rows(few, [new_id() for _ in few], told), told)


def record_first(entry: Entry) -> LedgerEvent:
    """Write one event in front of everything that waits in the bound tenant's queue.

    For what made the rest possible: the birth of the key with which all of it is signed. Called
    inside the transaction that makes the change, by whoever holds the lock of the tenant's log.
    """
    (row,), sealing = _rows([entry], [new_id()], _time_told())
    event = LedgerEvent(**row)
    smallest = LedgerQueueItem.objects.order_by("id").values_list("id", flat=True).first()
    place = UUID(int=smallest.int - 1) if smallest else new_id()
    with unit_of_work():
        insert_lines(sealing.key_lines())
        insert(event, LedgerQueueItem(id=place, event=event))
        insert_lines(sealing.disclosure_lines())
    return event


def _time_told() -> datetime | None:
    """Return the time if the open transaction was told it. Raises when there is none."""
    connection = transaction.get_connection()
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "An event belongs to a change: open a transaction."
        )
    told: datetime | None = connection.time_in_transaction()
    return told


def _rows(
    entries: Sequence[Entry], idents: Sequence[FreshId], told: datetime | None
) -> tuple[list[_Row], Sealing]:
    bodies = Bodies(is_one=len(entries) == 1)
    if not entries:
        return [], bodies.sealing
    now = told or (None if all(entry.at for entry in entries) else clock.now())
    rows = [
        _row(entry, ident, entry.at or now, bodies)
        for entry, ident in zip(entries, idents, strict=True)
    ]
    return rows, bodies.sealing


def _row(entry: Entry, ident: FreshId, moment: datetime | None, bodies: Bodies) -> _Row:
    """Return the value of each column beside its tenant."""
    if moment is None:
        raise ValueError("An event has a time.")
    return {
        "id": ident,
        "type": entry.event_type,
        "occurred_at": moment,
        "actor_kind": entry.actor.kind,
        "actor_id": entry.actor.id,
        "subject_type": entry.subject.type,
        "subject_id": entry.subject.id,
        "request_id": entry.request_id,
        "body": bodies.write(entry, ident, moment),
    }
