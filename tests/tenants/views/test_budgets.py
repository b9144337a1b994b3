"""The pages about budgets, costs and limits."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from govapp.common.tenancy import tenant_transaction
from tenants.budgets import Spend
from tenants.models import Agent, Budget, Tenant
from tenants.selectors.budgets import Purpose
from tenants.services.budgets import reserve
from tenants.services.spend import book_spend
from tests.people import Company, make_agent, make_company
from tests.support.committed import CommittedDatabase
from tests.tenants.budgets.companies import begin_at_noon, euros, set_one
from tests.tenants.ledger import events, summaries
from tests.tenants.views.conftest import Login

SENTENCE = {
    "limit": "50", "measure": "money", "currency": "eur", "period": "day", "about": "agent:*",
    "named": "", "cost_class": "", "on_exceed": "ask", "warn_at": "80",
}  # fmt: skip


@pytest.fixture
def company(committed_db: CommittedDatabase) -> Company:
    begin_at_noon()
    return make_company()


@pytest.fixture
def agent(company: Company) -> Agent:
    return make_agent(company)[0]


def url(company: Company, path: str = "") -> str:
    return f"/t/{company.slug}/budgets/{path}"


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def spend(agent: Agent, amount: str, **about: Any) -> None:
    with tenant_transaction(agent.tenant_id):
        book_spend(agent=agent, spent=euros(amount), purpose=Purpose(agent.pk, **about))


def test_a_budget_is_set_in_a_sentence_and_shows_what_is_left(
    company: Company, agent: Agent, login: Login
) -> None:
    client = login(company.carl)
    response = client.post(url(company, "new"), SENTENCE)
    with tenant_transaction(company.id):
        budget = Budget.objects.get()
        purpose = Purpose(agent.pk)
        reserve(agent=agent, wanted=euros("12.50"), holder="x", purpose=purpose)
    assert response["Location"] == url(company, f"{budget.public_id}/")
    page = text_of(client.get(url(company)))
    assert "EUR 50.00 a day for each agent" in page
    assert "Beyond it: ask a person. Warns at 80%." in page
    assert "EUR 37.50 left" in page
    assert '<progress max="100" value="25"' in page
    about = text_of(client.get(f"/t/acme/agents/{agent.public_id}/"))
    assert "EUR 50.00 a day for each agent</a></dt><dd>EUR 37.50 left" in about
    detail = text_of(client.get(url(company, f"{budget.public_id}/")))
    assert "EUR 0.00 spent, EUR 12.50 held for what is not done yet" in detail
    assert "begins anew 16 Jan 2031, 00:00" in detail


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"limit": "0"}, "greater than or equal to"),
        ({"about": "category"}, "Name one here."),
        ({"named": "x"}, "Leave this empty."),
        ({"currency": "E"}, "Write three letters, such as EUR."),
        ({"period": "run"}, "A run&#x27;s budget is for the run"),
    ],
)
def test_what_is_no_budget_is_said_at_the_field(
    company: Company, login: Login, wrong: dict[str, str], said: str
) -> None:
    response = login(company.olivia).post(url(company, "new"), SENTENCE | wrong)
    assert response.status_code == 422
    assert said in response.content.decode()
    with tenant_transaction(company.id):
        assert Budget.objects.count() == 0


def test_a_looser_budget_waits_until_somebody_else_lets_it_hold(
    company: Company, login: Login
) -> None:
    budget = set_one(company, "50")
    here = url(company, f"{budget.public_id}/")
    olivia, carl = login(company.olivia), login(company.carl)
    changed = {"limit": "80", "on_exceed": "halt", "is_active": "on", "reason": "The fair"}
    assert olivia.post(here, changed)["Location"] == here
    page = text_of(olivia.get(here))
    assert "Olivia asks: EUR 80.00 a day; beyond it: refuse it" in page
    assert "Somebody else confirms it." in page
    assert "A change waits for a second person." in text_of(carl.get(url(company)))
    refused = olivia.post(f"{here}answer", {"answer": "confirm"}, follow=True)
    assert "ask somebody else" in refused.content.decode()
    with tenant_transaction(company.id):
        assert Budget.objects.get().limit == Decimal(50)
    carl.post(f"{here}answer", {"answer": "confirm"})
    with tenant_transaction(company.id):
        assert Budget.objects.get().limit == Decimal(80)
    assert "answered by Carl" in text_of(carl.get(here))


def test_who_reads_settings_reads_budgets_and_who_answers_for_them_sets_them(
    company: Company, login: Login
) -> None:
    budget = set_one(company, "50")
    paths = ["", f"{budget.public_id}/", "costs", "costs.csv", "limits"]
    statuses = {
        member.user.name: [login(member).get(url(company, path)).status_code for path in paths]
        for member in (company.alice, company.audrey, company.carl)
    }
    assert statuses == {"Alice": [403] * 5, "Audrey": [200] * 5, "Carl": [200] * 5}
    audrey = login(company.audrey)
    assert audrey.get(url(company, "new")).status_code == 403
    assert audrey.post(url(company, f"{budget.public_id}/"), {}).status_code == 403
    assert audrey.post(url(company, f"{budget.public_id}/answer"), {}).status_code in (403, 404)
    assert login(company.carl).post(url(company, "limits"), {}).status_code == 403
    assert audrey.post(url(company, "limits/agent"), {}).status_code == 403


def test_the_costs_of_a_month_before_it_is_over(
    company: Company, agent: Agent, login: Login
) -> None:
    other, _ = make_agent(company, "other")
    spend(agent, "12.00", category="payments.transfer", run="r1")
    spend(other, "3.50", category="notes.write", integration="acme-bank")
    client = login(company.audrey)
    page = text_of(client.get(url(company, "costs")))
    for said in ("January 2031", "This month is not over", "EUR 15.50", "payments.transfer", "r1"):
        assert said in page
    before = text_of(client.get(url(company, "costs?month=2030-12")))
    assert "Nothing was spent" in before
    for month in ("2031-02", "soon", "2031-13"):
        assert client.get(url(company, f"costs?month={month}")).status_code == 404


def test_the_costs_as_a_file_are_in_the_record(
    company: Company, agent: Agent, login: Login
) -> None:
    spend(agent, "12.00", category="payments.transfer", run="=cmd()")
    spend(agent, "0.50", category="payments.transfer", run="=cmd()")
    response = login(company.audrey).get(url(company, "costs.csv"))
    body = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.reader(io.StringIO(body)))
    assert rows[1:] == [
        [
            "2031-01-15", "payer", agent.public_id, "payments.transfer", "", "'=cmd()", "EUR",
            "12.5", "0", "2",
        ]
    ]  # fmt: skip
    assert response["Content-Disposition"] == 'attachment; filename="costs-acme-2031-01.csv"'
    with tenant_transaction(company.id):
        (event,) = events("costs.exported")
    assert (event["actor"]["name"], event["data"]["rows"]) == ("Audrey", 1)


def test_the_limits_are_within_what_the_installation_allows(
    company: Company, agent: Agent, login: Login
) -> None:
    client = login(company.olivia)
    sent = {
        "retry_limit": "3", "retry_minutes": "30", "calls_per_second": "10",
        "agent_calls_per_second": "5",
    }  # fmt: skip
    assert client.post(url(company, "limits"), sent).status_code == 302
    too_much = client.post(url(company, "limits"), sent | {"agent_calls_per_second": "101"})
    assert too_much.status_code == 422
    assert "Write a number from 1 to 100." in too_much.content.decode()
    alone = {"agent": str(agent.pk), "agent_limit": "2"}
    assert client.post(url(company, "limits/agent"), alone).status_code == 302
    with tenant_transaction(company.id):
        tenant = Tenant.objects.get()
        kept = (tenant.retry_limit, tenant.retry_minutes, tenant.calls_per_second)
        assert (kept, tenant.agent_calls_per_second) == ((3, 30, 10), 5)
        assert Agent.objects.get().calls_per_second == 2
        assert summaries("agent.changed") == [
            "Olivia changed the agent payer: calls in a second from no limit of its own to 2."
        ]
    assert "2 calls a second" in text_of(client.get(url(company, "limits")))


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


@pytest.mark.parametrize("path", ["", "costs"])
def test_more_rows_take_no_more_statements(
    company: Company, agent: Agent, login: Login, path: str
) -> None:
    client, counts = login(company.carl), []
    for name in ("one", "two", "three"):
        made, _ = make_agent(company, name)
        set_one(company, scope="agent", ref=str(made.pk))
        with tenant_transaction(company.id):
            purpose = Purpose(made.pk, f"a.{name}", f"i-{name}", name)
            book_spend(agent=made, spent=Spend({"EUR": Decimal(1)}, 2, 1), purpose=purpose)
        counts.append(queries(client, url(company, path)))
    assert len(set(counts)) == 1


def test_no_budget_for_the_agent_is_not_said_to_be_no_limit(
    company: Company, agent: Agent, login: Login
) -> None:
    set_one(company, "5", scope="category", ref="payments.*")
    set_one(company, "7", scope="run", ref="*", period="run")
    page = f"/t/acme/agents/{agent.public_id}/"
    shown = text_of(login(company.carl).get(page))
    assert "No budget holds it whatever it does; those for categories, integrations, runs" in shown
    assert "nothing limits" not in shown
    set_one(company, "9", scope="agent", ref="*")
    shown = text_of(login(company.carl).get(page))
    assert ("EUR 9.00 left" in shown, "No budget holds it" in shown) == (True, False)
