"""What is counted of an agent's requests, and that a look follows at once."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import TestCase

from approvals.enums import ExecutionState, Purpose, RequestStatus, Verdict
from approvals.selectors.conduct import conduct_of
from approvals.services.execution import issue_grant, redeem_grant, report_execution
from approvals.services.trust import assess_agent, assess_due
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent, TrustAssessment
from tenants.services.agents import retire_agent
from tenants.trust import Conduct
from tests.approvals.world import FOUR_EYES, World, make_world, policy, stage
from tests.people import make_agent

pytestmark = pytest.mark.django_db
ALLOWING: dict[str, Any] = {
    **policy(stage("finance")),
    "rules": [{"id": "all", "when": {"category": "payments.transfer"}, "then": "allow"}],
}


def conduct(world: World) -> Conduct:
    with tenant_transaction(world.company.id):
        return conduct_of(world.agent, window_days=90)


def leave(world: World, **fields: Any) -> None:
    """Leave a request in some state, past the services."""
    made = world.submit()  # it stays pending, and counts nowhere
    made.pk = new_id()
    for name, value in fields.items():
        setattr(made, name, value)
    with tenant_transaction(world.company.id):
        made.save(force_insert=True)


def refused(*codes: str) -> dict[str, Any]:
    kept = [{"code": code, "sentence": "No."} for code in codes]
    return {"status": RequestStatus.BLOCKED, "trace": {"refusals": kept}}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status": RequestStatus.APPROVED}, {"approved": 1}),
        ({"status": RequestStatus.ALLOWED}, {"allowed": 1}),
        ({"status": RequestStatus.DENIED}, {"denied": 1}),
        ({"status": RequestStatus.EXPIRED}, {"expired": 1}),
        ({"status": RequestStatus.PENDING}, {}),
        ({"status": RequestStatus.RETURNED}, {}),
        ({"status": RequestStatus.CANCELLED}, {}),
        (
            {"status": RequestStatus.APPROVED, "execution_state": ExecutionState.SUCCEEDED},
            {"approved": 1},
        ),
        (
            {"status": RequestStatus.APPROVED, "execution_state": ExecutionState.FAILED},
            {"failed": 1},
        ),
        (
            {"status": RequestStatus.ALLOWED, "execution_state": ExecutionState.ROLLED_BACK},
            {"failed": 1},
        ),
        ({"status": RequestStatus.APPROVED, "execution_state": ExecutionState.UNKNOWN}, {}),
        ({"status": RequestStatus.APPROVED, "execution_state": ExecutionState.REVOKED}, {}),
        (refused(), {"blocked": 1}),  # by a rule
        (refused("payload_invalid"), {"blocked": 1}),
        (refused("no_policy", "category_unknown"), {"blocked": 1}),
        (refused("no_policy"), {}),
        (refused("recommend_only"), {}),
        (refused("killed"), {}),
        (refused("guardrail_refused"), {"found": 1}),
        (refused("payload_invalid", "guardrail_refused"), {"found": 1}),
        ({"status": RequestStatus.BLOCKED, "trace": {"refusals": ["as it was"]}}, {}),
        ({"status": RequestStatus.BLOCKED, "trace": {}, "forgotten_at": "2026-01-01T00:00Z"}, {}),
        ({"status": RequestStatus.DENIED, "purpose": Purpose.DRILL}, {}),
    ],
)
def test_each_request_counts_once_under_the_worst(
    fields: dict[str, Any], expected: dict[str, int]
) -> None:
    world = make_world(FOUR_EYES)
    leave(world, **fields)
    assert conduct(world) == Conduct(**expected)


def test_only_this_agents_and_only_lately(move_clock: Any) -> None:
    world = make_world(FOUR_EYES)
    other = World(world.company, make_agent(world.company, "buyer")[0], world.category)
    leave(other, status=RequestStatus.DENIED)
    leave(world, status=RequestStatus.DENIED)
    move_clock(timedelta(days=91))
    with tenant_transaction(world.company.id):
        agent = Agent.objects.get(pk=world.agent.pk)
        assert conduct_of(agent, window_days=90) == Conduct(age_days=91)
        assert conduct_of(agent, window_days=92) == Conduct(age_days=91, denied=1)


def queued(world: World, act: Any) -> list[tuple[str, dict[str, str]]]:
    """Return which looks are asked for once what `act` does is committed."""
    sent: list[tuple[str, dict[str, str]]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("govapp.common.queue._send", lambda name, ids: sent.append((name, ids)))
        with TestCase.captureOnCommitCallbacks(execute=True):
            act()
    return [each for each in sent if each[0] == "approvals.assess_agent"]


def test_a_denial_is_looked_at_at_once() -> None:
    world = make_world(FOUR_EYES)
    made = world.submit()
    looks = queued(world, lambda: world.vote(world.company.alice, made, Verdict.DENY))
    ids = {"tenant_id": str(world.company.id), "agent_id": str(world.agent.pk)}
    assert looks == [("approvals.assess_agent", ids)]


@pytest.mark.parametrize(("outcome", "count"), [("failed", 1), ("succeeded", 0)])
def test_a_failure_is_looked_at_at_once(outcome: Any, count: int) -> None:
    world = make_world(ALLOWING)
    made = world.submit()
    with tenant_transaction(world.company.id):
        grant = issue_grant(agent=world.agent, request_id=made.pk)
    redeem_grant(token=grant.token, redeemed_by="bank")

    def report() -> None:
        with tenant_transaction(world.company.id):
            report_execution(agent=world.agent, request_id=made.pk, outcome=outcome)

    assert len(queued(world, report)) == count


def test_denials_lower_the_tier_and_rules_see_it() -> None:
    world = make_world(FOUR_EYES)
    with tenant_transaction(world.company.id):
        Agent.objects.filter(pk=world.agent.pk).update(trust_tier="high")
    for _ in range(3):
        world.vote(world.company.alice, world.submit(), Verdict.DENY)
    found = assess_agent(tenant_id=world.company.id, agent_id=world.agent.pk)
    assert (found.tier, found.ceiling) == ("new", "new")
    with tenant_transaction(world.company.id):
        agent = Agent.objects.get(pk=world.agent.pk)
    assert agent.trust_tier == "new"
    facts = World(world.company, agent, world.category).submit().facts
    assert facts is not None
    assert facts["agent_tier"] == "new"


def assessed(world: World) -> set[UUID]:
    with tenant_transaction(world.company.id):
        return set(TrustAssessment.objects.values_list("agent_id", flat=True))


def test_every_agent_is_looked_at_once_a_day_in_every_account(move_clock: Any) -> None:
    acme, globex = make_world(FOUR_EYES), make_world(FOUR_EYES, "globex")
    retired, _ = make_agent(acme.company, "former")
    with tenant_transaction(acme.company.id):
        retire_agent(actor=acme.company.olivia, agent=retired, reason="Replaced")
    assert [assess_due(), assess_due()] == [2, 0]
    assert (assessed(acme), assessed(globex)) == ({acme.agent.pk}, {globex.agent.pk})
    move_clock(timedelta(hours=23))
    assert assess_due() == 0
    move_clock(timedelta(hours=25))
    assert assess_due() == 2
