"""From a decision to the permission, its use and the report."""

import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from approvals.models import ActionRequest
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tests.approvals.api.agents import URL, Caller, make_caller
from tests.approvals.world import World
from tests.conftest import MoveClock
from tests.support.committed import CommittedDatabase

REDEEM = "/api/v1/grants/redeem"


def approved(world: World, caller: Caller) -> str:
    """Submit, let both approve, and return the request's address."""
    made = caller.submit().json()
    with tenant_transaction(world.company.id):
        request = ActionRequest.objects.get(status="pending")
    for member in (world.company.alice, world.company.bob):
        world.vote(member, request)
    return f"{URL}/{made['id']}"


def redeem(token: str, **headers: str) -> Any:
    """Use a permission as a system that has no key of ours."""
    body = {"token": token, "redeemed_by": "acme-bank"}
    return Client().post(REDEEM, body, content_type="application/json", headers=headers)


def test_the_whole_way_from_decision_to_report(committed_db: CommittedDatabase) -> None:
    world, caller = make_caller()
    url = approved(world, caller)
    response = caller.post(f"{url}/grant")
    assert response.status_code == 201, response.content
    grant = response.json()
    assert grant["jwks"] == "http://127.0.0.1:8000/.well-known/jwks.json"

    # Whoever executes verifies the permission with the published keys alone.
    keys = Client().get("/.well-known/jwks.json")
    assert keys["Cache-Control"] == "public, max-age=300"
    kid = jwt.get_unverified_header(grant["token"])["kid"]
    key = next(each for each in keys.json()["keys"] if each["kid"] == kid)
    public = jwt.PyJWK(key, algorithm="EdDSA").key
    claims = jwt.decode(grant["token"], public, algorithms=["EdDSA"], options={"verify_aud": False})
    request = caller.get(url).json()
    assert claims["payload_digest"] == request["payload_digest"]
    assert claims["request"] == request["id"]
    assert request["execution"] == {"state": "granted"}

    first, second = redeem(grant["token"]), redeem(grant["token"])
    assert first.status_code == 200, first.content
    assert first.json() == {
        "request": request["id"],
        "jti": grant["jti"],
        "payload_digest": request["payload_digest"],
        "redeemed_at": first.json()["redeemed_at"],
    }
    assert (second.status_code, second["Content-Type"]) == (409, "application/problem+json")

    report = {"outcome": "succeeded", "note": "Booked", "cost": {"amount": "0.40"}}
    answer = caller.post(f"{url}/execution", report)
    assert answer.status_code == 200, answer.content
    execution = answer.json()["execution"]
    assert execution == {
        "state": "succeeded",
        "note": "Booked",
        "cost": {"amount": "0.40"},
        "reported_at": execution["reported_at"],
    }


@pytest.mark.django_db
def test_a_pending_request_has_no_permission() -> None:
    _, caller = make_caller()
    url = f"{URL}/{caller.submit().json()['id']}"
    assert caller.post(f"{url}/grant").status_code == 409
    assert caller.post(f"{url}/execution", {"outcome": "succeeded"}).status_code == 409


@pytest.mark.django_db
def test_a_permission_is_not_issued_twice_while_it_lives(move_clock: MoveClock) -> None:
    world, caller = make_caller()
    url = approved(world, caller)
    assert caller.post(f"{url}/grant").status_code == 201
    assert caller.post(f"{url}/grant").status_code == 409
    move_clock(timedelta(minutes=6))
    assert caller.post(f"{url}/grant").status_code == 201


def test_another_tenants_key_beside_the_permission_opens_nothing(
    committed_db: CommittedDatabase,
) -> None:
    world, caller = make_caller()
    _, stranger = make_caller(slug="globex")
    token = caller.post(f"{approved(world, caller)}/grant").json()["token"]
    assert redeem(token, authorization=f"Bearer {stranger.key}").status_code == 404
    assert redeem(token, authorization=f"Bearer {caller.key}").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["x", "a.b.c", "é", "..", "e30.e30.e30", "x" * 8000])
def test_what_is_no_permission_is_refused(token: str) -> None:
    assert redeem(token).status_code == 422


@pytest.mark.django_db
def test_an_address_without_a_key_is_slowed_down(settings: Settings) -> None:
    # One call in 1,024 seconds, so that nothing comes back while a busy machine is at it.
    settings.ANONYMOUS_CALLS_PER_SECOND, settings.ANONYMOUS_CALLS_AT_ONCE = 1 / 1024, 2
    body = {"token": "x"}

    def post(address: str) -> int:
        return Client(REMOTE_ADDR=address).post(REDEEM, body, "application/json").status_code

    address, other = f"2001:db8::{new_id().hex[-4:]}:1", f"2001:db8::{new_id().hex[-4:]}:2"
    assert [post(address) for _ in range(3)] == [422, 422, 429]
    assert post(other) == 422


@pytest.mark.django_db
def test_an_outcome_that_does_not_exist_is_refused() -> None:
    world, caller = make_caller()
    url = approved(world, caller)
    response = caller.post(f"{url}/execution", {"outcome": "perhaps"})
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/outcome")
    assert json.loads(caller.get(url).content)["execution"] == {"state": "not_started"}
