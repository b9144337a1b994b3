"""Who can approve, who cannot, and what stands still without somebody."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.models import CategoryGroupPermission
from approvals.policies import Policy, parse_policy
from approvals.selectors.absence import what_breaks_without
from approvals.selectors.staff import Staff, read_staff
from approvals.selectors.who import Approvers, list_asked, rights_of, who_may_approve
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tenants.services.agents import register_agent
from tenants.services.groups import add_to_group
from tenants.services.people import suspend_member
from tests.approvals.world import FOUR_EYES, World, make_world, policy, stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    return make_world(FOUR_EYES)


def look(world: World) -> tuple[Policy, Staff]:
    with tenant_transaction(world.company.id):
        return parse_policy(FOUR_EYES), read_staff()


def asked(world: World, **chosen: str) -> list[Approvers]:
    policy, staff = look(world)
    return who_may_approve(policy, staff, list_asked(policy, staff, **chosen))


def test_who_can_and_who_cannot_each_with_a_sentence(world: World) -> None:
    company = world.company
    (dave,) = world.approvers_named(company.finance, "dave")
    with tenant_transaction(company.id):
        suspend_member(actor=company.olivia, member=dave)
        add_to_group(actor=company.olivia, group=company.finance, member=company.carl)
        CategoryGroupPermission.objects.filter(group=company.risk.group).delete()
    (found,) = asked(world, rule_id="payments")
    assert (found.category, found.is_possible) == ("payments.transfer", False)
    assert [answer.sentence for answer in found.can] == [
        "Alice can approve for Finance, with the right of Finance."
    ]
    assert [answer.sentence for answer in found.cannot] == [
        "Audrey does not have the role approver.",
        "Bob has not been given the right to approve payments.transfer.",
        "Carl does not have the role approver.",
        "Charlie is none of those whom the flow names: Finance and Risk.",
        "Dave is suspended.",
        "Olivia does not have the role approver.",
    ]


def test_the_agents_owner_cannot(world: World) -> None:
    with tenant_transaction(world.company.id):
        world.agent.owner = world.company.alice
        world.agent.save()
    (found,) = asked(world, category="payments.transfer")
    said = {answer.person.name: answer.sentence for answer in found.cannot}
    assert said["Alice"] == "Alice owns every agent that this rule can meet: payer."
    assert found.to_dict()["can_be_completed"] is False


def test_what_one_person_can_approve(world: World) -> None:
    made, staff = look(world)
    company = world.company
    rows = [rights_of(made, staff, staff.people[one.pk]) for one in (company.alice, company.carl)]
    assert [each.rows for each in rows] == [(("payments.transfer", ("payments",)),), ()]
    assert rows[1].shut_out == "Carl does not have the role approver."


def breaks(world: World, member: Membership, **more: Any) -> dict[str, object]:
    with tenant_transaction(world.company.id):
        return what_breaks_without(member, **more).to_dict()


IMPOSSIBLE = "Rule payments could no longer be completed for payments.transfer."


def test_what_breaks_without_the_only_one(world: World) -> None:
    request = world.submit()
    assert breaks(world, world.company.alice) == {
        "impossible": [IMPOSSIBLE],
        "without_margin": [],
        "stuck_requests": [{"id": request.public_id, "summary": "Pay Acme Ltd"}],
    }
    with tenant_transaction(world.company.id):
        assert what_breaks_without(world.company.alice).sentences == (
            IMPOSSIBLE,
            "1 request that waits could no longer be approved.",
        )
    assert breaks(world, world.company.charlie) == {
        "impossible": [], "without_margin": [], "stuck_requests": [],
    }  # fmt: skip


def test_whoever_has_voted_leaves_the_vote_behind(world: World) -> None:
    world.vote(world.company.alice, world.submit())
    assert breaks(world, world.company.alice)["stuck_requests"] == []


def test_leaving_a_group_is_not_leaving(world: World) -> None:
    company = world.company
    assert breaks(world, company.alice, group="finance")["impossible"] == [IMPOSSIBLE]
    assert breaks(world, company.alice, group="risk")["impossible"] == []
    world.approvers_named(company.finance, "dave")
    assert breaks(world, company.alice, group="finance")["impossible"] == []


def test_without_one_of_two_only_the_others_agents_stand_still(world: World) -> None:
    company = world.company
    (dave,) = world.approvers_named(company.finance, "dave")
    with tenant_transaction(company.id):
        register_agent(actor=company.olivia, name="refunder", description="Refunds", owner=dave)
    assert breaks(world, company.alice)["impossible"] == [
        "Rule payments could no longer be completed for payments.transfer when refunder asks."
    ]
    assert breaks(world, dave)["impossible"] == []


def test_losing_the_margin(world: World) -> None:
    world.approvers_named(world.company.finance, "dave")
    made = parse_policy(policy(stage("finance")))
    assert breaks(world, world.company.alice, policy=made) == {
        "impossible": [],
        "without_margin": [
            "Rule payments would have no margin left for payments.transfer."
        ],
        "stuck_requests": [],
    }  # fmt: skip


def test_statements_do_not_grow_with_what_is_pending(world: World) -> None:
    def count() -> int:
        with tenant_transaction(world.company.id), CaptureQueriesContext(connection) as seen:
            what_breaks_without(world.company.alice)
        return len(seen)

    world.submit()
    one = count()
    world.submit(), world.submit()
    assert (one, count()) == (12, 12)
