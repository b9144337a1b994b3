"""A tenant's record in tests: events without a company behind them, sequenced or queued."""

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from audit.actors import Actor, Subject
from audit.models import LedgerEvent
from audit.services import record
from audit.services.search_index import index_tenant
from audit.services.sequencer import sequence_tenant
from govapp.common.ids import new_id, public_id
from govapp.common.tenancy import tenant_transaction

ALICE = Actor(kind="person", id="mem_alice", name="Alice Archer")
PAYER = Actor(kind="agent", id="ag_payer", name="payer")


def write_event(
    tenant_id: UUID,
    *,
    event_type: str = "agent.changed",
    actor: Actor = ALICE,
    summary: str = "Alice Archer renamed the agent payer.",
    subject: Subject | None = None,
    data: dict[str, Any] | None = None,
    request_id: UUID | None = None,
    at: datetime | None = None,
) -> LedgerEvent:
    """Record one event in a transaction of its own."""
    with tenant_transaction(tenant_id):
        recorded = record(
            event_type=event_type,
            actor=actor,
            subject=subject or Subject("agent", "ag_payer", "payer"),
            summary=summary,
            data=data,
            request_id=request_id,
            at=at,
        )
        return LedgerEvent.objects.get(pk=recorded.pk)


def write_events(tenant_id: UUID, count: int) -> list[UUID]:
    """Record `count` events; return their ids in order."""
    with tenant_transaction(tenant_id):
        return [
            record(
                event_type="agent.changed",
                actor=ALICE,
                subject=Subject("agent", f"ag_{number}", f"agent {number}"),
                summary=f"Alice Archer changed agent {number}.",
                data={"number": number},
            ).pk
            for number in range(count)
        ]


def sequenced_tenant(*batches: int) -> UUID:
    """A new tenant whose record has one checkpoint after each batch of events.

    The first of all events, in the first batch, is the birth of the key.
    """
    tenant_id = new_id()
    for number, size in enumerate(batches):
        write_events(tenant_id, size if number else size - 1)
        assert sequence_tenant(tenant_id=tenant_id, batch=size) == size
    return tenant_id


def index_now(tenant_id: UUID) -> UUID:
    """Give everything that waits its place, and let it be searched; return the tenant's id."""
    while sequence_tenant(tenant_id=tenant_id) or index_tenant(tenant_id=tenant_id):
        pass
    return tenant_id


def subject_of_request(request_id: UUID) -> Subject:
    return Subject("action_request", public_id("ar", request_id), "Pay EUR 48,200 to Northwind")


def checkpoint_files(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.jsonl"))
