"""What goes on although a kill switch is thrown."""

from datetime import timedelta
from typing import Any

import pytest

from approvals.models import ActionRequest
from approvals.selectors.activity import activity_of
from approvals.selectors.still_runs import SHOWN, StillRuns, read_still_runs
from approvals.services.execution import issue_grant, redeem_grant, report_execution
from approvals.services.timers import sweep
from govapp.common.tenancy import tenant_transaction
from tenants.models import Credential, KillSwitch
from tenants.services.agents import pause_agent
from tenants.services.credentials import revoke_credential
from tenants.services.kill import plan_switch, throw
from tests.approvals.chains import Chain, make_chain
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
    move_clock(timedelta(hours=23))
    later = begun(world)
    assert [each.pk for each in still(world, "tenant").begun] == [later.pk, request.pk]
    move_clock(timedelta(hours=25))
    assert [each.pk for each in still(world, "tenant").begun] == [later.pk]


def test_what_waited_long_and_was_used_today_still_runs(move_clock: Any) -> None:
    world = make_world(ALLOWED)
    request = world.submit()
    move_clock(timedelta(days=40))
    use(world, request)
    assert [each.pk for each in still(world, "tenant").begun] == [request.pk]


def test_what_had_begun_is_told_for_as_long_as_the_switch_is_thrown(move_clock: Any) -> None:
    world = make_world(ALLOWED)
    request = begun(world)
    with tenant_transaction(world.company.id):
        switch = throw(actor=world.company.olivia, scope="tenant", reason="It runs away.")
    move_clock(timedelta(days=3))
    with tenant_transaction(world.company.id):
        switch.refresh_from_db()
        assert [each.pk for each in read_still_runs(switch).begun] == [request.pk]


def planners(chain: Chain) -> StillRuns:
    return still(chain.world, "agent", chain.agents["planner"].public_id)


def handed_on(chain: Chain) -> list[tuple[Any, bool]]:
    """Return what the planner handed on and holds, each with whether its agent is stopped."""
    return [(each.delegation.pk, each.is_stopped) for each in planners(chain).handed_on]


def stop(chain: Chain, scope: str, ref: str = "") -> None:
    with tenant_transaction(chain.tenant_id):
        throw(actor=chain.world.company.olivia, scope=scope, ref=ref, reason="It runs away.")


def test_rights_that_a_stopped_agent_handed_on_are_named() -> None:
    chain = make_chain(2)
    first = chain.handed[0].delegation
    assert handed_on(chain) == [(first.pk, False)]
    assert still(chain.world, "tenant").handed_on == []
    chain.revoke(first, chain.world.company.carl, "Over.")
    assert handed_on(chain) == []


def test_a_delegation_that_was_stopped_is_not_said_to_go_on() -> None:
    chain = make_chain(1)
    stop(chain, "delegation", chain.handed[0].delegation.public_id)
    assert handed_on(chain) == []


def test_a_stopped_taker_is_said_to_be_when_others_hold_what_it_handed_on() -> None:
    chain = make_chain(1)
    stop(chain, "agent", chain.agents["buyer"].public_id)
    assert handed_on(chain) == []
    chain.extend()
    assert handed_on(chain) == [(chain.handed[0].delegation.pk, True)]
    stop(chain, "tenant")
    assert handed_on(chain) == []


def test_what_rests_with_its_agent_is_not_named() -> None:
    chain = make_chain(1)
    with tenant_transaction(chain.tenant_id):
        olivia, buyer = chain.world.company.olivia, chain.agents["buyer"]
        pause_agent(actor=olivia, agent=buyer, reason="Looking.")
    assert handed_on(chain) == []


def test_what_ended_with_a_key_is_not_named_and_nothing_below_it() -> None:
    chain = make_chain(2)
    buyer = chain.agents["buyer"].public_id
    below = chain.handed[1].delegation.pk
    assert [each.delegation.pk for each in still(chain.world, "agent", buyer).handed_on] == [below]
    with tenant_transaction(chain.tenant_id):
        key = Credential.objects.get(agent=chain.agents["planner"], revoked_at=None)
        revoke_credential(actor=chain.world.company.olivia, credential=key)
    assert handed_on(chain) == []
    assert still(chain.world, "agent", buyer).handed_on == []


def test_more_than_ten_that_were_handed_on_are_said_to_be_more() -> None:
    chain = make_chain()
    for _ in range(SHOWN):
        chain.hand("planner", "buyer")
    found = planners(chain)
    assert (len(found.handed_on), found.handed_on_more) == (SHOWN, False)
    chain.hand("planner", "buyer")
    found = planners(chain)
    assert (len(found.handed_on), found.handed_on_more) == (SHOWN, True)


def test_an_agents_activity_is_its_newest_requests_and_what_waits() -> None:
    world = make_world(policy(stage("finance")))
    asked = [world.submit(summary=f"Pay number {number}") for number in range(6)]
    with tenant_transaction(world.company.id):
        known = activity_of(world.agent)
    assert [each.pk for each in known.newest] == [each.pk for each in reversed(asked[1:])]
    assert known.waiting == 6
