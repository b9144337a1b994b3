"""What is held along an action's life: settled when it was done, given back when it was not."""

from datetime import timedelta
from typing import Any

import pytest

from approvals.enums import ExecutionState
from approvals.models import ActionRequest, Notification
from approvals.services.execution import revoke_grant
from approvals.services.kill import cancel_killed
from approvals.services.timers import sweep
from govapp.common.errors import Forbidden
from govapp.common.tenancy import tenant_transaction
from tenants.models import BudgetUse, Reservation, SpendEntry
from tenants.services.budgets import reap
from tenants.services.kill import throw
from tests.approvals.paying import D, codes, forget, held, pay, redeem, report, world_of
from tests.approvals.services.test_guarding import ALLOWING
from tests.approvals.world import FOUR_EYES, HOUR
from tests.support.committed import CommittedDatabase
from tests.tenants.budgets.companies import begin_at_noon, set_one, used
from tests.tenants.ledger import events, summaries

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.mark.parametrize(
    ("outcome", "cost", "settled", "spent"),
    [
        ("succeeded", None, "60.40", "60.40"),
        ("succeeded", {"amount": "0.10", "currency": "EUR"}, "60.10", "60.10"),
        # That nothing was moved is only said: the budget keeps it, the costs show what was said.
        ("failed", None, "60.40", "0.40"),
        ("rolled_back", {"amount": "3.00", "currency": "EUR"}, "63.00", "3.00"),
    ],
)
def test_a_report_settles(outcome: str, cost: Any, settled: str, spent: str) -> None:
    world = world_of(ALLOWING)
    budget = set_one(world.company)
    request = pay(world, estimated_cost={"amount": "0.40", "currency": "EUR"})
    redeem(world, request)
    report(world, request, outcome, cost=cost)
    assert held(world, budget) == (D(0), D(settled))
    with tenant_transaction(world.company.id):
        entry = SpendEntry.objects.get()
        assert events("spend.booked") == []  # the report says it
    assert (entry.amount, entry.count, entry.holder) == (D(spent), 1, request.public_id)


@pytest.mark.parametrize(
    ("outcome", "cost", "settled"),
    [
        ("succeeded", None, "60.40"),
        ("succeeded", {"amount": "0.10", "currency": "EUR"}, "60.10"),
        ("failed", None, "60.40"),
        ("rolled_back", {"amount": "3.00", "currency": "EUR"}, "63.00"),
    ],
)
def test_a_report_of_what_is_no_longer_kept_settles_the_same(
    outcome: str, cost: Any, settled: str
) -> None:
    world = world_of(ALLOWING)
    budget = set_one(world.company)
    request = pay(world, estimated_cost={"amount": "0.40", "currency": "EUR"})
    redeem(world, request)
    forget(request)
    report(world, request, outcome, cost=cost)
    assert held(world, budget) == (D(0), D(settled))


def test_a_later_report_without_a_cost_leaves_the_one_before() -> None:
    world = world_of(ALLOWING)
    budget = set_one(world.company)
    request = pay(world, estimated_cost={"amount": "0.40", "currency": "EUR"})
    redeem(world, request)
    report(world, request, "succeeded", cost={"amount": "3.00", "currency": "EUR"})
    report(world, request, "rolled_back")
    assert held(world, budget) == (D(0), D("63.00"))


def test_what_an_agent_says_of_itself_gives_nothing_back() -> None:
    world = world_of(ALLOWING)
    budget = set_one(world.company)
    request = pay(world, "100.00")
    redeem(world, request)
    report(world, request, "succeeded")
    report(world, request, "rolled_back")
    assert held(world, budget) == (D(0), D(100))
    assert codes(pay(world, "0.01")) == ["budget_halted"]
    with tenant_transaction(world.company.id):
        assert sum(each.amount for each in SpendEntry.objects.all()) == D(0)


def test_more_than_was_held_is_told_and_the_next_is_refused() -> None:
    world = world_of(ALLOWING)
    budget = set_one(world.company)
    request = pay(world)
    redeem(world, request)
    report(world, request, "succeeded", cost={"amount": "50.00", "currency": "EUR"})
    assert held(world, budget) == (D(0), D(110))
    with tenant_transaction(world.company.id):
        assert len(events("budget.exceeded")) == 1
        alerts = Notification.objects.filter(kind="alert", channel="email")
        assert [each.content["subject"] for each in alerts] == [
            "More was spent than there was: EUR 100.00 a day for everything here"
        ]
    assert codes(pay(world, "0.01")) == ["budget_halted"]


def test_what_nobody_reports_is_settled_with_what_was_held() -> None:
    world = world_of(ALLOWING)
    budget = set_one(world.company)
    request = pay(world)
    redeem(world, request)
    begin_at_noon(HOUR)
    sweep()
    assert held(world, budget) == (D(0), D(60))
    with tenant_transaction(world.company.id):
        assert ActionRequest.objects.get().execution_state == ExecutionState.UNKNOWN
        assert summaries("spend.booked") == [
            (
                "Nothing was reported, so that what was reserved is taken for spent by payer:"
                " EUR 60.00, 1 action."
            )
        ]
    report(world, request, "failed")
    assert held(world, budget) == (D(0), D(60))


def test_a_permission_that_is_withdrawn_gives_it_back() -> None:
    world = world_of(ALLOWING)
    budget = set_one(world.company)
    request = pay(world)
    with tenant_transaction(world.company.id):
        revoke_grant(actor=world.company.carl, request_id=request.pk, reason="No")
    assert held(world, budget) == (D(0), D(0))


def test_what_a_crashed_agent_held_comes_back_and_is_held_again_when_it_returns() -> None:
    world = world_of(ALLOWING)
    budget = set_one(world.company)
    request = pay(world)
    begin_at_noon(timedelta(minutes=59))
    assert reap() == 0
    begin_at_noon(timedelta(minutes=61))
    assert reap() == 1
    assert held(world, budget) == (D(0), D(0))
    redeem(world, request)
    assert held(world, budget) == (D(60), D(0))
    begin_at_noon(3 * HOUR)
    assert reap() == 0  # used, and not reported yet: the timer settles it
    assert held(world, budget) == (D(60), D(0))


def test_who_returns_too_late_gets_no_permission() -> None:
    world = world_of(ALLOWING)
    set_one(world.company)
    request = pay(world)
    begin_at_noon(timedelta(minutes=61))
    assert reap() == 1
    assert pay(world, "50.00").status == "allowed"
    with pytest.raises(Forbidden, match="the budget has no more of it") as refused:
        redeem(world, request)
    assert refused.value.code == "budget_exceeded"


@pytest.mark.parametrize(("document", "is_asked"), [(ALLOWING, False), (FOUR_EYES, True)])
def test_where_people_are_asked_nobody_returns_without_them(document: Any, is_asked: bool) -> None:
    world = world_of(document)
    budget = set_one(world.company, on_exceed="ask")
    request = pay(world)
    if is_asked:
        for member in (world.company.alice, world.company.bob):
            world.vote(member, request)
    begin_at_noon(timedelta(minutes=61))
    assert reap() == 1
    assert pay(world, "50.00").has_reservation
    if is_asked:
        redeem(world, request)  # people have decided
        assert held(world, budget) == (D(110), D(0))
        return
    with pytest.raises(Forbidden, match="a person decides") as refused:
        redeem(world, request)
    assert refused.value.code == "budget_ask"
    assert held(world, budget) == (D(50), D(0))
    with tenant_transaction(world.company.id):
        assert Reservation.objects.get(holder=request.public_id).state == "reaped"


def test_an_approval_holds_it_until_it_is_used() -> None:
    world = world_of(FOUR_EYES)
    budget = set_one(world.company)
    request = pay(world)
    begin_at_noon(2 * HOUR)
    assert reap() == 0
    for member in (world.company.alice, world.company.bob):
        world.vote(member, request)
    assert reap() == 0
    begin_at_noon(2 * HOUR + timedelta(minutes=61))
    assert reap() == 1
    assert held(world, budget) == (D(0), D(0))


def test_a_kill_switch_never_holds_what_two_requests_have_reserved(
    committed_db: CommittedDatabase,
) -> None:
    world = world_of(FOUR_EYES)
    budget = set_one(world.company, scope="run", ref="*", period="run")
    pay(world, run="r1")
    begin_at_noon(timedelta(minutes=1))
    pay(world, run="r2")
    with tenant_transaction(world.company.id):
        switch = throw(
            actor=world.company.olivia, scope="tenant", reason="It pays twice", pending="cancel"
        )
    with tenant_transaction(world.company.id):
        BudgetUse.objects.select_for_update().get(ref__endswith="r2")
        cancelled = committed_db.begin_beside(
            lambda: cancel_killed(tenant_id=world.company.id, switch_id=switch.pk)
        )
        # It waits for what the second has reserved: the first is done, and nothing of it is held.
        assert used(world.company, budget) == [(D(0), D(0)), (D(60), D(0))]
        BudgetUse.objects.select_for_update(nowait=True).get(ref__endswith="r1")
    assert cancelled.result(timeout=60) == 2
    assert used(world.company, budget) == [(D(0), D(0)), (D(0), D(0))]
    with tenant_transaction(world.company.id):
        (told,) = events("kill_switch.settled")
    assert told["data"]["cancelled"] == 2


def test_costs_are_written_down_without_any_budget_too() -> None:
    world = world_of(ALLOWING)
    request = pay(world, run="r1")
    redeem(world, request)
    report(world, request, "succeeded", cost={"tokens": 7})
    report(world, request, "rolled_back")
    with tenant_transaction(world.company.id):
        rows = list(SpendEntry.objects.order_by("spent_at", "id"))
    assert [(each.amount, each.tokens, each.count, each.run) for each in rows] == [
        (D(60), 7, 1, "r1"), (D(-60), 0, 0, "r1"),
    ]  # fmt: skip
