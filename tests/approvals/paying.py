"""A company whose payments count in budgets, and one payment from asking to reporting."""

from decimal import Decimal
from typing import Any

from approvals.models import ActionRequest
from approvals.services.execution import issue_grant, redeem_grant, report_execution
from govapp.common import clock
from govapp.common.forgetting import forget_contents
from govapp.common.tenancy import tenant_transaction
from tenants.models import Budget
from tests.approvals.world import World, make_world
from tests.tenants.budgets.companies import begin_at_noon, used

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


def forget(request: ActionRequest) -> None:
    """Empty what it asked for, as a pruning does."""
    with tenant_transaction(request.tenant_id):
        forget_contents([request.pk])
        ActionRequest.objects.filter(pk=request.pk).update(forgotten_at=clock.now())
        assert ActionRequest.objects.get(pk=request.pk).payload == {}
