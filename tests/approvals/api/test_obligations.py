"""What rules attach, as an agent sees it over HTTP."""

from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest

from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent
from tests.approvals.api.agents import PAYMENT, URL, make_caller
from tests.approvals.documents import asks, rule, rules
from tests.conftest import MoveClock
from tests.tenants.systems import active_system, give

pytestmark = pytest.mark.django_db

HELD: dict[str, Any] = {"delay": "10m", "attach_note": "Pay by SEPA only."}


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def test_a_permission_that_is_held_back_says_until_when(move_clock: MoveClock) -> None:
    _, caller = make_caller(rules(rule("held", "allow", obligations=HELD)))
    made = caller.submit().json()
    assert (made["status"], made["notes"]) == (
        "allowed",
        [{"rule": "held", "text": "Pay by SEPA only."}],
    )
    due = datetime.fromisoformat(made["grant_not_before"])
    assert due - datetime.fromisoformat(made["decided_at"]) == timedelta(minutes=10)
    url = f"{URL}/{made['id']}"
    assert caller.get(url).json()["grant_not_before"] == made["grant_not_before"]
    refused = caller.post(f"{url}/grant")
    assert refused.status_code == 409
    assert refused["Content-Type"] == "application/problem+json"
    body = refused.json()
    assert body["type"] == "urn:govapp:problem:not_yet"
    assert datetime.fromisoformat(body["not_before"]) == due
    assert 500 < int(refused["Retry-After"]) <= 600
    move_clock(timedelta(seconds=int(refused["Retry-After"])))
    assert caller.post(f"{url}/grant").status_code == 201


def test_the_integration_and_the_run_go_in_and_come_out() -> None:
    world, caller = make_caller(rules(rule("all", "allow")))
    with tenant_transaction(world.company.id):
        agent = Agent.objects.get(name="caller")
        give(world.company, agent, active_system(world.company, "acme-bank"))
    made = caller.submit(integration="acme-bank", run="run 7".replace(" ", "-")).json()
    assert (made["integration"], made["run"]) == ("acme-bank", "run-7")
    granted = caller.post(f"{URL}/{made['id']}/grant").json()
    assert claims(granted["token"])["integration"] == "acme-bank"
    unnamed = caller.submit().json()
    assert (unnamed["integration"], unnamed["run"]) == ("", "")
    granted = caller.post(f"{URL}/{unnamed['id']}/grant").json()
    assert "integration" not in claims(granted["token"])
    assert unnamed["payload_digest"] != made["payload_digest"]


def test_a_preview_says_what_would_be_attached() -> None:
    _, caller = make_caller(rules(asks("held", obligations=HELD | {"step_up": True})))
    found = caller.post(f"{URL}/preview", PAYMENT).json()
    assert found["notes"] == [{"rule": "held", "text": "Pay by SEPA only."}]
    assert (found["step_up"], found["grant_delay_seconds"]) == (True, 600)
