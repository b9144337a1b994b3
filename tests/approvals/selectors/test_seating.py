"""Seats that depend on the agent and the category, where policies are checked before they live."""

from typing import Any

import pytest

from approvals.policies import Policy, parse_policy
from approvals.selectors.absence import what_breaks_without
from approvals.selectors.policy_lint import lint_policy
from approvals.selectors.reachability import find_obstacles
from approvals.selectors.staff import read_staff
from approvals.selectors.who import list_asked, who_may_approve
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tenants.services.agents import register_agent
from tenants.services.groups import add_to_group
from tenants.services.people import set_manager
from tests.approvals.world import World, make_world, policy, stage

pytestmark = pytest.mark.django_db

MANAGER = {"manager": "agent_owner"}
ANYONE = {"anyone": "approver"}
NO_MANAGER = (
    "nobody who may approve is the manager of the agent's owner;"
    " choose one on the owner's page or name somebody else."
)


@pytest.fixture
def world(db: None) -> World:
    """Olivia owns the agent; Charlie is her manager."""
    made = make_world()
    with tenant_transaction(made.company.id):
        set_manager(
            actor=made.company.olivia, member=made.company.olivia, manager=made.company.charlie
        )
    return made


def of(*seats: Any, **more: Any) -> Policy:
    return parse_policy(policy(stage(*seats, **more)))


def obstacles(world: World, made: Policy) -> list[str]:
    with tenant_transaction(world.company.id):
        return [each.message for each in find_obstacles(made)]


def breaks(world: World, member: Membership, made: Policy) -> dict[str, object]:
    with tenant_transaction(world.company.id):
        return what_breaks_without(member, policy=made).to_dict()


def owned_by_alice(world: World) -> None:
    with tenant_transaction(world.company.id):
        register_agent(
            actor=world.company.olivia,
            name="buyer",
            description="",
            owner=world.company.alice,
            trust_tier="new",
            labels=[],
        )


def test_every_agents_owner_needs_a_manager_who_may_approve(world: World) -> None:
    assert obstacles(world, of(MANAGER)) == []
    owned_by_alice(world)
    assert obstacles(world, of(MANAGER)) == [
        (
            "Rule payments, category payments.transfer, agent buyer: its owner alice@acme.example"
            f" may not approve, and then: Flow payments, stage review: {NO_MANAGER}"
        )
    ]
    with tenant_transaction(world.company.id):
        set_manager(
            actor=world.company.olivia, member=world.company.alice, manager=world.company.carl
        )
    # Carl is no approver.
    assert len(obstacles(world, of(MANAGER))) == 1


def test_a_manager_fills_one_seat_only(world: World) -> None:
    (said,) = obstacles(world, of(MANAGER, "managers"))
    assert said.endswith("it still lacks 1 from Managers.")
    assert obstacles(world, of(MANAGER, "risk")) == []


def test_anybody_with_the_right_and_different_groups(world: World) -> None:
    assert obstacles(world, of(ANYONE | {"count": 3})) == []
    (said,) = obstacles(world, of(ANYONE | {"count": 3, "but": [MANAGER]}))
    assert said.endswith(
        "it still lacks 1 more with the right to approve (anyone but the manager of the agent's"
        " owner)."
    )
    groups = {"groups": ["finance", "risk"], "count": 2}
    assert obstacles(world, of(groups)) == []
    with tenant_transaction(world.company.id):
        world.category.group_permissions.filter(group=world.company.risk.group).delete()
    (said,) = obstacles(world, of(groups))
    assert said.endswith("it still lacks 1 more from another of these groups (Finance, Risk).")


def answers(world: World, made: Policy) -> dict[str, str]:
    with tenant_transaction(world.company.id):
        staff = read_staff()
        (found,) = who_may_approve(made, staff, list_asked(made, staff))
    return {each.person.name: each.sentence for each in (*found.can, *found.cannot)}


def test_who_can_approve_says_for_which_agents(world: World) -> None:
    owned_by_alice(world)
    said = answers(world, of(MANAGER))
    assert (said["Charlie"], said["Bob"]) == (
        (
            "Charlie can approve for the manager of the agent's owner, with the right of Managers;"
            " only for the agent payer, whose owner they manage."
        ),
        "Bob is none of those whom the flow names: the manager of the agent's owner.",
    )
    said = answers(world, of(ANYONE | {"but": [MANAGER, {"group": "risk"}]}))
    assert (said["Charlie"], said["Bob"], said["Alice"]) == (
        (
            "Charlie can approve for anybody with the right to approve, with the right of"
            " Managers; not for the agent payer, whose owner they manage."
        ),
        ("Bob is among those whom the flow leaves out: the manager of the agent's owner and Risk."),
        (
            "Alice can approve for anybody with the right to approve, with the right of Finance;"
            " not for the agent buyer, which they own."
        ),
    )


def test_without_the_manager_that_agents_requests_stand_still(world: World) -> None:
    owned_by_alice(world)
    with tenant_transaction(world.company.id):
        set_manager(
            actor=world.company.olivia, member=world.company.alice, manager=world.company.bob
        )
    assert breaks(world, world.company.charlie, of(MANAGER))["impossible"] == [
        "Rule payments could no longer be completed for payments.transfer when payer asks."
    ]
    assert breaks(world, world.company.carl, of(MANAGER))["impossible"] == []


def test_what_stands_still_without_somebody_of_different_groups(world: World) -> None:
    made = of({"groups": ["finance", "risk"], "count": 2})
    assert breaks(world, world.company.bob, made)["impossible"] == [
        "Rule payments could no longer be completed for payments.transfer."
    ]
    with tenant_transaction(world.company.id):
        add_to_group(
            actor=world.company.olivia, group=world.company.risk, member=world.company.charlie
        )
    assert breaks(world, world.company.bob, made)["impossible"] == []


def test_lint_names_the_only_manager(world: World) -> None:
    with tenant_transaction(world.company.id):
        said = [each.sentence for each in lint_policy(of(MANAGER))]
    assert said == [
        (
            "Rule payments, category payments.transfer: only one person can approve this, Charlie;"
            " add somebody else."
        )
    ]


def test_lint_says_when_a_manager_who_would_be_added_has_no_right(world: World) -> None:
    with tenant_transaction(world.company.id):
        world.category.group_permissions.filter(group=world.company.managers.group).delete()
        made = of(ANYONE, escalations=[{"after": "1h", "add": [MANAGER]}], deadline="2h")
        said = [each.sentence for each in lint_policy(made)]
    assert said == [
        (
            "Flow payments, stage review: after 1 hour the manager of the agent's owner would be"
            " added, but nobody there may approve payments.transfer."
        )
    ]
