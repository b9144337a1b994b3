"""Events at the limits of what is accepted: whole, or cut with a digest that says so."""

import json
import unicodedata
from typing import Any

import pytest

from approvals.digests import canonical_json
from approvals.enums import Verdict
from approvals.models import ActionCategory
from approvals.services.policies import propose_policy
from audit.models import LedgerEvent
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import FOUR_EYES, World, make_world, policy, stage
from tests.support.recorded import read

pytestmark = pytest.mark.django_db
WORST = "\u0001"  # six bytes in JSON


@pytest.fixture
def world() -> World:
    return make_world(FOUR_EYES)


def data_of(world: World, kind: str) -> dict[str, Any]:
    with tenant_transaction(world.company.id):
        data: dict[str, Any] = read(LedgerEvent.objects.filter(type=kind).latest("pk"))["data"]
    return data


def test_a_submission_is_recorded_with_everything_that_was_said(world: World) -> None:
    former = world.submit()
    world.vote(world.company.bob, former, Verdict.RETURN, reason="Add the invoice")
    reason = "Because it is due. " * 500
    world.submit(
        reason=reason,
        sources=[{"title": "Invoice", "url": "https://example.com/1"}],
        estimated_cost={"amount": "0.40", "currency": "EUR"},
        supersedes=former.pk,
    )
    data = data_of(world, "action_request.submitted")
    with tenant_transaction(world.company.id):
        category = ActionCategory.objects.get()
    assert data["reason"] == reason
    assert json.loads(data["sources"]) == [{"title": "Invoice", "url": "https://example.com/1"}]
    assert json.loads(data["estimated_cost"]) == {"amount": "0.40", "currency": "EUR"}
    assert data["supersedes"] == former.public_id
    assert (data["risk"], data["is_reversible"]) == (category.risk, category.is_reversible)


@pytest.mark.parametrize("letter", ['"', WORST, "\U0001d160", "é"])
def test_the_largest_submission_is_recorded(world: World, letter: str) -> None:
    payload = {"amount": "900.00", "note": letter * 40_000}
    request = world.submit(payload=payload, reason=letter * 10_000, summary=letter * 499 + "x")
    data = data_of(world, "action_request.submitted")
    said = canonical_json(payload).decode()
    assert data["payload"] == unicodedata.normalize("NFC", said)
    assert data["payload_digest"] == request.payload_digest


def test_a_submission_that_many_rules_match_is_recorded() -> None:
    rules = {f"rule-{number}": [stage("finance")] for number in range(60)}
    world = make_world(policy(**rules))
    world.submit(payload={"amount": "900.00", "note": '"' * 15_900})
    rules_seen = data_of(world, "action_request.submitted")["rules"]
    assert [each["rule"] for each in rules_seen] == list(rules)


@pytest.mark.parametrize("letter", ["x", WORST])
def test_the_longest_reason_of_a_vote_is_recorded_whole(world: World, letter: str) -> None:
    reason = letter * 4_000
    world.vote(world.company.bob, world.submit(), Verdict.DENY, reason=reason)
    assert data_of(world, "vote.cast")["reason"] == reason
    assert data_of(world, "action_request.denied")["reason"] == reason


def test_a_policy_of_many_rules_can_be_proposed(world: World) -> None:
    document = policy(stage("finance"))
    (rule,) = document["rules"]
    document["rules"] = [rule | {"id": f"rule-{number}"} for number in range(600)]
    with tenant_transaction(world.company.id):
        version = propose_policy(actor=world.company.carl, source=json.dumps(document))
    data = data_of(world, "policy.proposed")
    assert data["digest"] == version.digest
    assert (data["sentences"]["cut"], sorted(data["sentences"])) == (
        True,
        ["bytes", "cut", "items", "sha256"],
    )
