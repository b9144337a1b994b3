"""Exports of the record: each is streamed in one transaction, and is itself recorded."""

from collections.abc import Generator
from uuid import UUID

from audit.actors import Actor, Subject
from audit.selectors.events import EventFilter, select_events
from audit.services.ledger import record
from govapp.common.ids import new_id, public_id
from govapp.common.tenancy import tenant_transaction


def stream_export(
    *, tenant_id: UUID, actor: Actor, wanted: EventFilter
) -> Generator[bytes, None, None]:
    """Yield the events of a filter, oldest first, one canonical line each; then record that.

    The event says how many lines were given and whether the reader took all of them. Opens its
    own transaction: outside of one, row-level security shows no rows.
    """
    with tenant_transaction(tenant_id):
        count, is_complete = 0, False
        rows = select_events(wanted).order_by("occurred_at", "id").values_list("body", flat=True)
        try:
            for body in rows.iterator(chunk_size=1000):
                count += 1
                yield bytes(body) + b"\n"
            is_complete = True
        except GeneratorExit:
            # The reader hung up: what was given is recorded all the same.
            pass
        _record_export(actor, wanted, count, is_complete=is_complete)


def _record_export(actor: Actor, wanted: EventFilter, count: int, *, is_complete: bool) -> None:
    chosen = wanted.chosen()
    words = ", ".join(f"{name} {value}" for name, value in chosen.items()) or "no filter"
    broken_off = "" if is_complete else " before breaking off"
    export = public_id("ex", new_id())
    record(
        event_type="export.made",
        actor=actor,
        subject=Subject("export", export, "Events as JSONL"),
        summary=f"{actor.name} exported {count} events of the record{broken_off} ({words}).",
        data={
            "format": "jsonl",
            "query": chosen,
            "time_zone": wanted.zone,
            "count": count,
            "complete": is_complete,
        },
    )
