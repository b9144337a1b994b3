"""Every address with every kind of key that must not open it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from govapp.common.tenancy import bind_tenant
from tenants.models import Credential
from tenants.services.agents import pause_agent
from tenants.services.credentials import revoke_credential
from tests.approvals.api.agents import PAYMENT, URL, Caller, make_caller
from tests.approvals.world import World
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db

ONE = f"{URL}/ar_00000000000000000000000000"
ENDPOINTS = [
    ("GET", URL),
    ("POST", URL),
    ("POST", f"{URL}/preview"),
    ("GET", f"{URL}/events"),
    ("GET", ONE),
    ("POST", f"{ONE}/cancel"),
    ("POST", f"{ONE}/grant"),
    ("POST", f"{ONE}/execution"),
]


def call(verb: str, url: str, authorization: str | None) -> Any:
    headers = {"Idempotency-Key": "one"}
    if authorization is not None:
        headers["Authorization"] = authorization
    return Client().generic(
        verb, url, b"{}" if verb == "POST" else b"", "application/json", headers=headers
    )


def refused(response: Any) -> None:
    assert response.status_code == 401, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert response["WWW-Authenticate"] == 'Bearer realm="govapp"'
    assert response.json()["type"] == "urn:govapp:problem:unauthenticated"


@pytest.mark.parametrize(("verb", "url"), ENDPOINTS)
def test_without_a_good_key_there_is_no_answer(verb: str, url: str) -> None:
    _, caller = make_caller()
    other = "A" if caller.key[-1] != "A" else "B"
    for authorization in (
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Basic {caller.key}",
        caller.key,
        f"Bearer {caller.key[:-1]}{other}",
        f"Bearer {caller.key}x",
        "Bearer gov_live_",
        "Bearer \u00e9\u00e9",
    ):
        refused(call(verb, url, authorization))


def revoke(world: World, caller: Caller, _: MoveClock) -> None:
    with bind_tenant(world.company.id):
        key = Credential.objects.select_related("agent").get(agent__name="caller")
        revoke_credential(actor=world.company.olivia, credential=key)


def pause(world: World, caller: Caller, _: MoveClock) -> None:
    with bind_tenant(world.company.id):
        key = Credential.objects.select_related("agent").get(agent__name="caller")
        pause_agent(actor=world.company.olivia, agent=key.agent, reason="Odd payments")


def expire(world: World, caller: Caller, move_clock: MoveClock) -> None:
    move_clock(timedelta(days=31))


@pytest.mark.parametrize("end", [revoke, pause, expire])
def test_a_key_that_has_ended_is_refused_on_the_next_request(
    end: Callable[[World, Caller, MoveClock], None], move_clock: MoveClock
) -> None:
    world, caller = make_caller()
    assert caller.get(URL).status_code == 200
    end(world, caller, move_clock)
    for verb, url in ENDPOINTS:
        refused(call(verb, url, f"Bearer {caller.key}"))


def test_the_scheme_is_written_as_one_likes() -> None:
    _, caller = make_caller()
    assert call("GET", URL, f"bearer {caller.key}").status_code == 200


def test_a_wrong_key_beside_a_permission_is_refused() -> None:
    response = Client().post(
        "/api/v1/grants/redeem",
        {"token": "x"},
        content_type="application/json",
        headers={"Authorization": "Bearer gov_live_wrong"},
    )
    refused(response)


def test_the_tenant_comes_from_the_key_alone() -> None:
    _, caller = make_caller()
    response = caller.submit(PAYMENT | {"tenant": "globex"})
    assert response.status_code == 400
