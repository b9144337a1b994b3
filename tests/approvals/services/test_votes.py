"""Who may vote, and how votes count (domain page, section 5)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError

from approvals.enums import RequestStatus, Verdict
from approvals.models import ActionRequest, RequirementStage, Vote
from approvals.selectors.approvers import candidates_for, missing_for, standing_of
from approvals.selectors.inbox import decidable_by
from audit.models import LedgerEvent
from govapp.common.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tenants.enums import MemberStatus, Role
from tenants.models import Agent, GroupMember, Membership
from tenants.services.groups import add_to_group
from tests.approvals.world import (
    FOUR_EYES,
    HOUR,
    World,
    add_approver,
    give_right,
    make_world,
    policy,
    stage,
)
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world(FOUR_EYES)


def fresh(request: ActionRequest) -> ActionRequest:
    with tenant_transaction(request.tenant_id):
        return ActionRequest.objects.get(pk=request.pk)


def events(request: ActionRequest) -> list[str]:
    with tenant_transaction(request.tenant_id):
        found = LedgerEvent.objects.filter(request_id=request.pk).order_by("pk")
        return list(found.values_list("type", flat=True))


def missing(request: ActionRequest) -> list[str]:
    with tenant_transaction(request.tenant_id):
        return [missing_for(each) for each in request.requirements.order_by("rule_id")]


def test_a_request_is_approved_when_every_seat_is_filled(world: World) -> None:
    request = world.submit()
    assert world.vote(world.company.alice, request).status == RequestStatus.PENDING
    assert missing(request) == ["1 from Risk"]
    decided = world.vote(world.company.bob, request)
    assert decided.status == RequestStatus.APPROVED
    assert decided.decided_by_name == "Bob"
    assert (fresh(request).status, fresh(request).version) == (RequestStatus.APPROVED, 2)
    assert missing(request) == [""]
    assert events(request) == [
        "action_request.submitted",
        "stage.opened",
        "vote.cast",
        "vote.cast",
        "stage.satisfied",
        "action_request.approved",
    ]


def test_a_vote_moves_no_version(world: World) -> None:
    request = world.submit()
    assert world.vote(world.company.alice, request).version == request.version == 1


def test_the_order_of_votes_does_not_matter() -> None:
    # Alice sits in both groups; whoever votes first, she ends up where she is needed.
    for order in (("alice", "dora"), ("dora", "alice")):
        world = make_world(FOUR_EYES, slug=f"acme-{order[0]}")
        with tenant_transaction(world.company.id):
            add_to_group(
                actor=world.company.olivia, group=world.company.risk, member=world.company.alice
            )
            dora = add_approver(world.company, world.company.finance, "dora")
        people = {"alice": world.company.alice, "dora": dora}
        request = world.submit()
        for name in order:
            request = world.vote(people[name], request)
        assert request.status == RequestStatus.APPROVED


def test_one_person_fills_one_seat_whatever_groups_they_are_in(world: World) -> None:
    with tenant_transaction(world.company.id):
        add_to_group(
            actor=world.company.olivia, group=world.company.risk, member=world.company.alice
        )
    request = world.submit()
    assert world.vote(world.company.alice, request).status == RequestStatus.PENDING
    assert missing(request) == ["1 from Risk"]


def test_one_vote_counts_once_in_every_requirement_that_it_fits() -> None:
    world = make_world(policy(large=[stage("finance")], foreign=[stage("finance", "risk")]))
    request = world.submit()
    world.vote(world.company.alice, request)
    assert missing(request) == ["1 from Risk", ""]
    assert world.vote(world.company.bob, request).status == RequestStatus.APPROVED


def test_every_requirement_must_be_satisfied() -> None:
    world = make_world(policy(a=[stage("finance")], b=[stage("managers")]))
    request = world.submit()
    assert world.vote(world.company.alice, request).status == RequestStatus.PENDING
    assert world.vote(world.company.charlie, request).status == RequestStatus.APPROVED


def test_two_votes_of_a_group_come_from_two_people() -> None:
    world = make_world(policy(stage(("finance", 2))))
    (dora,) = world.approvers(world.company.finance, 1)
    request = world.submit()
    world.vote(world.company.alice, request)
    with pytest.raises(Conflict, match="already voted"):
        world.vote(world.company.alice, request)
    assert missing(request) == ["1 more from Finance"]
    assert world.vote(dora, request).status == RequestStatus.APPROVED


def test_one_eligible_denial_ends_the_request(world: World) -> None:
    request = world.submit()
    world.vote(world.company.alice, request)
    decided = world.vote(world.company.bob, request, Verdict.DENY, reason="Unknown account")
    assert decided.status == RequestStatus.DENIED
    assert decided.decision_reason == "Unknown account"


def test_sending_back_ends_it_with_the_remark(world: World) -> None:
    request = world.submit()
    decided = world.vote(world.company.bob, request, Verdict.RETURN, reason="Add the invoice")
    assert (decided.status, decided.decision_reason) == ("returned", "Add the invoice")
    following = world.submit(supersedes=request.pk)
    assert following.supersedes_id == request.pk


@pytest.mark.parametrize("verdict", [Verdict.DENY, Verdict.RETURN])
def test_a_denial_and_a_return_need_a_reason(world: World, verdict: Verdict) -> None:
    request = world.submit()
    with pytest.raises(Invalid) as caught:
        world.vote(world.company.alice, request, verdict, reason="  ")
    assert [error.pointer for error in caught.value.errors] == ["/reason"]
    assert fresh(request).is_pending


def test_a_vote_on_a_finished_request_is_told_how_it_ended(world: World) -> None:
    request = world.submit()
    world.vote(world.company.alice, request, Verdict.DENY, reason="no")
    with pytest.raises(Conflict, match="has been denied by Alice on 20"):
        world.vote(world.company.bob, request)
    assert events(request)[-1] == "vote.refused"


def test_a_vote_is_bound_to_the_payload_that_was_seen(world: World) -> None:
    request = world.submit()
    with pytest.raises(Stale, match="changed while you were reading"):
        world.vote(world.company.alice, request, payload_digest="sha256:" + "0" * 64)
    with pytest.raises(Stale):
        world.vote(world.company.alice, request, request_version=2)
    with tenant_transaction(world.company.id):
        assert not Vote.objects.exists()


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
        able = [each.member for each in candidates_for(request) if not each.excluded_because]
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


def test_a_vote_at_the_deadline_is_refused_although_no_sweeper_ran(
    world: World, move_clock: MoveClock
) -> None:
    request = world.submit()
    move_clock(4 * HOUR)
    with pytest.raises(Conflict, match="time to decide ended") as caught:
        world.vote(world.company.alice, request)
    assert caught.value.code == "deadline_passed"
    assert fresh(request).status == RequestStatus.PENDING


def test_a_vote_just_before_the_deadline_counts(world: World, move_clock: MoveClock) -> None:
    request = world.submit()
    move_clock(4 * HOUR - timedelta(minutes=2))
    world.vote(world.company.alice, request)
    assert world.vote(world.company.bob, request).status == RequestStatus.APPROVED


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
        listed = [
            (each.member.user.name, each.excluded_because) for each in candidates_for(request)
        ]
    assert listed == [("Alice", "You have already voted on this request."), ("Bob", "")]


def test_stages_open_in_order_and_a_later_one_cannot_be_voted_on_before() -> None:
    world = make_world(policy(stage("finance", name="first"), stage("risk", name="second")))
    request = world.submit()
    with pytest.raises(Forbidden):
        world.vote(world.company.bob, request)
    world.vote(world.company.alice, request)
    with tenant_transaction(world.company.id):
        stages = RequirementStage.objects.order_by("position")
        assert [each.status for each in stages] == ["satisfied", "open"]
    assert world.vote(world.company.bob, request).status == RequestStatus.APPROVED


def test_a_vote_cast_earlier_counts_for_a_stage_that_opens_later() -> None:
    # Bob votes for the one rule; when the other reaches his group, he cannot vote again.
    world = make_world(
        policy(a=[stage("finance", name="one"), stage("risk", name="two")], b=[stage("risk")])
    )
    request = world.submit()
    world.vote(world.company.bob, request)
    assert world.vote(world.company.alice, request).status == RequestStatus.APPROVED


def test_whoever_filled_a_seat_in_one_stage_fills_none_in_the_next() -> None:
    world = make_world(policy(stage("finance", name="one"), stage("finance", name="two")))
    (dora,) = world.approvers(world.company.finance, 1)
    request = world.submit()
    assert world.vote(world.company.alice, request).is_pending
    assert missing(request) == ["1 from Finance"]
    assert world.vote(dora, request).status == RequestStatus.APPROVED
