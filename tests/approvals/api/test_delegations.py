"""`/api/v1/delegations`, acting under one, and exchanging it for a token (RFC 8693)."""

from base64 import b64encode
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.models import ActionRequest, Delegation
from approvals.services.delegated_spend import release_spend
from approvals.services.delegations import revoke_delegation
from govapp.common.tenancy import tenant_transaction
from tenants.models import AccessToken, Agent
from tenants.services.agents import pause_agent
from tests.approvals.api.agents import URL, Caller, make_caller, new_caller
from tests.approvals.chains import ALLOWED
from tests.approvals.world import FOUR_EYES, World
from tests.conftest import MoveClock
from tests.support.committed import CommittedDatabase
from tests.tenants.ledger import events

pytestmark = pytest.mark.django_db
DELEGATIONS = "/api/v1/delegations"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
DELEGATION_TYPE = "urn:govapp:params:oauth:token-type:delegation"
ACCESS_TYPE = "urn:ietf:params:oauth:token-type:access_token"


@pytest.fixture(autouse=True)
def one_address_may_ask_often(settings: Any) -> None:
    """All these tests call from one address; what it may call is counted for all of them."""
    settings.ANONYMOUS_CALLS_PER_SECOND = settings.ANONYMOUS_CALLS_AT_ONCE = 10_000


class Company:
    """A world whose agents planner, buyer and clerk have keys."""

    def __init__(self, document: Any = ALLOWED) -> None:
        self.world: World
        self.world, _ = make_caller(document)
        self.callers = {name: new_caller(self.world, name) for name in NAMES}
        with tenant_transaction(self.world.company.id):
            self.agents = {each.name: each for each in Agent.objects.all()}

    def hand(self, giver: str, taker: str, **body: Any) -> Any:
        body = {"to": self.agents[taker].public_id} | body
        if "under" not in body:
            body.setdefault("expires_in", 3600)
        return self.callers[giver].post(DELEGATIONS, body)

    def exchange(self, agent: str, token: str, **fields: str) -> Any:
        sent = {
            "grant_type": EXCHANGE,
            "subject_token": token,
            "subject_token_type": DELEGATION_TYPE,
        } | fields
        name = f"{self.agents[agent].public_id}:{self.callers[agent].key}"
        return Client().post(
            "/oauth/token",
            data=urlencode({key: value for key, value in sent.items() if value}),
            content_type="application/x-www-form-urlencoded",
            headers={"Authorization": f"Basic {b64encode(name.encode()).decode()}"},
        )

    def recorded(self, *types: str) -> list[dict[str, Any]]:
        with tenant_transaction(self.world.company.id):
            return events(*types)


NAMES = ("planner", "buyer", "clerk")


@pytest.fixture
def company(db: None) -> Company:
    return Company()


def test_an_agent_hands_on_part_of_what_it_has(company: Company) -> None:
    response = company.hand(
        "planner", "buyer", categories=["payments.*"], integrations=["acme-bank"],
        budget={"EUR": "500.00"}, depth=1, purpose="Invoices of November",
    )  # fmt: skip
    body = response.json()
    token, ident = body.pop("token"), body["id"]
    planner, buyer = (
        {"id": company.agents[name].public_id, "name": name} for name in ("planner", "buyer")
    )
    times = {name: body.pop(name) for name in ("created_at", "expires_at")}
    assert times["created_at"] < times["expires_at"]
    assert token.startswith("gov_dg_")
    assert (response.status_code, body) == (
        201,
        {
            "id": ident, "status": "live", "from": planner, "to": buyer, "under": None, "depth": 1,
            "depth_left": 1, "categories": ["payments.*"], "integrations": ["acme-bank"],
            "budget": {
                "EUR": {
                    "amount": "500.00", "reserved": "0.00", "settled": "0.00",
                    "left": "500.00",
                }
            },
            "purpose": "Invoices of November", "revoked_at": None, "revoked_reason": "",
            "chain": [{"id": ident, "from": planner, "to": buyer}],
        },
    )  # fmt: skip
    (event,) = company.recorded("delegation.created")
    assert event["data"]["budget"] == {"EUR": "500.00"}
    assert event["delegation"] == body["chain"]
    assert token.rpartition("_")[2] not in str(event)


def test_the_whole_chain_is_in_the_answer(company: Company) -> None:
    first = company.hand("planner", "buyer", depth=1).json()
    second = company.hand("buyer", "clerk", under=first["token"]).json()
    assert [link["id"] for link in second["chain"]] == [first["id"], second["id"]]
    clerk = company.callers["clerk"]
    made = clerk.submit(delegation=second["token"]).json()
    assert (made["status"], made["delegation"]) == ("allowed", second["chain"])
    assert clerk.get(f"{URL}/{made['id']}").json()["delegation"] == second["chain"]
    assert clerk.submit().json()["delegation"] == []
    explained = clerk.get(f"{URL}/{made['id']}/explanation").content.decode()
    assert "a software agent, to which other software had handed the task, asked" in explained


def test_what_is_refused_is_answered_with_its_code_and_words(company: Company) -> None:
    given = company.hand("planner", "buyer", categories=["mail.*"], integrations=["crm"]).json()
    buyer = company.callers["buyer"]
    body = buyer.submit(delegation=given["token"], integration="acme-bank").json()
    called = f"The delegation {given['id']} from planner to buyer does not cover this."
    # That the integration is not registered is said as well.
    reasons = [each for each in body["decision"]["reasons"] if each.startswith("delegation")]
    assert (body["status"], reasons) == ("blocked", ["delegation_too_wide"] * 2)
    assert (
        f"{called} It is for mail.*, not for payments.transfer."
        f" {called} It reaches crm, not acme-bank."
    ) in body["decision"]["reason"]
    preview = buyer.post(
        f"{URL}/preview",
        {
            "category": "payments.transfer", "summary": "Pay", "payload": {"amount": "9.00"},
            "delegation": given["token"],
        },
    ).json()  # fmt: skip
    assert preview["outcome"] == "deny"
    assert called in preview["because"]


def test_a_key_can_not_name_a_delegation_by_its_id(company: Company) -> None:
    given = company.hand("planner", "buyer").json()
    answer = company.callers["buyer"].submit(delegation=given["id"])
    assert answer.status_code == 422


def test_widening_is_refused_and_recorded(company: Company) -> None:
    given = company.hand("planner", "buyer", categories=["payments.*"], depth=1).json()
    refused = company.hand("buyer", "clerk", under=given["token"], categories=["mail.send"])
    assert (refused.status_code, refused.json()["type"]) == (
        403, "urn:govapp:problem:delegation_too_wide",
    )  # fmt: skip
    assert refused.json()["errors"] == [
        {
            "pointer": "/categories",
            "detail": (
                "The category mail.send is not part of what it is handed on from (payments.*)."
            ),
        }
    ]
    (event,) = company.recorded("delegation.used_refused")
    assert event["data"]["code"] == "delegation_too_wide"
    too_deep = company.hand("planner", "buyer", depth=4)
    assert (too_deep.status_code, too_deep.json()["type"]) == (
        403, "urn:govapp:problem:delegation_too_deep",
    )  # fmt: skip
    (event,) = company.recorded("delegation.refused")
    assert event["data"]["to"] == company.agents["buyer"].public_id
    with tenant_transaction(company.world.company.id):
        assert Delegation.objects.count() == 1


def test_a_chain_that_has_no_more_of_it_says_so_and_that_is_recorded(company: Company) -> None:
    given = company.hand("planner", "buyer", budget={"EUR": "100.00"}).json()["token"]
    buyer = company.callers["buyer"]

    def asked(amount: str) -> str:
        estimate = {"amount": amount, "currency": "EUR"}
        made = buyer.submit(delegation=given, estimated_cost=estimate).json()
        assert made["status"] == "allowed"
        return str(made["id"])

    request = asked("60.00")
    with tenant_transaction(company.world.company.id):
        release_spend(request=ActionRequest.objects.get())  # as when nothing is heard of it
    asked("50.00")
    answer = buyer.post(f"{URL}/{request}/grant")
    assert (answer.status_code, answer.json()["type"]) == (
        403, "urn:govapp:problem:budget_exceeded",
    )  # fmt: skip
    (event,) = company.recorded("delegation.used_refused")
    said = {name: event["data"][name] for name in ("code", "why")}
    assert said == {"code": "budget_exceeded", "why": answer.json()["detail"]}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"to": "ag_00000000000000000000000000"}, 422),
        ({"to": "ag_nonsense"}, 422),
        ({"expires_in": 59}, 422),
        ({"expires_in": None}, 422),
        ({"categories": []}, 422),
        ({"categories": ["*"]}, 422),
        ({"budget": {"euro": "5"}}, 422),
        ({"budget": {"EUR": "-5"}}, 422),
        ({"budget": {"EUR": 5}}, 422),
        ({"depth": 8}, 422),
        ({"under": "dg_00000000000000000000000000"}, 422),
        ({"under": "gov_dg_unknown"}, 403),
        ({"whatever": 1}, 400),
    ],
)
def test_what_cannot_be_meant(company: Company, body: dict[str, Any], status: int) -> None:
    assert company.hand("planner", "buyer", **body).status_code == status


def test_lists_show_in_and_out_page_by_page(company: Company) -> None:
    made = [company.hand("planner", "buyer", depth=1).json()]
    made.append(company.hand("buyer", "clerk", under=made[0]["token"]).json())
    made.append(company.hand("clerk", "buyer").json())
    buyer = company.callers["buyer"]

    def listed(query: str = "") -> list[str]:
        return [each["id"] for each in buyer.get(f"{DELEGATIONS}{query}").json()["data"]]

    ids = [each["id"] for each in made]
    assert listed() == ids[::-1]
    assert listed("?direction=in") == [ids[2], ids[0]]
    assert listed("?direction=out") == [ids[1]]
    first = buyer.get(f"{DELEGATIONS}?limit=2")
    following = first.json()["next_cursor"]
    assert 'rel="next"' in first["Link"]
    assert listed(f"?limit=2&cursor={following}") == [ids[0]]
    assert "token" not in first.json()["data"][0]
    assert company.callers["planner"].get(DELEGATIONS).json()["data"][0]["id"] == ids[0]
    for query in ("?direction=up", "?cursor=x", "?limit=0", "?other=1"):
        assert buyer.get(f"{DELEGATIONS}{query}").status_code == 400


def test_the_list_costs_the_same_for_one_and_for_many(company: Company) -> None:
    planner, counts = company.callers["planner"], []
    for _ in range(2):
        company.hand("planner", "buyer", budget={"EUR": "1"})
        planner.get(DELEGATIONS)  # the use of the key is noted
        with CaptureQueriesContext(connection) as asked:
            planner.get(DELEGATIONS)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_giver_cuts_it_and_a_stranger_sees_nothing(company: Company) -> None:
    first = company.hand("planner", "buyer", depth=1).json()
    second = company.hand("buyer", "clerk", under=first["token"]).json()
    address = f"{DELEGATIONS}/{first['id']}/revoke"
    assert company.callers["clerk"].post(address).status_code == 404
    # Who was given something does not cut it: it stops using it.
    assert company.callers["buyer"].post(address).status_code == 404
    answer = company.callers["planner"].post(address, {"reason": "Done."})
    body = answer.json()
    assert (answer.status_code, body["status"], body["revoked_reason"]) == (200, "revoked", "Done.")
    assert company.callers["planner"].post(address).status_code == 409
    refused = company.callers["clerk"].submit(delegation=second["token"]).json()
    assert refused["decision"]["reasons"] == ["delegation_revoked"]


def token_of(company: Company, agent: str, delegation: str, **fields: str) -> Caller:
    return Caller(company.exchange(agent, delegation, **fields).json()["access_token"])


def test_a_delegation_is_exchanged_for_a_token_that_acts_under_it(company: Company) -> None:
    given = company.hand("planner", "buyer", categories=["payments.*"], depth=1).json()
    answer = company.exchange("buyer", given["token"], scope="submit read delegate")
    body = answer.json()
    caller = Caller(body.pop("access_token"))
    assert (answer.status_code, body) == (
        200,
        {
            "token_type": "Bearer", "expires_in": 900, "scope": "submit read delegate",
            "issued_token_type": ACCESS_TYPE,
        },
    )  # fmt: skip
    made = caller.submit().json()
    assert [link["id"] for link in made["delegation"]] == [given["id"]]
    refused = caller.submit(category="mail.send").json()
    assert "delegation_too_wide" in refused["decision"]["reasons"]
    assert caller.submit(delegation=given["token"]).status_code == 422
    # What it hands on is part of that delegation.
    handed = caller.post(DELEGATIONS, {"to": company.agents["clerk"].public_id}).json()
    assert (handed["under"], handed["categories"]) == (given["id"], ["payments.*"])
    (event,) = company.recorded("access_token.issued")
    assert event["data"]["delegation"] == given["id"]


def test_a_token_ends_with_its_delegation(company: Company) -> None:
    given = company.hand("planner", "buyer", expires_in=60).json()
    assert company.exchange("buyer", given["token"]).json()["expires_in"] in range(50, 61)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"subject_token": "gov_dg_unknown"}, "invalid_grant"),
        ({"subject_token": ""}, "invalid_request"),
        ({"subject_token_type": ""}, "invalid_request"),
        ({"subject_token_type": ACCESS_TYPE}, "invalid_request"),
        ({"requested_token_type": DELEGATION_TYPE}, "invalid_request"),
        ({"actor_token": "x"}, "invalid_request"),
        ({"audience": "bank"}, "invalid_target"),
        ({"resource": "https://bank.example"}, "invalid_target"),
        ({"scope": "submit everything"}, "invalid_scope"),
    ],
)
def test_what_is_not_exchanged(company: Company, fields: dict[str, str], error: str) -> None:
    given = company.hand("planner", "buyer").json()
    answer = company.exchange("buyer", given["token"], **fields)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    with tenant_transaction(company.world.company.id):
        assert AccessToken.objects.count() == 0


def test_only_who_it_was_given_to_exchanges_it_and_not_after_a_cut(company: Company) -> None:
    given = company.hand("planner", "buyer").json()
    assert company.exchange("clerk", given["token"]).json()["error"] == "invalid_grant"
    company.callers["planner"].post(f"{DELEGATIONS}/{given['id']}/revoke")
    answer = company.exchange("buyer", given["token"]).json()
    assert answer["error"] == "invalid_grant"
    assert "was revoked on" in answer["error_description"]
    found = company.recorded("delegation.used_refused")
    assert [(each["actor"]["name"], each["data"]["code"]) for each in found] == [
        ("clerk", "delegation_unknown"), ("buyer", "delegation_revoked"),
    ]  # fmt: skip


def test_metadata_say_so(db: None) -> None:
    known = Client().get("/.well-known/oauth-authorization-server").json()
    assert known["grant_types_supported"] == ["client_credentials", EXCHANGE]


class TestCommitted:
    """With committed transactions: a refusal undoes its own, and is recorded all the same."""

    @pytest.fixture
    def firm(self, committed_db: CommittedDatabase) -> Company:
        return Company(FOUR_EYES)

    @pytest.mark.parametrize("how", ["revoked", "paused", "expired"])
    def test_a_bound_token_is_refused_everywhere_once_its_chain_is_cut(
        self, firm: Company, how: str, move_clock: MoveClock
    ) -> None:
        first = firm.hand("planner", "buyer", depth=1, expires_in=600).json()
        second = firm.hand("buyer", "clerk", under=first["token"]).json()
        caller = token_of(firm, "clerk", second["token"])
        assert caller.get(URL).status_code == 200
        company = firm.world.company
        with tenant_transaction(company.id):
            if how == "revoked":
                revoke_delegation(
                    actor=company.carl,
                    delegation_id=Delegation.objects.get(depth=1).pk,
                    reason="Stop.",
                )
            elif how == "paused":
                pause_agent(actor=company.olivia, agent=firm.agents["planner"], reason="Odd.")
        if how == "expired":
            move_clock(timedelta(minutes=11))
        answers = [caller.get(URL), caller.submit(), caller.get(DELEGATIONS)]
        if how == "expired":
            assert [each.status_code for each in answers] == [401] * 3
            return
        assert [(each.status_code, each.json()["type"]) for each in answers] == [
            (403, "urn:govapp:problem:delegation_revoked")
        ] * 3
        (event,) = firm.recorded("credential.use_refused")
        assert event["data"]["code"] == "delegation_revoked"
        # The agent's own key is not touched.
        assert firm.callers["clerk"].get(URL).status_code == 200

    def test_no_permission_under_a_cut_delegation_and_the_record_says_so(
        self, firm: Company
    ) -> None:
        given = firm.hand("planner", "buyer").json()
        buyer, company = firm.callers["buyer"], firm.world.company
        made = buyer.submit(delegation=given["token"]).json()
        with tenant_transaction(company.id):
            request = ActionRequest.objects.get()
        for member in (company.alice, company.bob):
            firm.world.vote(member, request)
        firm.callers["planner"].post(f"{DELEGATIONS}/{given['id']}/revoke")
        answer = buyer.post(f"{URL}/{made['id']}/grant")
        assert (answer.status_code, answer.json()["type"]) == (
            403, "urn:govapp:problem:delegation_revoked",
        )  # fmt: skip
        (event,) = firm.recorded("delegation.used_refused")
        assert event["data"]["why"] == answer.json()["detail"]
