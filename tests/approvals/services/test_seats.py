"""Seats of the owner's manager, of anybody with the right, of different groups, and exceptions."""

from itertools import permutations
from typing import Any

import pytest

from approvals.enums import NotificationKind, RequestStatus, StageStatus
from approvals.models import ActionRequest, Notification, RequirementStage, Vote
from approvals.selectors.approvers import standing_of
from approvals.selectors.inbox import decidable_by
from govapp.common.errors import Forbidden
from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent, Membership
from tenants.services.groups import add_to_group
from tests.approvals.standing import missing
from tests.approvals.world import World, add_approver, give_right, make_world, policy, stage

pytestmark = pytest.mark.django_db

MANAGER = {"manager": "agent_owner"}
ANYONE = {"anyone": "approver"}
TWO_GROUPS = {"groups": ["finance", "risk", "managers"], "count": 2}


def world_of(*seats: Any, **more: Any) -> World:
    return make_world(policy(stage(*seats, **more)))


def manage(world: World, person: Membership, manager: Membership | None) -> None:
    with tenant_transaction(world.company.id):
        Membership.objects.filter(pk=person.pk).update(manager=manager)


def own(world: World, owner: Membership) -> None:
    with tenant_transaction(world.company.id):
        Agent.objects.update(owner=owner)
        world.agent.refresh_from_db()


def may_vote(request: ActionRequest) -> set[str]:
    """Who may vote, by the way that looks at one request; the inbox has to say the same."""
    with tenant_transaction(request.tenant_id):
        request = ActionRequest.objects.select_related("agent").get(pk=request.pk)
        members = list(Membership.objects.select_related("user"))
        one_by_one = {each.user.name for each in members if standing_of(request, each).may_vote}
        assert {
            each.user.name for each in members if decidable_by(each).filter(pk=request.pk).exists()
        } == one_by_one
    return one_by_one


def test_the_manager_of_the_agents_owner_decides() -> None:
    world = world_of(MANAGER)
    manage(world, world.company.olivia, world.company.charlie)
    request = world.submit()
    assert (may_vote(request), missing(request)) == (
        {"Charlie"},
        ["the manager of the agent's owner"],
    )
    with pytest.raises(Forbidden, match="open seats are for others: the manager of the agent's"):
        world.vote(world.company.alice, request)
    assert world.vote(world.company.charlie, request).status == RequestStatus.APPROVED
    with tenant_transaction(world.company.id):
        right = Vote.objects.get().right
    assert (right["seats"], "manager:agent_owner" in right["keys"]) == (
        ["manager:agent_owner"],
        True,
    )


def test_whose_manager_is_looked_up_when_somebody_votes() -> None:
    world = world_of(MANAGER)
    manage(world, world.company.olivia, world.company.charlie)
    request = world.submit()
    manage(world, world.company.olivia, world.company.bob)
    assert may_vote(request) == {"Bob"}
    own(world, world.company.alice)
    manage(world, world.company.alice, world.company.charlie)
    assert may_vote(request) == {"Charlie"}


def test_a_manager_who_has_voted_keeps_the_seat_when_another_follows() -> None:
    world = world_of(MANAGER, "risk")
    manage(world, world.company.olivia, world.company.charlie)
    request = world.submit()
    world.vote(world.company.charlie, request)
    manage(world, world.company.olivia, world.company.alice)
    assert (may_vote(request), missing(request)) == ({"Alice", "Bob"}, ["1 from Risk"])


def test_without_a_manager_it_is_never_approved() -> None:
    world = world_of(MANAGER)
    request = world.submit()
    assert may_vote(request) == set()
    with tenant_transaction(world.company.id):
        alerts = Notification.objects.filter(kind=NotificationKind.ALERT)
        assert [each.member.user.name for each in alerts.select_related("member__user")] == ["Carl"]
        assert ActionRequest.objects.get().status == RequestStatus.PENDING


def test_a_manager_needs_the_right_like_everybody() -> None:
    world = world_of(MANAGER)
    with tenant_transaction(world.company.id):
        add_to_group(
            actor=world.company.olivia, group=world.company.finance, member=world.company.bob
        )
        world.category.group_permissions.all().delete()
    manage(world, world.company.olivia, world.company.bob)
    request = world.submit()
    with pytest.raises(Forbidden, match="not been given the right"):
        world.vote(world.company.bob, request)
    with tenant_transaction(world.company.id):
        give_right(world.category, world.company.bob)
    assert may_vote(request) == {"Bob"}


def test_anybody_with_the_right_may_decide() -> None:
    world = world_of(ANYONE | {"count": 2})
    with tenant_transaction(world.company.id):
        managers = world.company.managers.group
        world.category.group_permissions.filter(group=managers).delete()
    request = world.submit()
    assert may_vote(request) == {"Alice", "Bob"}
    world.vote(world.company.bob, request)
    assert missing(request) == ["1 more with the right to approve"]
    assert world.vote(world.company.alice, request).status == RequestStatus.APPROVED


@pytest.mark.parametrize(
    ("but", "able"),
    [
        ([{"group": "finance"}], {"Bob", "Charlie"}),
        ([{"person": "BOB@acme.example"}], {"Alice", "Charlie"}),
        ([MANAGER, {"group": "risk"}], {"Alice"}),
        ([{"role": "approver"}], set()),
    ],
)
def test_anyone_but(but: list[Any], able: set[str]) -> None:
    world = world_of(ANYONE | {"but": but})
    manage(world, world.company.olivia, world.company.charlie)

    assert may_vote(world.submit()) == able


def test_whom_a_seat_leaves_out_does_not_come_in_by_escalation() -> None:
    world = world_of(
        {"group": "finance", "but": [{"group": "risk"}]},
        {"group": "managers"},
    )
    request = world.submit()
    with tenant_transaction(world.company.id):
        RequirementStage.objects.update(added=[{"kind": "group", "ref": "risk", "count": 1}])
    assert may_vote(request) == {"Alice", "Bob", "Charlie"}
    world.vote(world.company.charlie, request)
    # Bob could have had the seat of the managers only; the other one leaves him out.
    world.vote(world.company.bob, request)
    assert missing(request) == ["1 from Finance (anyone but Risk)"]


def test_two_from_one_group_are_not_two_groups() -> None:
    world = world_of(TWO_GROUPS)
    (dora,) = world.approvers_named(world.company.finance, "dora")
    request = world.submit()
    for member in (world.company.alice, dora):
        assert world.vote(member, request).is_pending
    assert missing(request) == ["1 more from another of these groups (Finance, Managers, Risk)"]
    assert world.vote(world.company.bob, request).status == RequestStatus.APPROVED


def test_the_order_in_which_groups_answer_never_matters() -> None:
    """Eve is in two groups: whoever comes first, she stands for the one that is left."""
    world = world_of({"groups": ["finance", "risk"], "count": 2})
    with tenant_transaction(world.company.id):
        eve = add_approver(world.company, world.company.finance, "eve")
        add_to_group(actor=world.company.olivia, group=world.company.risk, member=eve)
    for voters in permutations([world.company.alice, eve]):
        request = world.submit()
        assert world.vote(voters[0], request).is_pending
        assert world.vote(voters[1], request).status == RequestStatus.APPROVED


def test_whoever_was_added_stands_for_a_group() -> None:
    world = world_of({"groups": ["finance", "risk"], "count": 2})
    request = world.submit()
    with tenant_transaction(world.company.id):
        RequirementStage.objects.update(added=[{"kind": "group", "ref": "managers", "count": 1}])
    assert may_vote(request) == {"Alice", "Bob", "Charlie"}
    world.vote(world.company.charlie, request)
    assert world.vote(world.company.alice, request).status == RequestStatus.APPROVED


def test_an_early_vote_fills_a_later_stage_where_it_fits() -> None:
    """Both voted for another rule's stage; the first stage here takes whom the second can spare."""
    two_steps = [stage("finance", name="a"), stage("risk", name="b")]
    world = make_world(policy(steps=two_steps, wide=[stage(("finance", 2), "risk")]))
    with tenant_transaction(world.company.id):
        eve = add_approver(world.company, world.company.finance, "eve")
        add_to_group(actor=world.company.olivia, group=world.company.risk, member=eve)
    request = world.submit()
    world.vote(eve, request)
    world.vote(world.company.bob, request)
    with tenant_transaction(world.company.id):
        rows = RequirementStage.objects.filter(requirement__rule_id="steps").order_by("position")
        # Eve sits in Finance, and Bob's vote fills Risk the moment that its stage opens.
        assert [each.status for each in rows] == [StageStatus.SATISFIED, StageStatus.SATISFIED]
    assert world.vote(world.company.alice, request).status == RequestStatus.APPROVED


def test_the_owners_manager_and_whoever_has_the_right_can_be_told() -> None:
    document = policy(stage("finance"))
    document["rules"][0]["obligations"] = {"notify": [MANAGER]}
    world = make_world(document)
    manage(world, world.company.olivia, world.company.audrey)

    def told(request: ActionRequest) -> list[str]:
        with tenant_transaction(world.company.id):
            rows = Notification.objects.filter(kind=NotificationKind.INFORMED, request=request)
            return sorted(rows.values_list("member__user__name", flat=True))

    assert told(world.submit()) == ["Audrey"]
    document["rules"][0]["obligations"] = {"notify": [ANYONE]}
    world.publish(document)
    assert told(world.submit()) == ["Alice", "Bob", "Charlie"]
