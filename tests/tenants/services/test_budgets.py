"""Reserving, settling, releasing: the numbers add up, and the record says what happened."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from govapp.common.tenancy import tenant_transaction
from tenants.budgets import Outcome, Spend, Verdict
from tenants.models import Agent, Reservation, SpendEntry
from tenants.selectors.budgets import Purpose, read_standings
from tenants.services.budgets import hold_until, reap, release, reserve, settle
from tenants.services.spend import book_spend
from tests.people import Company, make_agent, make_company
from tests.support.committed import CommittedDatabase
from tests.tenants.budgets.companies import begin_at_noon, euros, set_one, used
from tests.tenants.ledger import events, summaries

D = Decimal


@pytest.fixture
def company(committed_db: CommittedDatabase) -> Company:
    begin_at_noon()
    return make_company()


@pytest.fixture
def agent(company: Company) -> Agent:
    return make_agent(company)[0]


def ask(agent: Agent, wanted: Spend, holder: str, **about: Any) -> Verdict:
    with tenant_transaction(agent.tenant_id):
        return reserve(
            agent=agent, wanted=wanted, holder=holder, purpose=Purpose(agent.pk, **about)
        )


def test_what_is_reserved_is_settled_or_given_back(company: Company, agent: Agent) -> None:
    budget = set_one(company)
    assert ask(agent, euros("60"), "one").outcome == Outcome.FINE
    assert ask(agent, euros("40"), "two").outcome == Outcome.FINE
    assert used(company, budget) == [(D(100), D(0))]
    with tenant_transaction(company.id):
        settle(holder="one", spent=euros("55.50"))
        release(holder="two", reason="Denied")
        release(holder="two", reason="Denied")
    assert used(company, budget) == [(D(0), D("55.5"))]
    with tenant_transaction(company.id):
        states = dict(Reservation.objects.values_list("holder", "state"))
        entry = SpendEntry.objects.get()
    assert states == {"one": "settled", "two": "released"}
    assert (entry.amount, entry.currency, entry.count) == (D("55.5"), "EUR", 1)


def test_a_cent_more_than_there_is_reserves_nothing(company: Company, agent: Agent) -> None:
    budget, looser = set_one(company), set_one(company, "1000", period="week")
    assert ask(agent, euros("99.99"), "one").outcome == Outcome.FINE
    refused = ask(agent, euros("0.02"), "two")
    assert refused.tightest is not None
    assert (refused.outcome, refused.tightest.use.left) == (Outcome.HALT, D("0.01"))
    assert used(company, budget) == used(company, looser) == [(D("99.99"), D(0))]
    assert ask(agent, euros("0.01"), "three").outcome == Outcome.FINE
    with tenant_transaction(company.id):
        assert summaries("budget.exceeded") == [
            (
                "The budget of EUR 100.00 a day for everything here is used up: EUR 99.99 of"
                " EUR 100.00. EUR 0.02 more was wanted."
            )
        ]


def test_settling_more_than_was_held_is_recorded_and_the_next_is_refused(
    company: Company, agent: Agent
) -> None:
    budget = set_one(company)
    ask(agent, euros("10"), "one")
    with tenant_transaction(company.id):
        passed = settle(holder="one", spent=euros("130"))
        said = events("budget.exceeded")
    assert [each.budget_id for each in passed] == [budget.pk]
    assert [(each["data"]["settled"], each["data"]["limit"]) for each in said] == [
        ("130.000000", "100.000000")
    ]
    found = ask(agent, Spend(count=1), "two")
    assert found.tightest is not None
    assert (found.outcome, found.tightest.is_stopped) == (Outcome.HALT, True)
    assert used(company, budget) == [(D(0), D(130))]


def test_settling_again_corrects_what_was_said(company: Company, agent: Agent) -> None:
    budget = set_one(company)
    ask(agent, euros("10"), "one")
    with tenant_transaction(company.id):
        settle(holder="one", spent=None)
        settle(holder="one", spent=euros("4"))
        rows = list(SpendEntry.objects.order_by("id").values_list("amount", "count"))
        said = events("spend.booked")
    assert used(company, budget) == [(D(0), D(4))]
    assert sum(amount for amount, _ in rows) == D(4)
    assert sum(count for _, count in rows) == 1
    assert [each["data"]["is_as_reserved"] for each in said] == [True, False]
    assert "what was reserved is taken for spent" in said[0]["summary"]


def test_nothing_is_settled_for_whom_nothing_was_held(company: Company, agent: Agent) -> None:
    with tenant_transaction(company.id):
        assert settle(holder="nobody", spent=euros("1")) == []
        assert hold_until(holder="nobody", expires_at=None) is False
        assert SpendEntry.objects.count() == 0


def test_each_agent_run_category_and_integration_by_itself(company: Company, agent: Agent) -> None:
    other, _ = make_agent(company, "other")
    set_one(company, "1", scope="agent", ref="*", measure="count")
    set_one(company, "1", scope="run", ref="*", measure="count", period="run")
    set_one(company, "1", scope="category", ref="payments.*", measure="tokens")
    set_one(company, "1", scope="integration", ref="acme-bank", measure="money:USD")
    high = set_one(company, "1", scope="tenant", measure="tokens", cost_class="high")
    count = Spend(count=1)
    assert ask(agent, count, "a").outcome == Outcome.FINE
    assert ask(agent, count, "b").outcome == Outcome.HALT
    assert ask(other, count, "c", run="r1").outcome == Outcome.FINE
    with tenant_transaction(company.id):
        _, found = read_standings(Purpose(other.pk, "payments.transfer", "acme-bank", "r1", "high"))
        _, fewer = read_standings(Purpose(other.pk, "paymentsx.a", "other-bank", "", "low"))
    assert sorted((each.scope, each.whose) for each in found) == [
        ("agent", str(other.pk)), ("category", "payments.*"), ("integration", "acme-bank"),
        ("run", f"{other.pk} r1"), ("tenant", ""),
    ]  # fmt: skip
    assert [each.scope for each in fewer] == ["agent"]
    assert high.pk in {each.budget_id for each in found}


def test_a_new_window_begins_with_nothing_used(company: Company, agent: Agent) -> None:
    budget = set_one(company, period="hour")
    ask(agent, euros("100"), "one")
    assert ask(agent, euros("1"), "two").outcome == Outcome.HALT
    begin_at_noon(timedelta(hours=1))
    assert ask(agent, euros("100"), "three").outcome == Outcome.FINE
    with tenant_transaction(company.id):
        settle(holder="one", spent=euros("90"))
    # What was held in the hour before is settled there.
    assert used(company, budget) == [(D(0), D(90)), (D(100), D(0))]


def test_a_budget_warns_once_in_each_window(company: Company, agent: Agent) -> None:
    set_one(company, warn_at=80)
    outcomes = [ask(agent, euros(each), each).outcome for each in ("79.99", "0.01", "1")]
    assert outcomes == [Outcome.FINE, Outcome.WARN, Outcome.WARN]
    with tenant_transaction(company.id):
        assert summaries("budget.warned") == [
            (
                "The budget of EUR 100.00 a day for everything here is nearly used up: EUR 80.00"
                " of EUR 100.00."
            )
        ]


def test_what_a_crashed_agent_held_comes_back(company: Company, agent: Agent) -> None:
    budget = set_one(company)
    with tenant_transaction(company.id):
        reserve(agent=agent, wanted=euros("100"), holder="gw:1")
        hold_until(holder="gw:1", expires_at=None)
        release(holder="gw:1", reason="It was tried.")
        reserve(agent=agent, wanted=euros("60"), holder="gw:2")
        reserve(agent=agent, wanted=euros("40"), holder="gw:3")
        hold_until(holder="gw:3", expires_at=None)
    assert reap() == 0
    begin_at_noon(timedelta(minutes=14))
    assert reap() == 0
    begin_at_noon(timedelta(minutes=16))
    assert reap() == 1
    assert reap() == 0
    assert used(company, budget) == [(D(40), D(0))]
    with tenant_transaction(company.id):
        assert summaries("reservation.reaped") == [
            (
                "Nothing was heard from payer of gw:2: EUR 60.00, 1 action that was reserved for it"
                " is given back."
            )
        ]
        # Whoever comes back after all is counted all the same.
        settle(holder="gw:2", spent=euros("60"))
    assert used(company, budget) == [(D(40), D(60))]


def test_what_is_booked_counts_and_is_never_refused(company: Company, agent: Agent) -> None:
    budget = set_one(company)
    with tenant_transaction(company.id):
        entry, found = book_spend(
            agent=agent, spent=euros("120", count=0), purpose=Purpose(agent.pk, run="r1")
        )
        said = events("spend.booked", "budget.exceeded")
    assert (entry.run, found.outcome) == ("r1", Outcome.HALT)
    assert used(company, budget) == [(D(0), D(120))]
    assert [each["type"] for each in said] == ["spend.booked", "budget.exceeded"]
    assert ask(agent, euros("0.01"), "one").outcome == Outcome.HALT


def test_a_budget_that_is_switched_off_holds_nothing(company: Company, agent: Agent) -> None:
    budget = set_one(company)
    with tenant_transaction(company.id):
        budget.is_active = False
        budget.save(update_fields=["is_active"])
    assert ask(agent, euros("1000"), "one").lines == ()
