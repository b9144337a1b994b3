"""Spending by day, and the budget that it is held against."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from govapp.common.tenancy import tenant_transaction
from tenants.budgets import Spend
from tenants.models import Agent
from tenants.selectors.budgets import Purpose
from tenants.selectors.spending import Look, Spending, read_spending
from tenants.services.budgets import reserve, settle
from tenants.services.spend import book_spend
from tests.people import Company, make_agent, make_company
from tests.support.committed import CommittedDatabase
from tests.tenants.budgets.companies import begin_at_noon, euros, set_one

FIRST = date(2031, 1, 14)
DAYS = [FIRST + timedelta(days=n) for n in range(3)]  # the budgets' noon is that of the second


@pytest.fixture
def company(committed_db: CommittedDatabase) -> Company:
    begin_at_noon()
    return make_company()


@pytest.fixture
def agent(company: Company) -> Agent:
    return make_agent(company)[0]


def spend(
    agent: Agent, amount: str, *, category: str = "", run: str = "", after: int = 0, **spent: Any
) -> None:
    """Let an agent book EUR, so many days after the budgets' noon."""
    begin_at_noon(timedelta(days=after))
    with tenant_transaction(agent.tenant_id):
        said: dict[str, Any] = {"money": {"EUR": Decimal(amount)}, "count": 1} | spent
        book_spend(agent=agent, spent=Spend(**said), purpose=Purpose(agent.pk, category, run=run))


def read(company: Company, look: Look | None = None) -> Spending:
    since = datetime(2031, 1, 14, tzinfo=UTC)
    with tenant_transaction(company.id):
        return read_spending(since, since + timedelta(days=3), "UTC", DAYS, look or Look())


def parts(found: Spending) -> dict[str, list[str]]:
    return {part.name: [str(value.normalize()) for value in part.values] for part in found.parts}


def test_each_agent_has_its_days_and_the_largest_comes_first(
    company: Company, agent: Agent
) -> None:
    other, _ = make_agent(company, "other")
    spend(agent, "5")
    spend(other, "7.50")
    spend(other, "1", after=1)
    found = read(company)
    assert list(parts(found).items()) == [
        ("other", ["0", "7.5", "1"]),
        ("payer", ["0", "5", "0"]),
    ]
    assert found.agents == ((other.pk, "other"), (agent.pk, "payer"))


def test_categories_and_what_has_none(company: Company, agent: Agent) -> None:
    spend(agent, "5", category="payments.transfer")
    spend(agent, "2")
    found = read(company, Look(is_by_category=True))
    assert parts(found) == {
        "payments.transfer": ["0", "5", "0"],
        "without a category": ["0", "2", "0"],
    }
    assert found.categories == ("payments.transfer",)


def test_more_than_five_are_the_five_largest_and_others(company: Company, agent: Agent) -> None:
    for number in range(1, 8):
        spend(agent, str(number), category=f"a.c{number}")
    found = read(company, Look(is_by_category=True))
    assert list(parts(found)) == ["a.c7", "a.c6", "a.c5", "a.c4", "a.c3", "Others"]
    assert parts(found)["Others"] == ["0", "3", "0"]


def test_one_agent_is_shown_by_category_and_one_category_by_agent(
    company: Company, agent: Agent
) -> None:
    other, _ = make_agent(company, "other")
    spend(agent, "5", category="a.b")
    spend(other, "7", category="a.b")
    assert parts(read(company, Look(agent=agent.pk))) == {"a.b": ["0", "5", "0"]}
    assert list(parts(read(company, Look(category="a.b")))) == ["other", "payer"]


def test_measures_are_never_added_up(company: Company, agent: Agent) -> None:
    spend(agent, "5")
    spend(agent, "0", money={"USD": Decimal(9)}, tokens=40)
    assert read(company).measures == ("money:EUR", "money:USD", "tokens", "count")
    assert parts(read(company, Look("money:USD"))) == {"payer": ["0", "9", "0"]}
    assert parts(read(company, Look("tokens"))) == {"payer": ["0", "4E+1", "0"]}
    assert parts(read(company, Look("nonsense"))) == {"payer": ["0", "5", "0"]}


def test_another_companys_spending_is_not_there(company: Company, agent: Agent) -> None:
    spend(agent, "5")
    other = make_company("other")
    set_one(company)
    found = read(other)
    assert (found.parts, found.agents, found.measures, found.budgets) == ((), (), (), ())


def test_what_was_taken_back_is_off_the_total_and_not_drawn(company: Company, agent: Agent) -> None:
    with tenant_transaction(company.id):
        reserve(agent=agent, holder="one", wanted=euros("100"), purpose=Purpose(agent.pk))
        settle(holder="one", spent=euros("100"))
    spend(agent, "7", after=1)
    with tenant_transaction(company.id):
        settle(holder="one", spent=euros("60"))
    found = read(company)
    assert (parts(found), found.total) == ({"payer": ["0", "1E+2", "0"]}, Decimal(67))


TIGHTEST: list[tuple[Look, str | None]] = [
    (Look("money:EUR"), "EUR 310.00 a month for everything here"),
    (Look("money:EUR", agent=None, category="a.b"), "EUR 9.00 a day for a.*"),
    (Look("money:EUR", category="z"), "EUR 310.00 a month for everything here"),
    (Look("tokens"), None),
]


@pytest.mark.parametrize(("look", "name"), TIGHTEST)
def test_the_tightest_budget_is_the_one_that_leaves_least_for_a_day(
    company: Company, agent: Agent, look: Look, name: str | None
) -> None:
    set_one(company, "310", period="month")
    set_one(company, "11", period="day")
    set_one(company, "9", scope="category", ref="a.*")
    set_one(company, "8", scope="agent", ref="*")
    set_one(company, "1", cost_class="high")
    spend(agent, "0.50", tokens=5)
    tightest = read(company, look).tightest
    assert (tightest.name if tightest else None) == name


@pytest.mark.parametrize(
    ("period", "share"), [("hour", "744"), ("day", "31"), ("week", "4.43"), ("month", "1.00")]
)
def test_a_budget_is_shared_out_over_the_days_of_its_time(
    company: Company, agent: Agent, period: str, share: str
) -> None:
    set_one(company, "31", scope="agent", ref="*", period=period)
    found = read(company, Look("money:EUR", agent=agent.pk)).tightest
    assert found is not None
    assert found.share_of(FIRST).quantize(Decimal(share)) == Decimal(share)


def test_a_budget_says_when_it_was_fullest_and_how_often_it_was_passed(
    company: Company, agent: Agent
) -> None:
    other, _ = make_agent(company, "other")
    set_one(company, "10", scope="agent", ref="*", on_exceed="warn")
    set_one(company, "500")
    spend(agent, "4")
    spend(other, "12", after=1)
    each, every = read(company).budgets
    assert (each.percent, each.used_words, each.of_whom, each.passed) == (
        120, "EUR 12.00", "other", 1,
    )  # fmt: skip
    assert each.starts_at == datetime(2031, 1, 16, tzinfo=UTC)
    assert (every.percent, every.of_whom, every.passed) == (2, "", 0)


def run_budget(company: Company) -> tuple[str, str, int]:
    (each,) = read(company).budgets
    return each.used_words, each.of_whom, each.passed


def test_a_runs_budget_looks_at_the_runs_of_the_period(company: Company, agent: Agent) -> None:
    set_one(company, "10", scope="run", ref="*", period="run", on_exceed="warn")
    spend(agent, "12", run="before", after=-2)
    spend(agent, "15", run="afterwards", after=2)
    assert run_budget(company) == ("EUR 0.00", "", 0)
    spend(agent, "4", run="within")
    assert run_budget(company) == ("EUR 4.00", "payer, run within", 0)
    spend(agent, "1", run="before")  # which goes on, and was passed before
    assert run_budget(company) == ("EUR 13.00", "payer, run before", 0)
    spend(agent, "7", run="within", after=1)
    assert run_budget(company) == ("EUR 13.00", "payer, run before", 1)


def test_a_run_to_which_everything_was_refused_passed_its_budget(
    company: Company, agent: Agent
) -> None:
    set_one(company, "10", scope="run", ref="*", period="run")
    with tenant_transaction(company.id):
        purpose = Purpose(agent.pk, run="greedy")
        reserve(agent=agent, holder="one", wanted=euros("11"), purpose=purpose)
    assert run_budget(company) == ("EUR 0.00", "payer, run greedy", 1)


def test_the_month_that_a_period_is_part_of_counts(company: Company, agent: Agent) -> None:
    set_one(company, "10", period="month")
    spend(agent, "4", after=-10)
    spend(agent, "6", after=-20)  # in the month before
    (month,) = read(company).budgets
    assert (month.used_words, month.starts_at) == (
        "EUR 4.00", datetime(2031, 1, 1, tzinfo=UTC),
    )  # fmt: skip
