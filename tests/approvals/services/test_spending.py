"""Budgets inside submit: held, refused, asked about, and as an action is changed."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.enums import Verdict
from approvals.models import ActionRequest
from approvals.services.changes import approve_with_changes
from approvals.services.exercises import Sample, start_drill
from approvals.services.submission import (
    Submission,
    cancel_action,
    preview_action,
    submit_action,
)
from approvals.services.timers import sweep
from govapp.common.errors import Conflict
from govapp.common.tenancy import tenant_transaction
from tenants.models import BudgetUse, Membership, Reservation
from tests.approvals.paying import D, codes, held, pay, world_of
from tests.approvals.services.test_guarding import ALLOWING, ALLOWING_ONLY
from tests.approvals.world import FOUR_EYES, HOUR, World
from tests.support.committed import CommittedDatabase
from tests.tenants.budgets.companies import begin_at_noon, set_one
from tests.tenants.ledger import events

pytestmark = pytest.mark.usefixtures("committed_db")


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
