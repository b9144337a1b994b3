"""Valkey stopped: what stops agents is in PostgreSQL, and holds."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from django.test import Client, override_settings

from govapp.common.tenancy import tenant_transaction
from tenants.services.budget_rules import Terms, set_budget
from tenants.services.kill import resume, throw
from tests.approvals.api.agents import URL, make_caller
from tests.support.committed import CommittedDatabase
from tests.support.losing import valkey_of_its_own
from tests.support.services import Services

REDEEM = "/api/v1/grants/redeem"
ALLOWED = {
    "version": 1,
    "default": "deny",
    "rules": [{"id": "all", "when": {"category": "payments.transfer"}, "then": "allow"}],
}


@pytest.fixture(autouse=True)
def _no_valkey(
    committed_db: CommittedDatabase, services: Services, tmp_path: Path
) -> Iterator[None]:
    with valkey_of_its_own(services, tmp_path / "valkey") as own:
        own.stop()
        yield


def test_an_action_goes_its_whole_way() -> None:
    _, caller = make_caller(ALLOWED)
    made = caller.submit()
    assert (made.status_code, made.json()["status"]) == (201, "allowed")
    token = caller.post(f"{URL}/{made.json()['id']}/grant").json()["token"]
    sent = {"token": token, "redeemed_by": "acme-bank"}
    used = [Client().post(REDEEM, sent, content_type="application/json") for _ in range(2)]
    assert [each.status_code for each in used] == [200, 409]


def test_a_kill_switch_stops_the_next_request_and_kills_permissions() -> None:
    world, caller = make_caller(ALLOWED)
    granted = caller.submit().json()["id"]
    token = caller.post(f"{URL}/{granted}/grant").json()["token"]
    with tenant_transaction(world.company.id):
        switch = throw(actor=world.company.olivia, scope="tenant", reason="Odd payments")
    stopped = caller.submit().json()
    assert (stopped["status"], stopped["decision"]["reasons"]) == ("blocked", ["killed"])
    used = Client().post(REDEEM, {"token": token}, content_type="application/json")
    assert (used.status_code, used.json()["type"]) == (409, "urn:govapp:problem:killed")
    listed = caller.get("/api/v1/status-list")
    assert listed.status_code == 200, listed.content
    with tenant_transaction(world.company.id):
        resume(actor=world.company.carl, switch=switch, reason="Looked into it")
    assert caller.submit().json()["status"] == "allowed"


def test_a_budget_that_is_used_up_stops_the_next_request() -> None:
    world, caller = make_caller(ALLOWED)
    with tenant_transaction(world.company.id):
        set_budget(
            actor=world.company.olivia, scope="tenant", measure="count", period="day",
            terms=Terms(Decimal(1), "halt"),
        )  # fmt: skip
    assert caller.submit().json()["status"] == "allowed"
    stopped = caller.submit().json()
    assert (stopped["status"], stopped["decision"]["reasons"]) == ("blocked", ["budget_halted"])


def test_calls_are_limited_by_each_process() -> None:
    _, caller = make_caller(ALLOWED)
    # One call in 1,024 seconds, so that nothing comes back while a busy machine is at it.
    with override_settings(AGENT_CALLS_PER_SECOND=1 / 1024, AGENT_CALLS_AT_ONCE=2):
        assert [caller.get(URL).status_code for _ in range(3)] == [200, 200, 429]
    with override_settings(TENANT_CALLS_PER_SECOND=1 / 1024, TENANT_CALLS_AT_ONCE=1):
        _, other = make_caller(ALLOWED, "globex")
        assert [other.get(URL).status_code for _ in range(2)] == [200, 429]


def test_figures_are_given_without_the_one_that_valkey_keeps() -> None:
    make_caller(ALLOWED)
    answer = Client().get("/metrics")
    assert answer.status_code == 200, answer.content
    samples = [line for line in answer.content.decode().splitlines() if line[0] != "#"]
    assert "govapp_tenants 1.0" in samples
    assert not [line for line in samples if line.startswith("govapp_watch_age_seconds")]
