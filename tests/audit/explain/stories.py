"""A request with all that can happen to one, played through the services."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import Model

from approvals.models import ActionCategory, ActionRequest
from approvals.services.discussion import add_comment
from approvals.services.execution import issue_grant, report_execution
from approvals.services.redemption import redeem_grant
from approvals.services.timers import fire_due_timers
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import HOUR, World, make_world
from tests.browser.demo import PAYLOAD, document

__all__ = ["Model"]

MoveClock = Callable[[timedelta], None]
REASON = "Invoice 2291 is due on Friday."
SOURCES = [{"title": "Invoice 2291", "url": "https://files.example.com/2291"}]


def make_bank() -> World:
    """A company that pays over 10,000 with two people, and less with none."""
    world = make_world(document())
    with tenant_transaction(world.company.id):
        ActionCategory.objects.update(name="Bank transfer")
    return world


def ask(world: World, **fields: Any) -> ActionRequest:
    """Ask for a large payment, on behalf of Ines, with a reason and a source."""
    asked = {
        "summary": "Pay EUR 48,200 to Northwind Trading GmbH",
        "payload": PAYLOAD | {"payee": "Northwind Trading GmbH"},
        "reason": REASON,
        "sources": SOURCES,
        "on_behalf_of": "Ines Caldeira",
    }
    return world.submit(**(asked | fields))


def play_whole_life(world: World, move_clock: MoveClock) -> ActionRequest:
    """Asked, reminded, escalated, discussed, approved by two, done at a cost."""
    company = world.company
    request = ask(world)
    move_clock(HOUR)
    fire_due_timers(tenant_id=company.id, request_id=request.pk)
    move_clock(2 * HOUR)
    fire_due_timers(tenant_id=company.id, request_id=request.pk)
    with tenant_transaction(company.id):
        add_comment(actor=company.alice, request_id=request.pk, text="Bob, is the account right?")
    world.vote(company.alice, request, reason="Bob has checked the account.", seconds_viewed=74)
    world.vote(company.bob, request, reason="Matches purchase order 4500-2281.", seconds_viewed=41)
    with tenant_transaction(company.id):
        grant = issue_grant(agent=world.agent, request_id=request.pk)
    redeem_grant(token=grant.token, redeemed_by="bank gateway")
    with tenant_transaction(company.id):
        return report_execution(
            agent=world.agent,
            request_id=request.pk,
            outcome="succeeded",
            note="Booked.",
            cost={"amount": "1.20", "currency": "EUR"},
        )
