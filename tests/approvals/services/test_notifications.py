"""Who is told what, once."""

from datetime import timedelta
from typing import Any

import pytest

from approvals.enums import Verdict
from approvals.models import Notification
from approvals.services.notifications import alert_compliance, notify_stage_opened
from approvals.services.timers import sweep
from govapp.common.tenancy import tenant_transaction
from tenants.services.people import suspend_member
from tests.approvals.world import World, make_world, policy, stage
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db


def told(world: World, kind: str) -> list[tuple[str, Any]]:
    """Each message of a kind: to whom, and with which content."""
    with tenant_transaction(world.company.id):
        rows = Notification.objects.filter(kind=kind).select_related("member__user")
        return sorted((str(row.member), row.content.get("is_new")) for row in rows)


def test_two_rules_at_once_ask_each_person_once() -> None:
    world = make_world(policy(one=[stage("finance")], two=[stage("finance", "risk")]))
    world.submit()
    assert told(world, "requested") == [("Alice", None), ("Bob", None)]


def test_the_next_stage_asks_its_own_people() -> None:
    world = make_world(policy(stage("finance", name="first"), stage("risk", name="second")))
    request = world.submit()
    assert told(world, "requested") == [("Alice", None)]
    world.vote(world.company.alice, request)
    assert told(world, "requested") == [("Alice", None), ("Bob", None)]


def test_announcing_twice_changes_nothing() -> None:
    world = make_world(policy(stage("finance")))
    request = world.submit()
    with tenant_transaction(world.company.id):
        for opened in request.stages.all():
            notify_stage_opened(stage=opened)
    assert told(world, "requested") == [("Alice", None)]


def test_a_reminder_goes_to_those_who_have_not_voted(move_clock: MoveClock) -> None:
    world = make_world(policy(stage("finance", "risk", reminders=["1h"])))
    request = world.submit()
    world.vote(world.company.alice, request)
    move_clock(timedelta(hours=1, seconds=1))
    sweep()
    sweep()
    assert told(world, "reminder") == [("Bob", None)]


def test_an_escalation_asks_the_new_people_and_tells_the_first_ones(
    move_clock: MoveClock,
) -> None:
    escalation = {"after": "1h", "add": [{"group": "managers"}]}
    world = make_world(policy(stage("finance", escalations=[escalation])))
    world.submit()
    move_clock(timedelta(hours=1, seconds=1))
    sweep()
    assert told(world, "escalated") == [("Alice", False), ("Charlie", True)]


def test_everybody_who_was_asked_hears_how_it_ended() -> None:
    world = make_world(policy(stage("finance", "risk")))
    request = world.submit()
    world.vote(world.company.alice, request)
    assert told(world, "decided") == []
    world.vote(world.company.bob, request)
    assert told(world, "decided") == [("Alice", None), ("Bob", None)]


def test_whoever_was_suspended_does_not_hear_how_it_ended() -> None:
    world = make_world(policy(stage(("finance", 2), "risk")))
    world.approvers(world.company.finance, 1)
    request = world.submit()
    with tenant_transaction(world.company.id):
        suspend_member(actor=world.company.olivia, member=world.company.alice)
    world.vote(world.company.bob, request, Verdict.DENY)
    assert told(world, "decided") == [("Approver0", None), ("Bob", None)]


def test_an_alert_goes_to_compliance_once() -> None:
    world = make_world(policy(stage("finance")))
    with tenant_transaction(world.company.id):
        for _ in range(2):
            alert_compliance(request=None, subject="Look", text="at this", dedup_key="look:1")
    assert told(world, "alert") == [("Carl", None)]
