"""Budgets inside submit and along an action's life: held, settled, given back."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.enums import ExecutionState, Verdict
from approvals.models import ActionRequest, Notification
from approvals.services.changes import approve_with_changes
from approvals.services.execution import (
    issue_grant,
    redeem_grant,
    report_execution,
    revoke_grant,
)
from approvals.services.exercises import Sample, start_drill
from approvals.services.kill import cancel_killed
from approvals.services.submission import (
    Submission,
    cancel_action,
    preview_action,
    submit_action,
)
from approvals.services.timers import sweep
from audit.models import LedgerEvent
from govapp.common.errors import Conflict, Forbidden
from govapp.common.tenancy import tenant_transaction
from tenants.models import Budget, BudgetUse, Membership, Reservation, SpendEntry, Tenant
from tenants.services.budgets import reap
from tenants.services.kill import throw
from tests.approvals.services.test_guarding import ALLOWING, ALLOWING_ONLY
from tests.approvals.world import FOUR_EYES, HOUR, World, make_world
from tests.support.committed import CommittedDatabase
from tests.tenants.budgets.companies import begin_at_noon, set_one, used
from tests.tenants.ledger import events, summaries

pytestmark = pytest.mark.usefixtures("committed_db")
D = Decimal


def world_of(document: Any) -> World:
    begin_at_noon()
    world = make_world(document)
    with tenant_transaction(world.company.id):
        world.category.amount_field = "amount"
        world.category.editable_fields = ["amount"]
        world.category.save()
    return world


def pay(world: World, amount: str = "60.00", **more: Any) -> ActionRequest:
    return world.submit(payload={"amount": amount, "currency": "EUR"}, **more)


def codes(request: ActionRequest) -> list[str]:
    return [each["code"] for each in request.trace["refusals"]]


def held(world: World, budget: Budget) -> tuple[Decimal, Decimal]:
    rows = used(world.company, budget)
    return rows[0] if rows else (D(0), D(0))


def redeem(world: World, request: ActionRequest) -> None:
    with tenant_transaction(world.company.id):
        grant = issue_grant(agent=world.agent, request_id=request.pk)
    redeem_grant(token=grant.token, redeemed_by="bank")


def report(world: World, request: ActionRequest, outcome: Any, **more: Any) -> None:
    with tenant_transaction(world.company.id):
        report_execution(agent=world.agent, request_id=request.pk, outcome=outcome, **more)


def test_what_is_asked_for_is_held_until_it_is_denied(committed_db: CommittedDatabase) -> None:
    world = world_of(FOUR_EYES)
    budget = set_one(world.company)
    request = pay(world, estimated_cost={"amount": "0.40", "currency": "EUR", "tokens": 10})
    assert (request.status, held(world, budget)) == ("pending", (D("60.40"), D(0)))
    world.vote(world.company.alice, request, Verdict.DENY)
    assert held(world, budget) == (D(0), D(0))


@pytest.mark.parametrize("end", ["return", "cancel", "expire"])
def test_whatever_else_ends_it_gives_it_back(end: str) -> None:
    world = world_of(FOUR_EYES)
    budget = set_one(world.company, period="month")
    request = pay(world)
    if end == "return":
        world.vote(world.company.alice, request, Verdict.RETURN)
    elif end == "cancel":
        with tenant_transaction(world.company.id):
            cancel_action(actor=world.agent, request_id=request.pk)
    else:
        begin_at_noon(5 * HOUR)
        sweep()
    with tenant_transaction(world.company.id):
        assert ActionRequest.objects.get().status in ("returned", "cancelled", "expired")
        assert Reservation.objects.get().state == "released"
    assert held(world, budget) == (D(0), D(0))


def test_what_is_more_than_is_left_is_blocked_and_holds_nothing() -> None:
    world = world_of(ALLOWING)
    budget = set_one(world.company)
    assert pay(world).status == "allowed"
    refused = pay(world, "40.01")
    assert (refused.status, codes(refused)) == ("blocked", ["budget_exceeded"])
    assert refused.because == (
        "The budget of EUR 100.00 a day for everything here would be passed: EUR 40.01 is wanted"
        " and EUR 40.00 is left until 16 January 2031, 00:00 UTC. Ask for less, or have the budget"
        " raised."
    )
    assert refused.has_reservation is False
    assert held(world, budget) == (D(60), D(0))
    with tenant_transaction(world.company.id):
        (event,) = events("action_request.blocked")
        assert event["data"]["reason"] == refused.because
        assert len(events("budget.exceeded")) == 1
    assert codes(pay(world, "40.01")) == ["budget_exceeded"]
    with tenant_transaction(world.company.id):
        assert len(events("budget.exceeded")) == 1  # once in each window
    assert pay(world, "40.00").status == "allowed"
    stopped = pay(world, "0.00")
    assert codes(stopped) == ["budget_halted"]


@pytest.mark.parametrize(
    ("on_exceed", "document", "status", "code"),
    [
        ("warn", ALLOWING, "allowed", None),
        ("ask", ALLOWING, "pending", None),
        ("ask", FOUR_EYES, "pending", None),
        ("ask", ALLOWING_ONLY, "blocked", "budget_refused"),  # nobody could be asked
        ("throttle", ALLOWING, "blocked", "throttled"),
        ("throttle", FOUR_EYES, "blocked", "throttled"),
        ("halt", FOUR_EYES, "blocked", "budget_exceeded"),
    ],
)
def test_each_budget_leads_where_the_tenant_chose(
    on_exceed: str, document: Any, status: str, code: str | None
) -> None:
    world = world_of(document)
    budget = set_one(world.company, "50", on_exceed=on_exceed)
    request = pay(world)
    assert (request.status, codes(request)) == (status, [code] if code else [])
    assert request.has_reservation == (status != "blocked")
    assert held(world, budget) == ((D(60), D(0)) if status != "blocked" else (D(0), D(0)))
    if code == "throttled":
        assert request.trace["refusals"][0]["until"] == "2031-01-16T00:00:00+00:00"
    if on_exceed == "warn":
        (warning,) = request.trace["warnings"]
        assert warning.startswith("The budget of EUR 50.00 a day for everything here would be")


def test_a_preview_says_the_same_and_holds_nothing() -> None:
    world = world_of(ALLOWING)
    budget = set_one(world.company, "50")
    submission = Submission("payments.transfer", "Pay", {"amount": "50.01", "currency": "EUR"})
    with tenant_transaction(world.company.id):
        found = preview_action(agent=world.agent, submission=submission)
        assert BudgetUse.objects.count() == 0
    assert found.outcome == "deny"
    assert "EUR 50.01 is wanted and EUR 50.00 is left" in found.because
    assert held(world, budget) == (D(0), D(0))


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


def test_a_changed_action_holds_what_it_wants_now() -> None:
    world = world_of(FOUR_EYES)
    budget = set_one(world.company)
    request = pay(world)

    def change(member: Membership, amount: str) -> None:
        with tenant_transaction(world.company.id):
            now = ActionRequest.objects.get()
        with tenant_transaction(world.company.id):
            approve_with_changes(
                member=member,
                request_id=request.pk,
                changes={"amount": amount},
                payload_digest=now.payload_digest,
                request_version=now.version,
            )

    change(world.company.alice, "95.00")
    assert held(world, budget) == (D(95), D(0))
    with pytest.raises(Conflict, match=r"EUR 100\.01 is wanted and EUR 100\.00 is left"):
        change(world.company.bob, "100.01")
    assert held(world, budget) == (D(95), D(0))


def test_a_drill_that_is_changed_holds_nothing() -> None:
    world = world_of(FOUR_EYES)
    budget = set_one(world.company)
    sample = Sample(world.agent, world.category, "Pay Acme Ltd", {"amount": "60.00"})
    with tenant_transaction(world.company.id):
        request = start_drill(actor=world.company.carl, sample=sample).request
    with tenant_transaction(world.company.id):
        changed = approve_with_changes(
            member=world.company.alice,
            request_id=request.pk,
            changes={"amount": "95.00"},
            payload_digest=request.payload_digest,
            request_version=request.version,
        )
    assert (changed.payload["amount"], changed.has_reservation) == ("95.00", False)
    assert held(world, budget) == (D(0), D(0))
    with tenant_transaction(world.company.id):
        assert not Reservation.objects.exists()


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
        (D(60), 7, 1, "r1"), (D(-60), -7, 0, "r1"),
    ]  # fmt: skip


def statements(world: World) -> int:
    submission = Submission("payments.transfer", "Pay", {"amount": "1.00", "currency": "EUR"})
    with tenant_transaction(world.company.id), CaptureQueriesContext(connection) as seen:
        submit_action(agent=world.agent, submission=submission)
    return len(seen)


def test_without_a_budget_about_it_nothing_more_is_asked() -> None:
    world = world_of(ALLOWING)
    pay(world)
    without = statements(world)
    set_one(world.company, scope="category", ref="notes.*")
    set_one(world.company, scope="run", ref="*", period="run")
    assert statements(world) == without
    # The uses, and a mark to go back to.
    set_one(world.company, scope="category", ref="payments.*")
    assert statements(world) == without + 2
    set_one(world.company, scope="agent", ref="*")
    assert statements(world) == without + 2


def test_what_was_refused_again_and_again_is_not_looked_at_any_more() -> None:
    world = world_of({"version": 1, "default": "deny", "rules": []})
    with tenant_transaction(world.company.id):
        Tenant.objects.update(retry_limit=Tenant._meta.get_field("retry_limit").default)
    for _ in range(5):
        assert codes(pay(world)) == []
    exhausted = pay(world)
    assert codes(exhausted) == ["retries_exhausted"]
    assert re.sub(r"\d\d:\d\d", "…", exhausted.because) == (
        "The same was tried 5 times within an hour and refused, denied or failed each time: an"
        " agent cannot keep trying for ever. Change what is asked for, or wait until … UTC."
    )
    with tenant_transaction(world.company.id):
        last = LedgerEvent.objects.filter(type="action_request.blocked").count()
    assert last == 6
    assert codes(pay(world, "61.00")) == []  # something else
    begin_at_noon(timedelta(minutes=30))
    assert codes(pay(world)) == ["retries_exhausted"]
    begin_at_noon(timedelta(minutes=61))
    assert codes(pay(world)) == []


def test_denials_and_failures_count_and_another_agent_does_not() -> None:
    world = world_of(FOUR_EYES)
    with tenant_transaction(world.company.id):
        tenant = world.company.tenant
        tenant.retry_limit, tenant.retry_minutes = 2, 90
        tenant.save()
    for _ in range(2):
        world.vote(world.company.alice, pay(world), Verdict.DENY)
    exhausted = pay(world)
    assert codes(exhausted) == ["retries_exhausted"]
    assert "2 times within 90 minutes" in exhausted.because
    with tenant_transaction(world.company.id):
        tenant.retry_limit = None
        tenant.save()
    assert pay(world).status == "pending"
