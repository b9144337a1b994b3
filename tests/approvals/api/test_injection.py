"""A secret in the answer to the redemption: with a key, once, and in no cache."""

from datetime import datetime, timedelta

from django.db import transaction
from django.test import Client

from govapp.common.tenancy import tenant_transaction
from tenants.services.credentials import issue_credential
from tenants.services.key_limits import KeyLimits
from tests.approvals.api.agents import Caller
from tests.approvals.documents import rule, rules
from tests.approvals.services.test_injection import SECRET, ready
from tests.approvals.world import World, make_world
from tests.support.committed import CommittedDatabase


def test_over_http_it_is_in_the_answer_and_in_no_store(committed_db: CommittedDatabase) -> None:
    with transaction.atomic():
        world = make_world(rules(rule("all", "allow")))
    _, token = ready(world)
    anonymous = Client().post(
        "/api/v1/grants/redeem", {"token": token}, content_type="application/json"
    )
    assert (anonymous.status_code, anonymous.json()["type"]) == (
        403, "urn:govapp:problem:key_needed",
    )  # fmt: skip
    assert SECRET not in anonymous.content.decode()
    caller = Caller(key_of(world))
    answer = caller.post("/api/v1/grants/redeem", {"token": token, "redeemed_by": "bank"})
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    credential = answer.json()["credential"]
    assert (credential["value"], credential["scopes"]) == (
        SECRET, ["payments:read", "payments:write"],
    )  # fmt: skip
    assert datetime.fromisoformat(credential["expires_at"]) - datetime.fromisoformat(
        answer.json()["redeemed_at"]
    ) == timedelta(minutes=5)
    again = caller.post("/api/v1/grants/redeem", {"token": token, "redeemed_by": "bank"})
    assert (again.status_code, SECRET in again.content.decode()) == (409, False)


def test_the_categories_of_the_key_count(committed_db: CommittedDatabase) -> None:
    with transaction.atomic():
        world = make_world(rules(rule("all", "allow")))
    _, token = ready(world)
    body = {"token": token, "redeemed_by": "bank"}
    refused = Caller(key_of(world, "mails.*")).post("/api/v1/grants/redeem", body)
    assert (refused.status_code, refused.json()["type"], SECRET in refused.content.decode()) == (
        403, "urn:govapp:problem:category_not_of_key", False,
    )  # fmt: skip


def key_of(world: World, *categories: str) -> str:
    with tenant_transaction(world.company.id):
        _, key = issue_credential(
            actor=world.company.olivia, agent=world.agent, label="second",
            lifetime=timedelta(days=1), limits=KeyLimits(categories=categories),
        )  # fmt: skip
    return key
