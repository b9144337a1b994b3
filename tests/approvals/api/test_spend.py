"""`POST /api/v1/spend`, `GET /api/v1/budgets`, and what submissions answer of budgets."""

from datetime import timedelta
from typing import Any

import pytest

from approvals.enums import Verdict
from approvals.models import ActionCategory, ActionRequest
from approvals.services.submission import cancel_action
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent, Integration, IntegrationGrant, SpendEntry
from tenants.services.credentials import issue_credential
from tenants.services.key_limits import KeyLimits
from tenants.services.reach_grants import withdraw_grant
from tests.approvals.api.agents import Caller, make_caller, new_caller
from tests.approvals.services.test_guarding import ALLOWING
from tests.approvals.world import FOUR_EYES, World
from tests.support.committed import CommittedDatabase
from tests.tenants.budgets.companies import begin_at_noon, set_one
from tests.tenants.ledger import events
from tests.tenants.systems import active_system, give

URL = "/api/v1/spend"


@pytest.fixture
def made(committed_db: CommittedDatabase) -> tuple[World, Caller]:
    begin_at_noon()
    return make_caller(ALLOWING)


def book(caller: Caller, key: str = "", **body: Any) -> Any:
    return caller.post(URL, body, idempotency_key=key or str(new_id()))


def test_what_is_booked_is_answered_with_what_is_left(made: tuple[World, Caller]) -> None:
    world, caller = made
    budget = set_one(world.company, "10.00", warn_at=50)
    response = book(caller, amount="4.25", currency="EUR", tokens=1200, run="r1", note="A call")
    assert response.status_code == 201
    answer = response.json()
    with tenant_transaction(world.company.id):
        entry = SpendEntry.objects.get()
        (event,) = events("spend.booked")
    assert answer["id"] == entry.public_id
    assert answer["budgets"] == [
        {
            "id": budget.public_id,
            "name": "EUR 10.00 a day for everything here",
            "scope": "tenant",
            "measure": "money:EUR",
            "period": "day",
            "limit": "10",
            "reserved": "0",
            "settled": "4.25",
            "left": "5.75",
            "on_exceed": "halt",
            "warn_at": 50,
            "begins_anew_at": "2031-01-16T00:00:00Z",
        }
    ]
    assert event["summary"] == "Booked for caller: EUR 4.25, 1,200 tokens."
    assert (event["data"]["note"], event["data"]["run"]) == ("A call", "r1")


def test_the_same_key_books_once(made: tuple[World, Caller]) -> None:
    world, caller = made
    body = {"amount": "1.00", "currency": "EUR"}
    first, again = (book(caller, key="k", **body) for _ in range(2))
    other = book(caller, key="k", **(body | {"amount": "2.00"}))
    assert (first.json(), again.json()["id"]) == (again.json(), first.json()["id"])
    assert (again["Idempotency-Replayed"], other.status_code) == ("true", 422)
    assert caller.post(URL, body).status_code == 400  # without a key
    with tenant_transaction(world.company.id):
        assert SpendEntry.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"tokens": -1},
        {"amount": "1.00"},
        {"currency": "EUR"},
        {"amount": "-1.00", "currency": "EUR"},
        {"amount": "1e9", "currency": "EUR"},
        {"amount": "1.00", "currency": "euro"},
        {"tokens": 1, "more": 1},
    ],
)
def test_what_is_no_spending_is_refused(made: tuple[World, Caller], body: Any) -> None:
    world, caller = made
    assert book(caller, **body).status_code in (400, 422)
    with tenant_transaction(world.company.id):
        assert SpendEntry.objects.count() == 0


def test_what_passes_a_limit_is_booked_and_holds_what_is_asked_next(
    made: tuple[World, Caller],
) -> None:
    world, caller = made
    set_one(world.company, "10.00")
    assert book(caller, amount="12.00", currency="EUR").json()["budgets"][0]["left"] == "0"
    refused = caller.submit()
    assert (refused.status_code, refused.json()["status"]) == (201, "blocked")
    assert refused.json()["decision"]["reasons"] == ["budget_halted"]
    assert refused.json()["decision"]["passes_at"] == "2031-01-16T00:00:00Z"
    assert refused["Retry-After"] == "Thu, 16 Jan 2031 00:00:00 GMT"


def test_what_warns_is_said_and_goes_on(made: tuple[World, Caller]) -> None:
    world, caller = made
    set_one(world.company, "2", measure="count", warn_at=50, on_exceed="throttle")
    first, second, third = (caller.submit() for _ in range(3))
    assert first.json()["warnings"] == [
        (
            "The budget of 2 actions a day for everything here is nearly used up: 1 action with"
            " this until 16 January 2031, 00:00 UTC."
        )
    ]
    assert [each.json()["status"] for each in (first, second, third)] == [
        "allowed", "allowed", "blocked",
    ]  # fmt: skip
    assert third.json()["decision"]["reasons"] == ["throttled"]
    assert "Retry-After" not in first


def test_an_agent_sees_the_budgets_that_are_about_it(made: tuple[World, Caller]) -> None:
    world, caller = made
    set_one(world.company, "5", scope="agent", ref="*", measure="count")
    set_one(world.company, "5", scope="agent", ref=str(world.agent.pk), measure="tokens")
    set_one(world.company, "9", scope="category", ref="payments.*", period="hour")
    set_one(world.company, "7", scope="run", ref="*", period="run", measure="tokens")
    caller.submit()

    def left(query: str = "") -> list[tuple[str, str]]:
        data = caller.get(f"/api/v1/budgets{query}").json()["data"]
        return [(each["name"], each["left"]) for each in data]

    assert left() == [("5 actions a day for each agent", "4")]
    assert left("?category=payments.transfer&run=r1") == [
        ("5 actions a day for each agent", "4"),
        ("EUR 9.00 an hour for payments.*", "9"),
        ("7 tokens in each run", "7"),
    ]
    assert caller.get("/api/v1/budgets?agent=x").status_code == 400


def test_too_many_tries_are_answered_with_when_to_come_again(
    made: tuple[World, Caller],
) -> None:
    world, caller = made
    with tenant_transaction(world.company.id):
        world.company.tenant.retry_limit = 1
        world.company.tenant.save()
    unknown = {"category": "unheard.of", "summary": "Do it", "payload": {}}
    first, second = caller.submit(unknown), caller.submit(unknown)
    assert first.json()["decision"]["reasons"] == ["category_unknown"]
    assert "Retry-After" not in first
    assert second.json()["decision"]["reasons"] == ["category_unknown", "retries_exhausted"]
    with tenant_transaction(world.company.id):
        last = events("action_request.blocked")[-1]
    assert "cannot keep trying for ever" in last["data"]["reason"]


def grant_system(world: World, slug: str, *categories: str, **fields: Any) -> IntegrationGrant:
    with tenant_transaction(world.company.id):
        system = Integration.objects.filter(slug=slug).first()
        system = system or active_system(world.company, slug)
        agent = Agent.objects.get(name="caller")
        return give(world.company, agent, system, *categories, **fields)


def booked(caller: Caller, **named: str) -> str:
    """Return what booking on this is answered with, and which fields are at fault."""
    answer = book(caller, tokens=1, **named)
    if answer.status_code == 201:
        return "booked"
    said = answer.json()
    assert (answer.status_code, said["type"]) == (403, "urn:govapp:problem:spend_not_granted")
    assert said["detail"] == " ".join(each["detail"] for each in said["errors"])
    return " ".join(each["pointer"] for each in said["errors"])


@pytest.mark.parametrize(
    ("named", "answer"),
    [
        ({}, "booked"),
        ({"run": "whatever-I-call-it"}, "booked"),
        ({"category": "payments.transfer"}, "booked"),
        ({"integration": "acme-bank"}, "booked"),
        ({"category": "payments.transfer", "integration": "acme-bank"}, "booked"),
        ({"category": "payments.nothing"}, "/category"),
        ({"category": "mails.send"}, "/category"),
        ({"category": "mails.send", "integration": "acme-bank"}, "/category"),
        ({"category": "payments.transfer", "integration": "crm"}, "/integration"),
        ({"integration": "crm"}, "/integration"),
        ({"integration": "unheard-of"}, "/integration"),
        ({"integration": "lapsed"}, "/integration"),
        ({"category": "model.chat", "integration": "provider"}, "booked"),
        ({"category": "model.embeddings"}, "booked"),
        ({"category": "model.nothing", "integration": "provider"}, "/category"),
        ({"category": "model.chat", "integration": "acme-bank"}, "/category"),
        ({"integration": "crm", "run": "run_01knz6j2t5e9k8a6c2y0m3q7x4"}, "/run /integration"),
    ],
)
def test_an_agent_books_on_what_it_was_granted(
    made: tuple[World, Caller], named: dict[str, str], answer: str
) -> None:
    world, caller = made
    with tenant_transaction(world.company.id):
        ActionCategory.objects.create(key="mails.send", name="Mail", payload_schema={})
        active_system(world.company, "crm")
    grant_system(world, "acme-bank", "payments.*")
    grant_system(world, "provider", "model.*")
    lapsed = grant_system(world, "lapsed", "payments.*")
    with tenant_transaction(world.company.id):
        withdraw_grant(actor=world.company.olivia, grant=lapsed)
    assert booked(caller, **named) == answer
    with tenant_transaction(world.company.id):
        assert SpendEntry.objects.count() == (1 if answer == "booked" else 0)
        told = events("spend.refused")
    assert [each["actor"]["name"] for each in told] == ([] if answer == "booked" else ["caller"])


def test_an_agent_books_on_what_it_has_asked_for_itself(made: tuple[World, Caller]) -> None:
    world, caller = made
    assert booked(caller, category="payments.transfer") == "/category"
    assert caller.submit().json()["status"] == "allowed"
    assert booked(caller, category="payments.transfer") == "booked"
    assert booked(caller, category="payments.transfer", integration="acme-bank") == "/integration"
    # What was blocked opens nothing.
    assert caller.submit(category="mails.send").json()["status"] == "blocked"
    assert caller.submit(integration="acme-bank").json()["status"] == "blocked"
    assert booked(caller, category="mails.send") == "/category"
    assert booked(caller, integration="acme-bank") == "/integration"
    # What was asked for on a system stays its own, also when it was taken away since.
    grant = grant_system(world, "acme-bank", "payments.*")
    assert caller.submit(integration="acme-bank").json()["status"] == "allowed"
    with tenant_transaction(world.company.id):
        withdraw_grant(actor=world.company.olivia, grant=grant)
    assert booked(caller, category="payments.transfer", integration="acme-bank") == "booked"
    other = new_caller(world, "other")
    assert booked(other, category="payments.transfer") == "/category"


@pytest.mark.parametrize(
    ("end", "answer"),
    [
        (None, "/category"),
        ("cancelled", "/category"),
        (Verdict.DENY, "/category"),
        (Verdict.RETURN, "/category"),
        (Verdict.APPROVE, "booked"),
    ],
)
def test_what_an_agent_was_not_let_do_is_no_more_its_own_for_asking(
    committed_db: CommittedDatabase, end: Any, answer: str
) -> None:
    world, caller = make_caller(FOUR_EYES)
    assert caller.submit().json()["status"] == "pending"
    with tenant_transaction(world.company.id):
        request = ActionRequest.objects.select_related("agent").get()
        if end == "cancelled":
            cancel_action(actor=request.agent, request_id=request.pk)
    if isinstance(end, Verdict):
        request = world.vote(world.company.alice, request, end)
    if end == Verdict.APPROVE:
        assert booked(caller, category="payments.transfer") == "/category"
        world.vote(world.company.bob, request)
    assert booked(caller, category="payments.transfer") == answer


def test_an_agent_books_on_runs_of_its_own(made: tuple[World, Caller]) -> None:
    world, caller = made
    run = caller.post("/api/v1/runs", {"key": "task"}).json()["id"]
    other = new_caller(world, "other")
    assert (booked(caller, run=run), booked(other, run=run)) == ("booked", "/run")
    # Where it named the id as it would any other name, it counts for that agent alone.
    assert other.submit(run=run).json()["status"] == "allowed"
    assert booked(other, run=run) == "booked"


def test_a_key_for_some_categories_books_on_those(made: tuple[World, Caller]) -> None:
    world, _ = made
    with tenant_transaction(world.company.id):
        ActionCategory.objects.create(key="mails.send", name="Mail", payload_schema={})
        _, key = issue_credential(
            actor=world.company.olivia,
            agent=Agent.objects.get(name="caller"),
            label="narrow",
            lifetime=timedelta(hours=2),
            limits=KeyLimits(categories=("payments.*",)),
        )
    narrow = Caller(key)
    assert booked(narrow, category="payments.transfer") == "booked"
    refused = book(narrow, tokens=1, category="mails.send")
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (
        403, "category_not_of_key",
    )  # fmt: skip


def test_a_refusal_is_repeated_with_its_key_and_told_once(made: tuple[World, Caller]) -> None:
    world, caller = made
    first, again = (book(caller, key="k", tokens=1, integration="crm") for _ in range(2))
    assert (first.status_code, again.json()) == (403, first.json())
    assert again["Idempotency-Replayed"] == "true"
    with tenant_transaction(world.company.id):
        (told,) = events("spend.refused")
    assert told["data"]["why"] == first.json()["detail"]
    assert told["data"]["integration"] == "crm"
