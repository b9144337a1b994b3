"""Reports beside submissions and other reports: nobody waits for one who waits for them."""

from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from approvals.models import ActionCategory, ActionRequest, DelegationBudget
from approvals.selectors.delegations import hold_budgets
from approvals.services.execution import issue_grant, redeem_grant, report_execution, revoke_grant
from approvals.services.locking import lock_request
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tenants.models import Agent, BudgetUse
from tenants.services.budget_uses import lock_uses
from tests.approvals.chains import make_chain
from tests.approvals.services.test_undoing import done, execute, state, undo, undoable
from tests.approvals.world import World
from tests.support.committed import CommittedDatabase
from tests.tenants.budgets.companies import begin_at_noon, set_one, used


def report(agent: Agent, request: ActionRequest, outcome: Any) -> None:
    with tenant_transaction(agent.tenant_id):
        report_execution(agent=agent, request_id=request.pk, outcome=outcome)


@pytest.mark.parametrize("end", ["reported", "withdrawn"])
def test_who_ends_an_action_waits_for_a_chain_without_holding_budgets(
    committed_db: CommittedDatabase, end: str
) -> None:
    begin_at_noon()
    chain = make_chain(1, budget={"EUR": "100"})
    budget = set_one(chain.world.company, measure="count")
    buyer, handed = chain.agents["buyer"], chain.handed[0]
    asked = {"estimated_cost": {"amount": "7.00", "currency": "EUR"}}
    request = chain.submit("buyer", handed.token, **asked)
    if end == "reported":
        with tenant_transaction(chain.tenant_id):
            token = issue_grant(agent=buyer, request_id=request.pk).token
        with bind_tenant(chain.tenant_id):
            redeem_grant(token=token, redeemed_by="bank")

    def finish() -> None:
        if end == "reported":
            report(buyer, request, "succeeded")
            return
        with tenant_transaction(chain.tenant_id):
            revoke_grant(actor=chain.world.company.carl, request_id=request.pk, reason="No.")

    with tenant_transaction(chain.tenant_id):
        hold_budgets([handed.delegation.pk])
        beside = committed_db.begin_beside(finish)
        assert not beside.done()
        assert chain.submit("buyer", handed.token, **asked).status == "allowed"
    beside.result(timeout=120)
    was_done = end == "reported"
    with tenant_transaction(chain.tenant_id):
        row = DelegationBudget.objects.get()
        assert (row.reserved, row.settled) == (Decimal(7), Decimal(7 if was_done else 0))
    assert used(chain.world.company, budget) == [(Decimal(1), Decimal(was_done))]


@pytest.fixture
def world(committed_db: CommittedDatabase) -> World:
    begin_at_noon()
    made = undoable()
    with tenant_transaction(made.company.id):
        ActionCategory.objects.update(amount_field="amount")
    for category in ("payments.transfer", "payments.refund"):  # the order of their ids
        set_one(made.company, "9000", scope="category", ref=category, measure="count")
    return made


def use_of(category: str) -> UUID:
    return BudgetUse.objects.values_list("id", flat=True).get(budget__ref=category)


def test_an_undo_is_reported_while_what_it_takes_back_is(
    world: World, committed_db: CommittedDatabase
) -> None:
    set_one(world.company, "9000", measure="count")  # both are in it
    paid = done(world)
    made = undo(world, paid)
    execute(world, made, None)
    with tenant_transaction(world.company.id):
        lock_request(paid.pk)
        beside = committed_db.begin_beside(partial(report, world.agent, made, "succeeded"))
        assert not beside.done()
        report_execution(agent=world.agent, request_id=paid.pk, outcome="rolled_back")
    beside.result(timeout=120)
    assert (state(world, paid), state(world, made)) == ("rolled_back", "succeeded")


def test_an_undo_takes_the_budgets_of_both_in_the_order_of_everybody(
    world: World, committed_db: CommittedDatabase
) -> None:
    paid = done(world)
    made = undo(world, paid)
    execute(world, made, None)
    with tenant_transaction(world.company.id):
        lock_uses([use_of("payments.transfer")])
        beside = committed_db.begin_beside(partial(report, world.agent, made, "succeeded"))
        assert not beside.done()
        lock_uses([use_of("payments.refund")])
    beside.result(timeout=120)
    assert (state(world, paid), state(world, made)) == ("rolled_back", "succeeded")
