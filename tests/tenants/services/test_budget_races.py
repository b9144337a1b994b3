"""Many at once: not a cent more than there is, and nobody waits for ever."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import partial

import pytest
from django.db import DatabaseError, connection

from govapp.common.tenancy import tenant_transaction
from tenants.budgets import Outcome, Spend
from tenants.models import Agent, BudgetUse, Reservation
from tenants.selectors.budgets import Purpose
from tenants.services.budgets import reserve, settle
from tests.people import Company, make_agent, make_company
from tests.support.committed import CommittedDatabase
from tests.tenants.budgets.companies import begin_at_noon, euros, set_one, used

THREADS = 64
D = Decimal


@pytest.fixture
def company(committed_db: CommittedDatabase) -> Company:
    begin_at_noon()
    return make_company()


def take(agent: Agent, wanted: Spend, holder: str, run: str = "") -> Outcome:
    with tenant_transaction(agent.tenant_id):
        purpose = Purpose(agent.pk, run=run)
        return reserve(agent=agent, wanted=wanted, holder=holder, purpose=purpose).outcome


def test_sixty_four_at_once_never_overspend_by_a_cent(
    committed_db: CommittedDatabase, company: Company
) -> None:
    agent, _ = make_agent(company)
    # 40 of 64 fit into the day, to the cent; the week has room for all of them.
    day = set_one(company, "13.20")
    week = set_one(company, "100", period="week")
    calls = [partial(take, agent, euros("0.33"), f"h{n}") for n in range(THREADS)]
    outcomes = committed_db.at_once(calls)
    assert Counter(outcomes) == {Outcome.FINE: 40, Outcome.HALT: 24}
    assert used(company, day) == used(company, week) == [(D("13.20"), D(0))]
    with tenant_transaction(company.id):
        assert Reservation.objects.count() == 40


def test_nested_budgets_are_locked_in_one_order_whoever_comes(
    committed_db: CommittedDatabase, company: Company
) -> None:
    agents = [make_agent(company, f"agent{n}")[0] for n in range(4)]
    set_one(company, "20", measure="count")
    set_one(company, "9", scope="agent", ref="*", measure="count")
    set_one(company, "2", scope="run", ref="*", period="run", measure="count")
    one = Spend(count=1)
    calls = [partial(take, agents[n % 4], one, f"h{n}", f"r{n // 16}") for n in range(THREADS)]
    outcomes = committed_db.at_once(calls)
    # Four agents with four runs each, two in each run: 32 would fit, and there are 20.
    assert Counter(outcomes) == {Outcome.FINE: 20, Outcome.HALT: 44}
    with tenant_transaction(company.id):
        rows = BudgetUse.objects.select_related("budget")
        assert all(row.reserved <= row.budget.limit for row in rows)
        by_scope: Counter[str] = Counter()
        for row in rows:
            by_scope[row.budget.scope] += int(row.reserved)
    assert by_scope == {"tenant": 20, "agent": 20, "run": 20}


def test_settling_and_reserving_at_once_add_up(
    committed_db: CommittedDatabase, company: Company
) -> None:
    agent, _ = make_agent(company)
    day, week = set_one(company, "32"), set_one(company, "64", period="week")
    for n in range(32):
        assert take(agent, euros("1"), f"h{n}") == Outcome.FINE

    def finish(holder: str) -> None:
        with tenant_transaction(company.id):
            settle(holder=holder, spent=euros("0.50"))

    calls = [partial(finish, f"h{n}") for n in range(32)]
    more = [partial(take, agent, euros("1"), f"m{n}") for n in range(32)]
    acts: list[Callable[[], Outcome | None]] = [*calls, *more]
    outcomes = committed_db.at_once(acts)
    assert not [each for each in outcomes if isinstance(each, Exception)]
    fitted = sum(each == Outcome.FINE for each in outcomes)
    # What was settled made room for 16 at most, for those who came late enough.
    assert 0 <= fitted <= 16
    assert used(company, day) == used(company, week) == [(D(fitted), D(16))]


def test_a_process_that_dies_in_between_holds_nothing(
    committed_db: CommittedDatabase, company: Company
) -> None:
    agent, _ = make_agent(company)
    budget = set_one(company, "10")

    def die() -> None:
        with tenant_transaction(company.id):
            reserve(agent=agent, wanted=euros("10"), holder="dead")
            connection.connection.pgconn.finish()  # as when its process is killed

    (died,) = committed_db.at_once([die])
    assert isinstance(died, DatabaseError)
    assert take(agent, euros("10"), "alive") == Outcome.FINE
    assert used(company, budget) == [(D(10), D(0))]
