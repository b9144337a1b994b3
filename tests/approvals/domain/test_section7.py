"""Empty, impossible, unreachable: section 7 of the domain page, sentence by sentence."""

from typing import Any

import pytest

from approvals.enums import NotificationChannel
from approvals.models import ActionRequest, Notification, RequirementStage
from approvals.selectors.inbox import decidable_by
from approvals.services.policies import propose_policy, publish_policy
from approvals.services.sending import send_notification
from approvals.services.timers import sweep
from approvals.services.watch import watch
from approvals.transports import TRANSPORTS
from approvals.transports.failures import DeliveryFailure, PermanentFailure
from audit.models import LedgerEvent
from govapp.common.errors import Invalid
from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent, Tenant
from tenants.services.people import suspend_member
from tests.approvals.domain.acts import empty_group, go_away, told
from tests.approvals.services.test_channels import Chat, connect, prefer
from tests.approvals.services.test_policies import SOURCE, YES, colleague
from tests.approvals.standing import fresh
from tests.approvals.world import FOUR_EYES, HOUR, World, make_world
from tests.conftest import MoveClock


@pytest.fixture
def world(db: None) -> World:
    return make_world(FOUR_EYES)


def refused(world: World) -> str:
    """Why four eyes of Finance and Risk cannot be published now; "" when they can."""
    with tenant_transaction(world.company.id):
        dora = colleague(world.company)
        version = propose_policy(actor=world.company.carl, source=SOURCE)
        try:
            publish_policy(actor=dora, version=version, attestation=YES)
        except Invalid as refusal:
            return " ".join(each.detail for each in refusal.errors)
    return ""


# A flow whose quorum cannot be reached (too few people, only the agent's owner, everybody away)
# is refused when the policy is published, with the sentence that says why.


def test_a_flow_that_can_be_completed_is_published(world: World) -> None:
    """A flow whose quorum cannot be reached … is refused: and only such a one."""
    assert refused(world) == ""


def test_a_flow_with_too_few_people_is_refused(world: World) -> None:
    """… (too few people …) is refused when the policy is published, with the sentence …"""
    with tenant_transaction(world.company.id):
        suspend_member(actor=world.company.olivia, member=world.company.bob)
    assert "nobody is in the group risk" in refused(world)


def test_a_flow_with_only_the_agents_owner_is_refused(world: World) -> None:
    """… (… only the agent's owner …) is refused when the policy is published …"""
    with tenant_transaction(world.company.id):
        Agent.objects.update(owner=world.company.bob)
    assert "agent payer: its owner bob@acme.example may not approve" in refused(world)


def test_a_flow_whose_people_are_all_away_is_refused(world: World) -> None:
    """… (… everybody away) is refused when the policy is published …"""
    go_away(world, world.company.bob, None)
    assert "it cannot be completed now: Bob is away until" in refused(world)


# If it becomes impossible later, the request is never approved: the tenant's fallback group is
# added, `compliance` members are alerted, and at the deadline it expires.


def impossible(world: World, fallback: str) -> Any:
    """Submit, then lose everybody of Risk, and let the auditor look."""
    with tenant_transaction(world.company.id):
        Tenant.objects.update(fallback_group=fallback)
    request = world.submit()
    empty_group(world, "risk")
    watch()
    return request


def test_what_becomes_impossible_is_never_approved(world: World) -> None:
    """If it becomes impossible later, the request is never approved …"""
    request = impossible(world, "")
    assert world.vote(world.company.alice, request).is_pending
    watch()
    assert fresh(request).is_pending


def test_the_fallback_group_is_added(world: World) -> None:
    """… the tenant's fallback group is added …"""
    request = impossible(world, "managers")
    with tenant_transaction(world.company.id):
        (added,) = RequirementStage.objects.values_list("added", flat=True)
        assert LedgerEvent.objects.filter(type="stage.fallback_added").count() == 1
    assert added == [{"kind": "group", "ref": "managers", "count": 1}]
    world.vote(world.company.alice, request)
    assert world.vote(world.company.charlie, request).status == "approved"


def test_compliance_members_are_alerted(world: World) -> None:
    """… `compliance` members are alerted …"""
    impossible(world, "managers")
    assert told(world, "alert") == ["Carl"]


def test_at_the_deadline_it_expires(world: World, move_clock: MoveClock) -> None:
    """… and at the deadline it expires."""
    request = impossible(world, "managers")
    world.vote(world.company.alice, request)
    move_clock(4 * HOUR)
    sweep()
    assert fresh(request).status == "expired"


# The inbox is the truth, e-mail and chat are hints. A failed delivery is retried, then the
# person's next channel is tried; the clock does not wait.


def test_the_inbox_is_the_truth(world: World) -> None:
    """The inbox is the truth, e-mail and chat are hints."""
    request = world.submit()  # nothing has been delivered
    with tenant_transaction(world.company.id):
        assert list(decidable_by(world.company.alice)) == [request]
    assert world.vote(world.company.alice, request).is_pending
    with tenant_transaction(world.company.id):
        assert list(decidable_by(world.company.alice)) == []


def asked_in_slack(
    world: World, monkeypatch: pytest.MonkeyPatch, *failures: DeliveryFailure
) -> tuple[Notification, list[str]]:
    """Ask Alice, whose first channel is Slack, which fails like this; return what reached her."""
    chat = Chat()
    chat.refusals = [*failures]
    monkeypatch.setitem(TRANSPORTS, NotificationChannel.SLACK, chat.send)
    connect(world, world.company.alice)
    prefer(world, world.company.alice, "slack")
    world.submit()
    with tenant_transaction(world.company.id):
        row = Notification.objects.get(member=world.company.alice, kind="requested")
    send_notification(tenant_id=world.company.id, notification_id=row.pk)
    return row, [name for name, _ in chat.sent]


def channels(world: World) -> list[tuple[str, str, int]]:
    with tenant_transaction(world.company.id):
        rows = Notification.objects.filter(member=world.company.alice, kind="requested")
        return list(rows.order_by("created_at", "pk").values_list("channel", "status", "attempts"))


def test_a_failed_delivery_is_retried(
    world: World, move_clock: MoveClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed delivery is retried …"""
    row, _ = asked_in_slack(world, monkeypatch, DeliveryFailure("Busy."))
    assert channels(world) == [("slack", "queued", 1)]
    move_clock(HOUR)
    send_notification(tenant_id=world.company.id, notification_id=row.pk)
    assert channels(world) == [("slack", "sent", 2)]


def test_then_the_next_channel_is_tried(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """… then the person's next channel is tried …"""
    _, reached = asked_in_slack(world, monkeypatch, PermanentFailure("No such user."))
    assert (reached, [each[:2] for each in channels(world)]) == (
        [],
        [("slack", "failed"), ("email", "queued")],
    )


def test_the_clock_does_not_wait(
    world: World, move_clock: MoveClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """… the clock does not wait."""
    asked_in_slack(world, monkeypatch, PermanentFailure("No such user."))
    with tenant_transaction(world.company.id):
        request = ActionRequest.objects.get()
    assert request.deadline_at == request.submitted_at + 4 * HOUR
    move_clock(4 * HOUR)
    sweep()
    assert fresh(request).status == "expired"
