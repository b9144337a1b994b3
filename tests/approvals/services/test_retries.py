"""Trying again: what counts as the same tried in vain, and what says nothing of it."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest

from approvals.enums import Verdict
from approvals.models import ActionRequest, PolicyVersion
from audit.models import LedgerEvent
from govapp.common.tenancy import tenant_transaction
from tenants.models import Budget, EnvironmentRule, Integration, Tenant
from tenants.services.agents import pause_agent, resume_agent
from tenants.services.integrations import resume_integration, suspend_integration
from tenants.services.kill import resume, throw
from tests.approvals.paying import codes, pay, world_of
from tests.approvals.services.test_guarding import ALLOWING
from tests.approvals.world import FOUR_EYES, World
from tests.tenants.budgets.companies import begin_at_noon, set_one

pytestmark = pytest.mark.usefixtures("committed_db")
GoOn = Callable[[], object]


def limit_tries(world: World, times: int) -> None:
    with tenant_transaction(world.company.id):
        Tenant.objects.update(retry_limit=times)


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


def ask(world: World) -> ActionRequest:
    return pay(world, integration="acme-bank")


def kill(world: World) -> GoOn:
    company = world.company
    switch = throw(actor=company.olivia, scope="tenant", reason="It pays twice")
    return lambda: resume(actor=company.carl, switch=switch, reason="It is mended")


def suspend(world: World) -> GoOn:
    olivia, system = world.company.olivia, Integration.objects.get()
    suspend_integration(actor=olivia, integration=system, reason="Odd.")
    return lambda: resume_integration(actor=olivia, integration=system)


def expire(world: World) -> GoOn:
    Integration.objects.update(expires_at="2031-01-01T00:00Z")
    return lambda: Integration.objects.update(expires_at=None)


def close(world: World) -> GoOn:
    rule = EnvironmentRule.objects.create(
        name="production", is_read_only=True, set_by=world.company.carl
    )
    return rule.delete


def pause(world: World) -> GoOn:
    pause_agent(actor=world.company.olivia, agent=world.agent, reason="Odd.")
    return lambda: resume_agent(actor=world.company.olivia, agent=world.agent)


def throttle(world: World) -> GoOn:
    set_one(world.company, "50", on_exceed="throttle")
    return lambda: Budget.objects.update(is_active=False)


def use_up(world: World) -> GoOn:
    set_one(world.company, "60")
    assert pay(world).status == "allowed"
    return lambda: Budget.objects.update(is_active=False)


def withdraw_policy(world: World) -> GoOn:
    PolicyVersion.objects.update(status="archived")
    return lambda: PolicyVersion.objects.update(status="live")


STOPS: Final[dict[str, Callable[[World], GoOn]]] = {
    "killed": kill,
    "integration_suspended": suspend,
    "integration_expired": expire,
    "environment_read_only": close,
    "agent_not_active": pause,
    "throttled": throttle,
    "budget_halted": use_up,
    "no_policy": withdraw_policy,
}


@pytest.mark.parametrize("code", STOPS)
def test_who_keeps_asking_while_it_is_stopped_goes_on_when_it_is_not(code: str) -> None:
    world = world_of(ALLOWING)
    world.reach()
    limit_tries(world, 2)
    with tenant_transaction(world.company.id):
        go_on = STOPS[code](world)
    assert [codes(ask(world)) for _ in range(4)] == [[code]] * 4
    with tenant_transaction(world.company.id):
        go_on()
    assert (codes(made := ask(world)), made.status) == ([], "allowed")


def test_what_was_tried_before_counts_when_it_goes_on() -> None:
    world = world_of(FOUR_EYES)
    world.reach()
    limit_tries(world, 2)
    world.vote(world.company.alice, ask(world), Verdict.DENY)
    with tenant_transaction(world.company.id):
        go_on = kill(world)
    assert codes(ask(world)) == ["killed"]
    with tenant_transaction(world.company.id):
        go_on()
    world.vote(world.company.alice, ask(world), Verdict.DENY)
    assert codes(ask(world)) == ["retries_exhausted"]


def test_what_is_about_the_thing_counts_also_while_everything_is_stopped() -> None:
    world = world_of(ALLOWING)
    limit_tries(world, 2)
    with tenant_transaction(world.company.id):
        go_on = kill(world)
    for _ in range(2):
        assert codes(ask(world)) == ["killed", "integration_unknown"]
    with tenant_transaction(world.company.id):
        go_on()
    assert codes(ask(world)) == ["integration_unknown", "retries_exhausted"]
