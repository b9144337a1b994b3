"""Approving without looking, and approving without end: neither, where the tenant says so."""

from typing import Any

import pytest

from approvals.enums import Risk, Verdict, VoteChannel
from approvals.models import ActionCategory, Vote
from govapp.common.errors import Conflict
from govapp.common.tenancy import tenant_transaction
from tenants.services.tenants import update_settings
from tests.approvals.emergencies import approve_alone, may_act_alone
from tests.approvals.world import HOUR, MINUTE, World, make_world, policy, stage
from tests.conftest import MoveClock
from tests.support.authenticator import App

pytestmark = pytest.mark.django_db


def strict(risk: Risk = Risk.HIGH, **settings: Any) -> World:
    world = make_world(policy(stage("finance", deadline="4h")))
    with tenant_transaction(world.company.id):
        ActionCategory.objects.update(risk=risk)
        update_settings(actor=world.company.olivia, tenant=world.company.tenant, **settings)
    return world


@pytest.mark.parametrize("risk", [Risk.HIGH, Risk.CRITICAL])
@pytest.mark.parametrize("channel", [VoteChannel.PAGE, VoteChannel.INBOX, VoteChannel.LINK])
def test_high_risk_is_looked_at_before_it_is_approved(risk: Risk, channel: VoteChannel) -> None:
    world = strict(risk, reading_seconds=10)
    request = world.submit()
    for seconds in (None, 0, 9):
        with pytest.raises(Conflict, match="Look at it for 10 seconds") as refused:
            world.vote(world.company.alice, request, seconds_viewed=seconds, channel=channel)
        assert refused.value.code == "read_first"
    decided = world.vote(world.company.alice, request, seconds_viewed=10, channel=channel)
    assert decided.status == "approved"


@pytest.mark.parametrize("risk", [Risk.LOW, Risk.MEDIUM])
def test_less_risk_is_not_waited_for(risk: Risk) -> None:
    world = strict(risk, reading_seconds=10)
    assert world.vote(world.company.alice, world.submit(), seconds_viewed=0).status == "approved"


@pytest.mark.parametrize("verdict", [Verdict.DENY, Verdict.RETURN])
def test_saying_no_is_never_held_up(verdict: Verdict) -> None:
    world = strict(reading_seconds=10, approvals_per_hour=1)
    world.vote(world.company.alice, world.submit(), seconds_viewed=20)
    ended = world.vote(world.company.alice, world.submit(), verdict, seconds_viewed=0)
    assert not ended.is_pending


def test_one_person_gives_so_many_approvals_in_an_hour(move_clock: MoveClock) -> None:
    world = strict(approvals_per_hour=2)
    alice = world.company.alice
    for _ in range(2):
        world.vote(alice, world.submit())
    request = world.submit()
    with pytest.raises(Conflict, match="given 2 approvals in the last hour") as refused:
        world.vote(alice, request)
    assert refused.value.code == "too_many_approvals"
    (other,) = world.approvers_named(world.company.finance, "Ann")
    assert world.vote(other, request).status == "approved"
    request = world.submit()
    move_clock(HOUR - MINUTE)
    with pytest.raises(Conflict):
        world.vote(alice, request)
    move_clock(HOUR + MINUTE)
    assert world.vote(alice, request).status == "approved"


def test_an_emergency_is_not_held_up(move_clock: MoveClock) -> None:
    world = strict(reading_seconds=600, approvals_per_hour=1)
    alice = world.company.alice
    may_act_alone(world, alice)
    world.vote(alice, world.submit(), seconds_viewed=600)
    decided = approve_alone(world, alice, world.submit(), App(alice), seconds_viewed=0)
    assert decided.status == "approved"
    with tenant_transaction(world.company.id):
        assert Vote.objects.filter(is_break_glass=True).count() == 1
