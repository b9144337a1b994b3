"""The database's function deletes what the signed record names, and nothing else."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import Error, connection

from audit.prune import delete_pruned
from audit.services.sequencer import sequence_tenant
from audit.services.verification import verify_tenant
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import write_event
from tests.audit.keeping import events_at, old_tenant

pytestmark = pytest.mark.usefixtures("committed", "kept_a_year")


def test_only_what_the_signed_record_names_can_be_deleted() -> None:
    tenant_id = old_tenant(10, 10)
    waiting = write_event(
        tenant_id,
        event_type="ledger.pruned",
        at=datetime(2026, 3, 9, tzinfo=UTC),
        data={
            "ranges": [{"first": 4, "last": 4}],
            "reason": "none",
            "before": "2025-03-10T00:00:00Z",
        },
    )
    with pytest.raises(Error, match="no signed event"), tenant_transaction(tenant_id):
        delete_pruned(waiting.pk)
    other = old_tenant(3, 0)
    sequence_tenant(tenant_id=tenant_id)
    with pytest.raises(Error, match="no signed event"), tenant_transaction(other):
        delete_pruned(waiting.pk)
    with pytest.raises(Error, match="no signed event"), tenant_transaction(tenant_id):
        delete_pruned(events_at(tenant_id)[5])
    with tenant_transaction(tenant_id):
        assert delete_pruned(waiting.pk) == 1
    with pytest.raises(Error, match="permission denied"), tenant_transaction(tenant_id):
        connection.cursor().execute("DELETE FROM audit_ledgerevent")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"ranges": [{"first": 4, "last": 4}], "before": "2025-03-10T00:00:00Z"}, "a reason"),
        ({"ranges": [{"first": 4, "last": 14}], "reason": "r"}, "said to be old"),
        ({"ranges": [{"first": 4, "last": 14}], "before": None, "reason": "r"}, "said to be old"),
        (
            {"ranges": [{"first": 0, "last": 4}], "before": "2027-03-10T00:00:00Z", "reason": "r"},
            "never pruned",
        ),
        (
            {"ranges": [{"first": 4, "last": 14}], "before": "2025-03-10T00:00:00Z", "reason": "r"},
            "too young",
        ),
    ],
)
def test_nothing_goes_without_a_reason_nor_what_never_goes(data: dict[str, Any], why: str) -> None:
    tenant_id = old_tenant(10, 10)
    event = write_event(tenant_id, event_type="ledger.pruned", data=data)
    sequence_tenant(tenant_id=tenant_id)
    with pytest.raises(Error, match=why), tenant_transaction(tenant_id):
        delete_pruned(event.pk)
    assert verify_tenant(tenant_id=tenant_id).events == 22


def test_setting_the_switch_by_hand_opens_nothing() -> None:
    tenant_id = old_tenant(3, 0)
    switched = "SELECT set_config('govapp.pruning', 'on', true); DELETE FROM audit_ledgerevent"
    with pytest.raises(Error, match="permission denied"), tenant_transaction(tenant_id):
        connection.cursor().execute(switched)
