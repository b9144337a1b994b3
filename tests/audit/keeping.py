"""A tenant whose record is old enough to be pruned, in tests: days of a literal calendar."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from audit.actors import Actor
from audit.models import LedgerLeaf, Pruning
from audit.selectors.pruned import merged, read_prunings
from audit.selectors.retention import Retention
from audit.services.pruning import run_pruning
from audit.services.retention import ask_pruning, confirm_pruning
from audit.services.sequencer import sequence_tenant
from audit.services.verification import verify_tenant
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import write_event

CARL = Actor(kind="person", id="mem_carl", name="Carl Compliance")
OLIVIA = Actor(kind="person", id="mem_olivia", name="Olivia Owner")
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
WORDS = "Zanzibar quarry ledger"

said: dict[str, Retention] = {"retention": Retention(days=365)}


def retention_said() -> Retention:
    """What `settings.AUDIT_RETENTION_OF_TENANT` is pointed at."""
    return said["retention"]


def old_tenant(old: int, new: int, *, on: datetime = datetime(2024, 5, 2, tzinfo=UTC)) -> UUID:
    """A new tenant with `old` events of one past day, then `new` ones, each batch sequenced."""
    tenant_id = new_id()
    for number in range(old):
        write_event(tenant_id, at=on, data={"number": number, "words": WORDS})
    sequence_tenant(tenant_id=tenant_id)
    for number in range(new):
        write_event(tenant_id, at=datetime(2026, 3, 9, tzinfo=UTC), data={"number": number})
    sequence_tenant(tenant_id=tenant_id)
    return tenant_id


def ask_and_confirm(tenant_id: UUID, reason: str = "The time of keeping is over.") -> Pruning:
    """A pruning that two people agree on."""
    with tenant_transaction(tenant_id):
        pruning = ask_pruning(actor=CARL, reason=reason)
        return confirm_pruning(actor=OLIVIA, pruning_id=pruning.pk)


def prune(tenant_id: UUID, *, batch: int = 5_000) -> int:
    """Prune what is over age, as two people and the worker would."""
    pruning = ask_and_confirm(tenant_id)
    return run_pruning(tenant_id=tenant_id, pruning_id=pruning.pk, batch=batch)


def kinds_found(tenant_id: UUID) -> list[tuple[str, int | None]]:
    return [(found.kind, found.index) for found in verify_tenant(tenant_id=tenant_id).findings]


def events_at(tenant_id: UUID) -> dict[int, UUID]:
    with tenant_transaction(tenant_id):
        rows = LedgerLeaf.objects.order_by("index")
        return dict(rows.values_list("index", "event_id"))


def pruned_event(tenant_id: UUID) -> tuple[int, dict[str, Any]]:
    """The newest `ledger.pruned`: its index, and what it says."""
    with tenant_transaction(tenant_id):
        row = LedgerLeaf.objects.filter(event__type="ledger.pruned").order_by("-index")
        index, body = row.values_list("index", "event__body")[0]
    return index, json.loads(bytes(body))["data"]


def pruned_ranges() -> tuple[range, ...]:
    """Return the indexes that the signed record of the bound tenant says were pruned."""
    return merged(each for read in read_prunings() for each in read.ranges)
