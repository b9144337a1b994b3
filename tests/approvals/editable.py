"""Payments whose fields an approver may change, and changing them."""

from typing import Any

import pytest

from approvals.enums import TimerStatus
from approvals.models import (
    ActionRequest,
    RequestRevision,
    Requirement,
    Timer,
    Vote,
)
from approvals.services.changes import (
    approve_with_changes,
)
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tenants.models import Membership
from tests.approvals.documents import asks, rules, where
from tests.approvals.standing import fresh, recorded
from tests.approvals.world import (
    FOUR_EYES,
    Document,
    World,
    make_world,
    stage,
)

EDITABLE = ["amount", "note", "to.iban"]


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "amount": {"type": "string", "pattern": r"^\d+\.\d\d$"},
        "note": {"type": "string"},
        "to": {"type": "object", "properties": {"iban": {"type": "string"}}},
    },
    "required": ["amount"],
}


PAYLOAD = {"amount": "900.00", "to": {"iban": "DE1", "name": "Acme"}}


LARGE = asks("large", where("payload.amount", "gt", "1000.00"), flow="large")


def by_amount(*extra: Document) -> Document:
    """Finance and risk approve payments; above 1000 managers as well."""
    found = rules(asks("payments", flow="two"), LARGE, *extra)
    found["flows"]["large"] = {"stages": [stage("managers")]}
    return found


@pytest.fixture
def world() -> World:
    return open_fields(make_world(FOUR_EYES))


def open_fields(world: World) -> World:
    with tenant_transaction(world.company.id):
        world.category.editable_fields = EDITABLE
        world.category.payload_schema = SCHEMA
        world.category.save()
    return world


def change(
    world: World, member: Membership, request: ActionRequest, /, **fields: Any
) -> ActionRequest:
    seen: dict[str, Any] = {
        "changes": {"amount": "800.00"},
        "payload_digest": request.payload_digest,
        "request_version": request.version,
    }
    with bind_tenant(world.company.id):
        return approve_with_changes(member=member, request_id=request.pk, **(seen | fields))


def assert_unchanged(world: World, request: ActionRequest) -> None:
    now = fresh(request)
    assert (now.payload, now.payload_digest, now.version) == (
        request.payload,
        request.payload_digest,
        request.version,
    )
    with tenant_transaction(world.company.id):
        assert RequestRevision.objects.count() == Vote.objects.count() == 0
        assert Requirement.objects.exclude(replaced_at=None).count() == 0
        assert Timer.objects.exclude(status=TimerStatus.ARMED).count() == 0
    assert "action_request.changed" not in recorded(request)
