"""An access token that is bound to a delegation does nothing but what comes under it."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from django.test import Client

from approvals.api.gateway import TICKET
from approvals.models import ActionRequest, Delegation, ModelCall
from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent, SpendEntry
from tenants.services.integration_secrets import set_secret
from tests.approvals.api.agents import URL, Caller, make_caller, new_caller
from tests.approvals.api.test_entry_points import ENTRY_POINTS
from tests.approvals.chains import ALLOWED
from tests.approvals.models_at import HELLO, connect_model
from tests.approvals.world import World
from tests.support.committed import CommittedDatabase
from tests.tenants.ledger import events
from tests.tenants.systems import active_system, give

DELEGATIONS: Final = "/api/v1/delegations"
REDEEM: Final = "/api/v1/grants/redeem"
OUTSIDE: Final = "outside_delegation"
# What looks itself at what it is asked for: here nothing that there is, or an empty body.
HONOUR: Final = {
    "/api/v1/action-requests": 400,  # without an Idempotency-Key
    "/api/v1/action-requests/preview": 422,
    f"{URL}/ar_00000000000000000000000000/cancel": 404,
    f"{URL}/ar_00000000000000000000000000/comments": 422,
    f"{URL}/ar_00000000000000000000000000/grant": 404,
    f"{URL}/ar_00000000000000000000000000/execution": 422,
    f"{URL}/ar_00000000000000000000000000/undo": 404,
    DELEGATIONS: 422,
    f"{DELEGATIONS}/dg_00000000000000000000000000/revoke": 404,
    REDEEM: 422,
    # Calls of models are carried out by the ASGI application only.
    "/gateway/v1/chat/completions": 501,
    "/gateway/v1/embeddings": 501,
}


@dataclass
class Site:
    """A buyer with its own key, and with a token for what the planner handed it."""

    world: World
    planner: Caller
    buyer: Caller
    ident: str
    bound: Caller
    handed: dict[str, Any]

    def agent(self) -> Agent:
        return Agent.objects.get(name="buyer")

    def asked(self, caller: Caller, **fields: Any) -> str:
        body = caller.submit(**fields).json()
        assert body["status"] == "allowed"
        return f"{URL}/{body['id']}"

    def recorded(self) -> list[tuple[str, str | None]]:
        with tenant_transaction(self.world.company.id):
            found = events("credential.use_refused")
        return [(each["data"]["code"], each["data"]["scope"]) for each in found]


@pytest.fixture
def site(committed_db: CommittedDatabase, settings: Any) -> Site:
    """Committed: an error undoes the transaction that a test would share."""
    settings.ANONYMOUS_CALLS_PER_SECOND = settings.ANONYMOUS_CALLS_AT_ONCE = 10_000
    world, planner = make_caller(ALLOWED)
    buyer = new_caller(world, "buyer")
    with tenant_transaction(world.company.id):
        ident = Agent.objects.get(name="buyer").public_id
    handed = planner.post(
        DELEGATIONS, {"to": ident, "expires_in": 3600, "categories": ["payments.*"], "depth": 1}
    ).json()
    return Site(world, planner, buyer, ident, exchanged(ident, buyer, handed["token"]), handed)


def exchanged(ident: str, caller: Caller, delegation: str) -> Caller:
    """Change the token of a delegation for an access token (RFC 8693)."""
    asked = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": delegation,
        "subject_token_type": "urn:govapp:params:oauth:token-type:delegation",
    }
    secret = b64encode(f"{ident}:{caller.key}".encode()).decode()
    answer = Client().post(
        "/oauth/token",
        data=urlencode(asked),
        content_type="application/x-www-form-urlencoded",
        headers={"Authorization": f"Basic {secret}"},
    )
    return Caller(answer.json()["access_token"])


def told(answer: Any) -> tuple[int, str]:
    kind = answer.json().get("type", "") if answer.status_code >= 400 else ""
    return answer.status_code, kind.rpartition(":")[2]


def test_what_does_not_look_at_the_delegation_itself_is_shut(site: Site) -> None:
    shut = {}
    for method, path in ENTRY_POINTS:
        if method == "POST":
            shut[path] = told(site.bound.post(path))
    expected = {path: (403, OUTSIDE) for path in shut if path not in HONOUR}
    assert {path: found for path, found in shut.items() if found[1] == OUTSIDE} == expected
    assert {path: status for path, (status, _) in shut.items() if path in HONOUR} == HONOUR
    assert set(site.recorded()) == {(OUTSIDE, scope) for scope in ("spend", "submit")}


def test_the_gateway_calls_models_under_it_as_far_as_it_goes(site: Site) -> None:
    with tenant_transaction(site.world.company.id):
        agent = site.agent()
    connect_model(site.world, agent, "https://models.example/v1")
    answer = ask_model(site.bound)
    assert told(answer) == (403, "delegation_too_wide")
    assert "It is for payments.*, not for model.chat." in answer.json()["detail"]
    handed = site.planner.post(
        DELEGATIONS, {"to": site.ident, "expires_in": 3600, "categories": ["model.*"]}
    ).json()
    bound = exchanged(site.ident, site.buyer, handed["token"])
    assert told(ask_model(bound)) == (200, "")
    with tenant_transaction(site.world.company.id):
        refused, opened = ModelCall.objects.order_by("id")
        assert [each["id"] for each in opened.delegation_chain] == [handed["id"]]
    assert (refused.status, opened.status, opened.agent_id) == ("refused", "open", agent.pk)
    assert site.recorded() == []


def ask_model(caller: Caller) -> Any:
    """Open a call at the gateway, and leave it there: nothing is sent on."""
    left: Any = {TICKET: []}
    return Client().post(
        "/gateway/v1/chat/completions", HELLO, content_type="application/json",
        headers=caller.headers, **left,
    )  # fmt: skip


def test_nothing_is_spent_with_it(site: Site) -> None:
    answer = site.bound.post("/api/v1/spend", {"tokens": 5}, idempotency_key="a")
    assert told(answer) == (403, OUTSIDE)
    with tenant_transaction(site.world.company.id):
        assert SpendEntry.objects.count() == 0


@pytest.mark.parametrize(
    ("what", "scope"),
    [("grant", "grant"), ("execution", "report"), ("undo", "submit"), ("cancel", "submit")],
)
def test_what_was_asked_for_outside_of_it_is_not_touched(site: Site, what: str, scope: str) -> None:
    other = site.planner.post(DELEGATIONS, {"to": site.ident, "expires_in": 600}).json()["token"]
    body = {"outcome": "succeeded"} if what == "execution" else {}
    for asked in (site.asked(site.buyer), site.asked(site.buyer, delegation=other)):
        assert told(site.bound.post(f"{asked}/{what}", body)) == (403, OUTSIDE)
        assert site.buyer.get(asked).json()["execution"] == {"state": "not_started"}
    assert site.recorded()[0] == (OUTSIDE, scope)


def test_what_was_asked_for_under_it_goes_on_with_it(site: Site) -> None:
    # The same delegation, whether its token was sent along or exchanged.
    for asked in (
        site.asked(site.bound),
        site.asked(site.buyer, delegation=site.handed["token"]),
    ):
        permission = site.bound.post(f"{asked}/grant")
        assert permission.status_code == 201, permission.content
        used = site.bound.post(REDEEM, {"token": permission.json()["token"]})
        assert used.status_code == 200, used.content
        done = site.bound.post(f"{asked}/execution", {"outcome": "succeeded"})
        assert done.json()["execution"]["state"] == "succeeded"
    assert site.recorded() == []


def test_a_permission_from_outside_of_it_is_not_used_with_it(site: Site) -> None:
    with tenant_transaction(site.world.company.id):
        system = active_system(site.world.company, kind="injected")
        give(site.world.company, site.agent(), system)
        set_secret(actor=site.world.company.olivia, integration=system, secret="bank-key-71c0")
    asked = site.asked(site.buyer, integration="acme-bank")
    token = site.buyer.post(f"{asked}/grant").json()["token"]
    answer = site.bound.post(REDEEM, {"token": token})
    assert (told(answer), b"bank-key-71c0" in answer.content) == ((403, OUTSIDE), False)
    with tenant_transaction(site.world.company.id):
        (event,) = events("grant.redeem_refused")
    assert event["data"]["why"] == answer.json()["detail"]
    given = site.buyer.post(REDEEM, {"token": token}).json()
    assert given["credential"]["value"] == "bank-key-71c0"


def test_it_cuts_what_is_under_it_and_nothing_else(site: Site) -> None:
    new_caller(site.world, "clerk")
    with tenant_transaction(site.world.company.id):
        clerk = Agent.objects.get(name="clerk").public_id
    beside = site.buyer.post(DELEGATIONS, {"to": clerk, "expires_in": 600}).json()["id"]
    beneath = site.bound.post(DELEGATIONS, {"to": clerk}).json()["id"]
    statuses = [
        site.bound.post(f"{DELEGATIONS}/{each}/revoke").status_code for each in (beside, beneath)
    ]
    assert statuses == [404, 200]
    with tenant_transaction(site.world.company.id):
        cut = [each.public_id for each in Delegation.objects.exclude(revoked_at=None)]
        assert ActionRequest.objects.count() == 0
    assert cut == [beneath]
