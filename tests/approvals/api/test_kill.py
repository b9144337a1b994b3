"""What agents and verifiers hear of a kill switch, over HTTP."""

from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.test import Client

from approvals.models import ActionRequest, GrantKey
from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent, KillSwitch
from tenants.services.kill import resume, throw
from tests.approvals.api.agents import PAYMENT, URL, Caller, make_caller, new_caller
from tests.approvals.api.test_entry_points import ENTRY_POINTS, Holder
from tests.approvals.world import World
from tests.support.committed import CommittedDatabase
from tests.tenants.ledger import events
from tests.tenants.systems import active_system, give

STATUS_LIST = "/api/v1/status-list"
# What goes on for an agent that is stopped: it refuses by itself, or only ends something.
GOES_ON = {
    URL, f"{URL}/preview", "/api/v1/grants/redeem",
    f"{URL}/ar_00000000000000000000000000/cancel",
    f"{URL}/ar_00000000000000000000000000/execution",
}  # fmt: skip


@pytest.fixture
def site(committed_db: CommittedDatabase) -> tuple[World, Caller]:
    """Committed: an error undoes the transaction that a test would share."""
    world, caller = make_caller()
    with tenant_transaction(world.company.id):
        bank = active_system(world.company, "bank")
        give(world.company, Agent.objects.get(name="caller"), bank)
    return world, caller


def agent_of(world: World) -> Agent:
    with tenant_transaction(world.company.id):
        return Agent.objects.get(name="caller")


def thrown(world: World, scope: str = "tenant", ref: str = "") -> KillSwitch:
    ref = agent_of(world).public_id if ref == "caller" else ref
    with tenant_transaction(world.company.id):
        return throw(actor=world.company.olivia, scope=scope, ref=ref, reason="Odd payments")


def approved(world: World, caller: Caller, **fields: Any) -> str:
    made = caller.submit(**fields).json()["id"]
    with tenant_transaction(world.company.id):
        request = ActionRequest.objects.order_by("-submitted_at").first()
    assert request is not None
    assert request.public_id == made
    for member in (world.company.alice, world.company.bob):
        world.vote(member, request)
    return str(made)


@pytest.mark.parametrize(("scope", "ref"), [("tenant", ""), ("agent", "caller")])
def test_every_entry_point_of_a_stopped_agent(
    site: tuple[World, Caller], scope: str, ref: str
) -> None:
    world, caller = site
    thrown(world, scope, ref)
    holder = Holder(world, caller.key)
    refused = set()
    for method, path in ENTRY_POINTS:
        answer = holder.ask(method, path)
        if answer.status_code == 403:
            body = answer.json()
            assert body["type"] == "urn:govapp:problem:killed"
            assert "was thrown" in body["detail"]
            refused.add((method, path))
    posts = {(method, path) for method, path in ENTRY_POINTS if method == "POST"}
    assert refused == {each for each in posts if each[1] not in GOES_ON}
    recorded = holder.recorded()
    assert {code for code, _ in recorded} == {"killed"}
    assert {scope for _, scope in recorded} == {ENTRY_POINTS[each] for each in refused}


@pytest.mark.parametrize(
    ("scope", "ref"),
    [("tenant", ""), ("agent", "caller"), ("integration", "bank"), ("category", "payments.*")],
)
def test_a_submission_is_answered_as_blocked_and_a_preview_alike(
    site: tuple[World, Caller], scope: str, ref: str
) -> None:
    world, caller = site
    thrown(world, scope, ref)
    answer = caller.submit(integration="bank")
    body = answer.json()
    assert (answer.status_code, body["status"]) == (201, "blocked")
    assert "killed" in str(body["decision"])
    assert "The kill switch for " in str(body["decision"])
    said = caller.post(f"{URL}/preview", PAYMENT | {"integration": "bank"})
    assert (said.status_code, said.json()["outcome"]) == (200, "deny")
    assert "The kill switch for " in str(said.json())
    # What was asked for can still be read.
    assert caller.get(f"{URL}/{body['id']}").json()["status"] == "blocked"


def test_another_agent_goes_on(site: tuple[World, Caller]) -> None:
    world, _ = site
    other = new_caller(world, "other")
    thrown(world, "agent", "caller")
    assert other.submit().status_code == 202


def test_a_permission_is_refused_and_that_is_in_the_record(site: tuple[World, Caller]) -> None:
    world, caller = site
    first, second = (approved(world, caller, integration="bank") for _ in range(2))
    token = caller.post(f"{URL}/{first}/grant").json()["token"]
    thrown(world, "integration", "bank")
    refused = caller.post(f"{URL}/{second}/grant")
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:govapp:problem:killed")
    assert "the integration bank" in refused.json()["detail"]
    used = Client().post("/api/v1/grants/redeem", {"token": token}, content_type="application/json")
    assert (used.status_code, used.json()["type"]) == (409, "urn:govapp:problem:killed")
    with tenant_transaction(world.company.id):
        (key,) = events("credential.use_refused")
        (grant,) = events("grant.redeem_refused")
    assert (key["data"]["code"], key["data"]["scope"]) == ("killed", "grant")
    assert "the integration bank" in key["summary"]
    assert "the integration bank" in grant["summary"]


def test_no_token_is_given_to_a_stopped_agent_and_those_it_has_only_read(
    site: tuple[World, Caller],
) -> None:
    world, caller = site

    def token() -> Any:
        form = urlencode(
            {
                "grant_type": "client_credentials",
                "client_id": agent_of(world).public_id,
                "client_secret": caller.key,
            }
        )
        return Client().post("/oauth/token", form, content_type="application/x-www-form-urlencoded")

    held = Caller(token().json()["access_token"])
    thrown(world, "agent", "caller")
    refused = token()
    assert (refused.status_code, refused.json()["error"]) == (400, "unauthorized_client")
    assert "kill switch" in refused.json()["error_description"]
    assert held.get(URL).status_code == 200
    assert held.post(f"{URL}/ar_{'0' * 26}/comments", {"text": "x"}).status_code == 403


def verified(world: World, token: str) -> dict[str, Any]:
    """Verify a list as docs/kill-switch.md says."""
    with tenant_transaction(world.company.id):
        key = GrantKey.objects.get(kid=jwt.get_unverified_header(token)["kid"])
    assert jwt.get_unverified_header(token)["typ"] == "govapp-status-list+jwt"
    found: dict[str, Any] = jwt.decode(
        token,
        Ed25519PublicKey.from_public_bytes(bytes(key.public_key)),
        algorithms=["EdDSA"],
        audience="govapp-status-list",
        options={"verify_exp": False, "verify_iat": False},
    )
    return found


def test_the_list_names_what_is_thrown_and_dead(site: tuple[World, Caller]) -> None:
    world, caller = site
    grant = caller.post(f"{URL}/{approved(world, caller)}/grant").json()
    quiet = verified(world, caller.get(STATUS_LIST).json()["token"])
    assert (quiet["thrown"], quiet["dead"], quiet["exp"] - quiet["iat"]) == ([], [], 60)
    switch = thrown(world, "category", "payments.*")
    since = int(switch.thrown_at.timestamp())
    answer = caller.get(STATUS_LIST)
    said = verified(world, answer.json()["token"])
    assert said["thrown"] == [{"scope": "category", "ref": "payments.*", "since": since}]
    assert said["dead"] == [grant["jti"]]
    assert said["iat"] >= since
    assert said["tenant"].startswith("tn_")
    with tenant_transaction(world.company.id):
        resume(actor=world.company.carl, switch=switch, reason="Mended")
    after = verified(world, caller.get(STATUS_LIST).json()["token"])
    assert (after["thrown"], after["dead"]) == ([], [grant["jti"]])


def test_the_list_of_a_stopped_agent_can_be_read(site: tuple[World, Caller]) -> None:
    world, caller = site
    thrown(world, "agent", "caller")
    (only,) = verified(world, caller.get(STATUS_LIST).json()["token"])["thrown"]
    assert only["scope"] == "agent"


def test_a_poll_costs_nothing_until_something_changes(
    site: tuple[World, Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, caller = site
    # No other half minute begins between the two, however slow the machine is.
    monkeypatch.setattr("approvals.services.status_list.SAME_FOR", 10**9)
    first = caller.get(STATUS_LIST)
    again = caller.get(STATUS_LIST, if_none_match=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    thrown(world)
    changed = caller.get(STATUS_LIST, if_none_match=first["ETag"])
    assert changed.status_code == 200


def test_another_tenants_list_says_nothing_of_this_one(site: tuple[World, Caller]) -> None:
    world, caller = site
    other, elsewhere = make_caller(slug="globex")
    thrown(other)
    said = verified(world, caller.get(STATUS_LIST).json()["token"])
    assert said["thrown"] == []
    assert elsewhere.get(STATUS_LIST).json()["token"] != caller.get(STATUS_LIST).json()["token"]
