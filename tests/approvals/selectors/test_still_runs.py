"""What goes on although a kill switch is thrown."""

from datetime import timedelta
from typing import Any

import pytest

from approvals.models import ActionRequest
from approvals.selectors.activity import activity_of
from approvals.selectors.kill import StillRuns, read_still_runs
from approvals.services.execution import issue_grant, redeem_grant, report_execution
from approvals.services.timers import sweep
from govapp.common.tenancy import tenant_transaction
from tenants.models import KillSwitch
from tenants.services.kill import plan_switch
from tests.approvals.chains import make_chain
from tests.approvals.documents import rule, rules
from tests.approvals.world import World, make_world, policy, stage

pytestmark = pytest.mark.django_db

ALLOWED = rules(rule("all", "allow"))


def begun(world: World) -> ActionRequest:
    """Have an action begin: its permission is used, its result not reported."""
    request = world.submit()
    use(world, request)
    return request


def use(world: World, request: ActionRequest) -> None:
    with tenant_transaction(world.company.id):
        grant = issue_grant(agent=world.agent, request_id=request.pk)
    redeem_grant(token=grant.token, redeemed_by="bank")


def still(world: World, scope: str, ref: str = "") -> StillRuns:
    with tenant_transaction(world.company.id):
        switch: KillSwitch = plan_switch(actor=world.company.olivia, scope=scope, ref=ref)
        return read_still_runs(switch)


def report(world: World, request: ActionRequest, **said: Any) -> None:
    with tenant_transaction(world.company.id):
        report_execution(agent=world.agent, request_id=request.pk, **said)


def test_what_had_begun_within_the_scope_is_named() -> None:
    world = make_world(ALLOWED)
    request = begun(world)
    world.submit(summary="Allowed, and not begun")
    for scope, ref in (
        ("tenant", ""), ("agent", world.agent.public_id), ("category", "payments.*"),
    ):  # fmt: skip
        found = still(world, scope, ref)
        assert [each.pk for each in found.begun] == [request.pk]
        assert found.has_more is False
    assert still(world, "category", "crm.*").begun == []
    report(world, request, outcome="succeeded")
    assert still(world, "tenant").begun == []


def test_what_nobody_reported_in_time_may_still_run(move_clock: Any) -> None:
    world = make_world(ALLOWED)
    request = begun(world)
    move_clock(timedelta(minutes=16))
    sweep()
    with tenant_transaction(world.company.id):
        request.refresh_from_db()
    assert request.execution_state == "unknown"
    assert [each.pk for each in still(world, "tenant").begun] == [request.pk]
    move_clock(timedelta(days=31))
    assert still(world, "tenant").begun == []


def test_what_waited_long_and_was_used_today_still_runs(move_clock: Any) -> None:
    world = make_world(ALLOWED)
    request = world.submit()
    move_clock(timedelta(days=40))
    use(world, request)
    assert [each.pk for each in still(world, "tenant").begun] == [request.pk]


def test_rights_that_a_stopped_agent_handed_on_are_named() -> None:
    chain = make_chain(2)
    world = chain.world
    first = chain.handed[0].delegation
    found = still(world, "agent", chain.agents["planner"].public_id)
    assert [each.pk for each in found.handed_on] == [first.pk]
    assert still(world, "tenant").handed_on == []
    chain.revoke(first, world.company.carl, "Over.")
    assert still(world, "agent", chain.agents["planner"].public_id).handed_on == []


def test_an_agents_activity_is_its_newest_requests_and_what_waits() -> None:
    world = make_world(policy(stage("finance")))
    asked = [world.submit(summary=f"Pay number {number}") for number in range(6)]
    with tenant_transaction(world.company.id):
        known = activity_of(world.agent)
    assert [each.pk for each in known.newest] == [each.pk for each in reversed(asked[1:])]
    assert known.waiting == 6
