"""Who may vote, and who may not whatever groups they are in (domain page, section 5)."""

from typing import Any

import pytest
from django.db import IntegrityError

from approvals.enums import RequestStatus, Verdict
from approvals.models import ActionRequest, Vote
from approvals.selectors.approvers import standing_of
from approvals.selectors.inbox import decidable_by
from govapp.common.errors import Forbidden, NotFound
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tenants.enums import MemberStatus, Role
from tenants.models import Agent, GroupMember, Membership
from tests.approvals.standing import fresh, missing
from tests.approvals.world import (
    FOUR_EYES,
    World,
    add_approver,
    give_right,
    make_world,
    policy,
    stage,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world(FOUR_EYES)


def test_the_agents_owner_never_votes_where_duties_are_separated(world: World) -> None:
    with tenant_transaction(world.company.id):
        Agent.objects.update(owner=world.company.alice)
        world.agent.refresh_from_db()
    request = world.submit()
    with pytest.raises(Forbidden, match="separates those duties"):
        world.vote(world.company.alice, request)
    assert fresh(request).is_pending


def give_agent(world: World, to: Membership) -> None:
    with tenant_transaction(world.company.id):
        Agent.objects.update(owner=to)
        world.agent.refresh_from_db()


def test_giving_the_agent_away_does_not_let_its_owner_vote(world: World) -> None:
    give_agent(world, world.company.alice)
    (dora,) = world.approvers(world.company.finance, 1)
    request = world.submit()
    give_agent(world, dora)
    for owner in (world.company.alice, dora):
        with pytest.raises(Forbidden, match="separates those duties"):
            world.vote(owner, request)
    with tenant_transaction(world.company.id):
        people = Membership.objects.select_related("user").order_by("user__name")
        able = [each for each in people if standing_of(request, each).may_vote]
        assert able == [world.company.bob]
        counts = [decidable_by(each).count() for each in (world.company.alice, dora)]
        assert (counts, decidable_by(world.company.bob).count()) == ([0, 0], 1)


def test_who_owned_the_agent_at_submission_is_written_once(world: World) -> None:
    request = world.submit()
    assert request.owner_at_submission_id == world.agent.owner_id
    with tenant_transaction(world.company.id), pytest.raises(IntegrityError, match="written once"):
        ActionRequest.objects.update(owner_at_submission=world.company.alice)


@pytest.mark.parametrize("said", [{"reason": "better"}, {"sources": ["better"]}])
def test_what_the_agent_said_is_written_once(world: World, said: dict[str, Any]) -> None:
    world.submit()
    with tenant_transaction(world.company.id), pytest.raises(IntegrityError, match="written once"):
        ActionRequest.objects.update(**said)


def test_of_an_older_request_the_present_owner_is_kept_out(world: World) -> None:
    give_agent(world, world.company.alice)
    request = world.submit()
    with tenant_transaction(world.company.id):
        requirement = request.requirements.get()
        opened = requirement.stages.get()
        request.pk, request.owner_at_submission = new_id(), None
        request.save(force_insert=True)
        requirement.pk, requirement.request = new_id(), request
        requirement.save(force_insert=True)
        opened.pk, opened.request, opened.requirement = new_id(), request, requirement
        opened.save(force_insert=True)
        people = (world.company.alice, world.company.bob)
        listed = [decidable_by(each).filter(pk=request.pk).count() for each in people]
        assert listed == [0, 1]
        assert [standing_of(request, each).may_vote for each in people] == [False, True]


def test_nor_does_the_person_on_whose_behalf_it_acts(world: World) -> None:
    request = world.submit(on_behalf_of="ALICE@acme.example")
    with pytest.raises(Forbidden, match="separates those duties"):
        world.vote(world.company.alice, request)


def test_the_owner_counts_only_where_duties_are_not_separated() -> None:
    document = policy(a=[stage("finance")], b=[stage("finance")])
    document["rules"][0]["separation_of_duties"] = False
    world = make_world(document)
    with tenant_transaction(world.company.id):
        Agent.objects.update(owner=world.company.alice)
        world.agent.refresh_from_db()
    (dora,) = world.approvers(world.company.finance, 1)
    request = world.submit()
    assert world.vote(world.company.alice, request).status == RequestStatus.PENDING
    assert missing(request) == ["", "1 from Finance"]
    assert world.vote(dora, request).status == RequestStatus.APPROVED


def test_a_right_on_the_category_is_needed(world: World) -> None:
    with tenant_transaction(world.company.id):
        world.category.group_permissions.filter(group=world.company.finance.group).delete()
    request = world.submit()
    with pytest.raises(Forbidden, match="not been given the right"):
        world.vote(world.company.alice, request)
    with tenant_transaction(world.company.id):
        give_right(world.category, world.company.alice)
    assert world.vote(world.company.alice, request).is_pending


def test_a_superuser_and_a_global_permission_give_no_right(world: World) -> None:
    from django.contrib.auth.models import Permission

    user = world.company.alice.user
    with tenant_transaction(world.company.id):
        world.category.group_permissions.all().delete()
        user.user_permissions.add(Permission.objects.get(codename="approve_actioncategory"))
        user.is_superuser = True
        user.save()
    request = world.submit()
    with pytest.raises(Forbidden, match="not been given the right"):
        world.vote(world.company.alice, request)


def test_a_member_without_the_approver_role_cannot_vote(world: World) -> None:
    with tenant_transaction(world.company.id):
        Membership.objects.filter(pk=world.company.alice.pk).update(roles=[Role.AUDITOR])
    with pytest.raises(Forbidden, match="not an active approver"):
        world.vote(world.company.alice, world.submit())


def test_a_suspended_member_cannot_vote_although_the_caller_thinks_so(world: World) -> None:
    request = world.submit()
    with tenant_transaction(world.company.id):
        Membership.objects.filter(pk=world.company.alice.pk).update(status=MemberStatus.SUSPENDED)
    assert world.company.alice.is_active  # what the caller read before
    with pytest.raises(Forbidden, match="not an active approver"):
        world.vote(world.company.alice, request)


def test_a_person_without_a_seat_cannot_even_deny(world: World) -> None:
    request = world.submit()
    with pytest.raises(Forbidden, match="1 from Finance, 1 from Risk"):
        world.vote(world.company.charlie, request, Verdict.DENY, reason="no")
    assert fresh(request).is_pending


def test_people_are_looked_at_live(world: World) -> None:
    request = world.submit()
    with tenant_transaction(world.company.id):
        GroupMember.objects.filter(membership=world.company.alice).delete()
        dora = add_approver(world.company, world.company.finance, "dora")
    with pytest.raises(Forbidden):
        world.vote(world.company.alice, request)
    assert world.vote(dora, request).is_pending


def test_whoever_leaves_keeps_the_vote_that_was_cast(world: World) -> None:
    request = world.submit()
    world.vote(world.company.alice, request)
    with tenant_transaction(world.company.id):
        GroupMember.objects.filter(membership=world.company.alice).delete()
        Membership.objects.filter(pk=world.company.alice.pk).update(status=MemberStatus.LEFT)
    assert world.vote(world.company.bob, request).status == RequestStatus.APPROVED


def test_the_right_that_justified_a_vote_is_stored_with_it(world: World) -> None:
    world.vote(world.company.alice, world.submit())
    with tenant_transaction(world.company.id):
        right = Vote.objects.get().right
    assert right == {
        "right": "group:finance",
        "rights": ["group:finance"],
        "seats": ["group:finance"],
        "keys": [
            "anyone:approver",
            "group:finance",
            "person:alice@acme.example",
            "role:approver",
        ],
        "is_agents_side": False,
    }


def test_another_tenants_request_is_not_there(world: World) -> None:
    other = make_world(FOUR_EYES, slug="other")
    request = other.submit()
    with pytest.raises(NotFound):
        world.vote(world.company.alice, request)


def test_standing_says_the_same_as_the_vote_would(world: World) -> None:
    request = world.submit()
    company = world.company
    with tenant_transaction(company.id):
        assert standing_of(request, company.alice).may_vote
        assert standing_of(request, company.alice).seat_keys == {"group:finance"}
        assert "seats are for others" in standing_of(request, company.charlie).why
        assert "not an active approver" in standing_of(request, company.audrey).why
    world.vote(company.alice, request)
    with tenant_transaction(company.id):
        assert "already voted" in standing_of(request, company.alice).why
        assert standing_of(request, company.bob).may_vote
