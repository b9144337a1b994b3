"""Large policies and submissions: nothing that is accepted is too large for the record."""

import json
from typing import Any

import pytest

from approvals.digests import canonical_json
from approvals.services.categories import create_category
from approvals.services.policies import propose_policy
from audit.models import LedgerEvent
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import make_world, policy, stage
from tests.people import make_company
from tests.support.recorded import read

pytestmark = pytest.mark.django_db


def data_of(event_type: str) -> dict[str, Any]:
    data: dict[str, Any] = read(LedgerEvent.objects.get(type=event_type))["data"]
    return data


def many_rules(count: int) -> dict[str, Any]:
    document = policy(stage("finance"))
    rule = document["rules"][0]
    document["rules"] = [rule | {"id": f"rule-{number}"} for number in range(count)]
    return document


@pytest.mark.parametrize("count", [600, 2000])
def test_a_policy_of_many_rules_is_recorded(count: int) -> None:
    acme = make_company()
    with tenant_transaction(acme.id):
        version = propose_policy(actor=acme.carl, source=json.dumps(many_rules(count)))
        data = data_of("policy.proposed")
    assert data["digest"] == version.digest
    assert set(data["sentences"]) == {"sha256", "bytes", "cut", "items"}


def test_a_submission_that_many_rules_match_is_recorded() -> None:
    world = make_world(many_rules(60))
    payload = {"amount": "900.00", "note": '"' * 7_900}
    request = world.submit(payload=payload, reason='"' * 10_000)
    with tenant_transaction(world.company.id):
        data = data_of("action_request.submitted")
    assert data["payload_digest"] == request.payload_digest
    assert data["payload"] == canonical_json(payload).decode()
    assert len(data["rules"]) == 60


def test_a_payload_too_large_for_an_event_is_kept_beside_it() -> None:
    world = make_world(many_rules(1))
    payload = {"amount": "900.00", "note": "x" * 70_000}
    world.submit(payload=payload)
    with tenant_transaction(world.company.id):
        data = data_of("action_request.submitted")
    assert data["payload"] == canonical_json(payload).decode()


def test_a_category_with_the_largest_schema_is_recorded() -> None:
    acme = make_company()
    schema = {"type": "object", "description": '"' * 32_000}
    with tenant_transaction(acme.id):
        create_category(actor=acme.carl, key="a.b", name="AB", risk="high", payload_schema=schema)
        data = data_of("category.created")
    assert set(data["payload_schema"]) == {"sha256", "bytes", "cut"}
