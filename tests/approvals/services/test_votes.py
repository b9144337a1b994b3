"""How votes count, and how they end a request (domain page, section 5)."""

from datetime import timedelta

import pytest

from approvals.enums import RequestStatus, Verdict
from approvals.models import RequirementStage, Vote
from govapp.common.errors import Conflict, Forbidden, Invalid, Stale
from govapp.common.tenancy import tenant_transaction
from tenants.services.groups import add_to_group
from tests.approvals.standing import fresh, missing, recorded
from tests.approvals.world import (
    FOUR_EYES,
    HOUR,
    World,
    add_approver,
    make_world,
    policy,
    stage,
)
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world(FOUR_EYES)


def test_a_request_is_approved_when_every_seat_is_filled(world: World) -> None:
    request = world.submit()
    assert world.vote(world.company.alice, request).status == RequestStatus.PENDING
    assert missing(request) == ["1 from Risk"]
    decided = world.vote(world.company.bob, request)
    assert decided.status == RequestStatus.APPROVED
    assert decided.decided_by_name == "Bob"
    assert (fresh(request).status, fresh(request).version) == (RequestStatus.APPROVED, 2)
    assert missing(request) == [""]
    assert recorded(request) == [
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
    assert recorded(request)[-1] == "vote.refused"


def test_a_vote_is_bound_to_the_payload_that_was_seen(world: World) -> None:
    request = world.submit()
    with pytest.raises(Stale, match="changed while you were reading"):
        world.vote(world.company.alice, request, payload_digest="sha256:" + "0" * 64)
    with pytest.raises(Stale):
        world.vote(world.company.alice, request, request_version=2)
    with tenant_transaction(world.company.id):
        assert not Vote.objects.exists()


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
