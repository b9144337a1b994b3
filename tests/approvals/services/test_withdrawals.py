"""Taking one's own approval back while the request waits."""

import pytest

from approvals.enums import RequestStatus, Verdict, VoidedBecause
from approvals.models import ActionRequest, Vote
from approvals.selectors.approvers import standing_of
from approvals.selectors.board import load_board
from approvals.selectors.inbox import decidable_by
from approvals.services.execution import revoke_grant
from approvals.services.votes import withdraw_vote
from approvals.services.withdrawals import COMPLETED
from audit.models import LedgerEvent
from govapp.common.errors import Conflict, Forbidden, Invalid, NotFound
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tests.approvals.world import FOUR_EYES, World, make_world, policy, stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world(FOUR_EYES)


def withdraw(
    world: World, member: Membership, request: ActionRequest, reason: str = ""
) -> ActionRequest:
    with tenant_transaction(world.company.id):
        return withdraw_vote(member=member, request_id=request.pk, reason=reason)


def last_event(world: World) -> str:
    with tenant_transaction(world.company.id):
        return LedgerEvent.objects.latest("pk").type


def test_an_approval_that_is_taken_back_counts_no_more_and_stays_as_a_record(world: World) -> None:
    request, alice = world.submit(), world.company.alice
    world.vote(alice, request)
    withdraw(world, alice, request, "Wrong invoice")
    with tenant_transaction(world.company.id):
        vote = Vote.objects.get()
        assert (vote.voided_because, vote.voided_at is None) == (VoidedBecause.WITHDRAWN, False)
        assert load_board(request).votes == []
        assert standing_of(request, alice).may_vote
        assert list(decidable_by(alice)) == [request]
    assert last_event(world) == "vote.withdrawn"
    assert world.vote(world.company.bob, request).status == RequestStatus.PENDING


def test_whoever_took_it_back_may_decide_again(world: World) -> None:
    request, alice = world.submit(), world.company.alice
    world.vote(alice, request)
    withdraw(world, alice, request)
    assert world.vote(alice, request, Verdict.DENY).status == RequestStatus.DENIED
    with tenant_transaction(world.company.id):
        assert Vote.objects.filter(member=alice).count() == 2


def test_what_completed_a_stage_is_not_taken_back() -> None:
    world = make_world(policy(stage("finance", name="first"), stage("risk", name="then")))
    request, alice = world.submit(), world.company.alice
    world.vote(alice, request)
    with pytest.raises(Conflict, match=COMPLETED):
        withdraw(world, alice, request)
    assert world.vote(world.company.bob, request).status == RequestStatus.APPROVED


def test_what_completed_one_of_several_requirements_is_not_taken_back() -> None:
    world = make_world(policy(large=[stage("finance")], foreign=[stage("finance", "risk")]))
    request = world.submit()
    world.vote(world.company.alice, request)
    with pytest.raises(Conflict, match=COMPLETED):
        withdraw(world, world.company.alice, request)


def test_after_the_end_it_is_too_late(world: World) -> None:
    request = world.submit()
    world.vote(world.company.alice, request)
    world.vote(world.company.bob, request)
    with pytest.raises(Conflict, match="has been approved by Bob"):
        withdraw(world, world.company.alice, request)


def test_nobody_takes_back_what_is_not_theirs(world: World) -> None:
    request = world.submit()
    world.vote(world.company.alice, request)
    for member in (world.company.bob, world.company.carl, world.company.olivia):
        with pytest.raises(NotFound):
            withdraw(world, member, request)
    withdraw(world, world.company.alice, request)
    with pytest.raises(NotFound):
        withdraw(world, world.company.alice, request)


def test_a_reason_has_its_limits(world: World) -> None:
    request = world.submit()
    world.vote(world.company.alice, request)
    for reason in ("x" * 2_001, "a\0b"):
        with pytest.raises(Invalid):
            withdraw(world, world.company.alice, request, reason)


def test_who_took_it_back_does_not_withdraw_the_permission(world: World) -> None:
    request, alice = world.submit(), world.company.alice
    world.vote(alice, request)
    withdraw(world, alice, request)
    (dora,) = world.approvers_named(world.company.finance, "dora")
    world.vote(dora, request)
    world.vote(world.company.bob, request)
    with tenant_transaction(world.company.id), pytest.raises(Forbidden):
        revoke_grant(actor=alice, request_id=request.pk, reason="No")
