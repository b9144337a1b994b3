"""The insights' page about money: the chart, its table, and budgets beside it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from govapp.common.tenancy import tenant_transaction
from tenants.budgets import Spend
from tenants.models import Agent
from tenants.selectors.budgets import Purpose
from tenants.services.budgets import reserve, settle
from tenants.services.spend import book_spend
from tests.approvals.views.conftest import Login
from tests.people import Company, make_agent, make_company
from tests.support.committed import CommittedDatabase
from tests.tenants.budgets.companies import begin_at_noon, euros, set_one

PAGE = "/t/acme/insights/"


@pytest.fixture
def company(committed_db: CommittedDatabase) -> Company:
    begin_at_noon()
    return make_company()


def spend(agent: Agent, amount: str, category: str = "payments.transfer") -> None:
    with tenant_transaction(agent.tenant_id):
        spent = Spend({"EUR": Decimal(amount)}, count=1)
        book_spend(agent=agent, spent=spent, purpose=Purpose(agent.pk, category))


def text_of(client: Client, query: str = "") -> str:
    response: Any = client.get(f"{PAGE}{query}")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_the_line_is_the_tightest_budget_and_the_table_has_it(
    company: Company, login: Login
) -> None:
    agent, _ = make_agent(company)
    budget = set_one(company, "310", period="month")
    spend(agent, "12.50")
    page = text_of(login(company.carl))
    assert "EUR by day" in page
    assert '<th scope="col" class="num">Tightest budget</th>' in page
    assert '<th scope="row">15 Jan</th><td class="num">12.5</td><td class="num">10</td>' in page
    assert (
        f'href="/t/acme/budgets/{budget.public_id}/">EUR 310.00 a month for everything here' in page
    )
    assert "which is EUR 10.00 a day" in page
    assert "EUR 12.50 in this period." in page


def test_the_total_is_less_what_was_taken_back(company: Company, login: Login) -> None:
    agent, _ = make_agent(company)
    with tenant_transaction(company.id):
        reserve(agent=agent, holder="one", wanted=euros("100"), purpose=Purpose(agent.pk))
        settle(holder="one", spent=euros("100"))
    begin_at_noon(timedelta(days=1))
    with tenant_transaction(company.id):
        settle(holder="one", spent=euros("60"))
    page = text_of(login(company.carl))
    assert "EUR 60.00 in this period, with what was taken back later deducted." in page


def test_a_budget_far_above_is_said_and_not_drawn(company: Company, login: Login) -> None:
    agent, _ = make_agent(company)
    set_one(company, "1000")
    spend(agent, "1")
    page = text_of(login(company.carl))
    assert "It is far above what was spent, so no line is drawn." in page
    assert "Tightest budget</th>" not in page


def test_each_agent_is_seen_beside_its_own_budget(company: Company, login: Login) -> None:
    agent, _ = make_agent(company)
    set_one(company, "20", scope="agent", ref="*")
    spend(agent, "12.50")
    client = login(company.carl)
    assert "No budget counts all of it: choose an agent" in text_of(client)
    page = text_of(client, f"?of={agent.public_id}&days=7")
    assert "EUR 20.00 a day for each agent</a>, as it is set today." in page
    assert f'<option value="{agent.public_id}" selected>payer</option>' in page
    assert '<input type="hidden" name="days" value="7">' in page


@pytest.mark.parametrize(
    "query", ["?of=ag_nothing", "?of=category:", "?of=%00", "?measure=evil", "?of=category:<b>"]
)
def test_what_cannot_be_meant_is_a_page_all_the_same(
    company: Company, login: Login, query: str
) -> None:
    page = text_of(login(company.carl), query)
    assert "Nothing was spent in this period" in page
    assert "No budget is set." in page
    assert "category:<b>" not in page


def test_more_rows_take_no_more_statements(company: Company, login: Login) -> None:
    client, counts = login(company.carl), []
    for name in ("one", "two", "three"):
        made, _ = make_agent(company, name)
        set_one(company, scope="agent", ref=str(made.pk))
        spend(made, "1", f"a.{name}")
        with CaptureQueriesContext(connection) as seen:
            text_of(client)
        counts.append(len(seen))
    assert len(set(counts)) == 1
