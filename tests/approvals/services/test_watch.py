"""The watchman finds what must not exist (domain page, section 6)."""

from datetime import timedelta

import pytest

from approvals.enums import NotificationKind, TimerKind, TimerStatus
from approvals.models import ActionRequest, CallbackDelivery, CallbackEndpoint, Notification, Timer
from approvals.services.timers import sweep
from approvals.services.watch import count_findings, watch
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import FOUR_EYES, HOUR, World, make_world
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db

NOTHING = {
    "stage_without_timer": 0,
    "timer_overdue": 0,
    "message_unsent": 0,
    "quorum_unreachable": 0,
}


@pytest.fixture
def world() -> World:
    return make_world(FOUR_EYES)


def sent_away(world: World) -> None:
    """Whatever the submission queued has reached its people."""
    with tenant_transaction(world.company.id):
        Notification.objects.update(status="sent")


def test_a_healthy_tenant_has_no_findings(world: World) -> None:
    world.submit()
    assert watch() == []
    assert count_findings() == NOTHING


def test_an_open_stage_without_an_armed_expiry_is_found(world: World) -> None:
    request = world.submit()
    with tenant_transaction(world.company.id):
        Timer.objects.filter(kind=TimerKind.EXPIRE).update(status=TimerStatus.SUPERSEDED)
    (finding,) = watch()
    assert (finding.kind, finding.request_id) == ("stage_without_timer", request.pk)
    assert watch() == [finding]
    with tenant_transaction(world.company.id):
        alerts = Notification.objects.filter(kind=NotificationKind.ALERT)
        assert [alert.member_id for alert in alerts] == [world.company.carl.pk]
    assert count_findings() == NOTHING | {"stage_without_timer": 1}


def test_a_timer_of_an_earlier_version_ends_nothing_and_is_found(world: World) -> None:
    request = world.submit()
    with tenant_transaction(world.company.id):
        ActionRequest.objects.update(version=2)
    (finding,) = watch()
    assert (finding.kind, finding.request_id) == ("stage_without_timer", request.pk)


def test_a_timer_that_is_more_than_thirty_seconds_late_is_found(
    world: World, move_clock: MoveClock
) -> None:
    world.submit()
    sent_away(world)
    move_clock(4 * HOUR + timedelta(seconds=20))
    assert watch() == []
    move_clock(4 * HOUR + timedelta(seconds=40))
    assert [finding.kind for finding in watch()] == ["timer_overdue"]
    sweep()
    sent_away(world)
    assert watch() == []


def queue_message(world: World, kind: NotificationKind) -> None:
    with tenant_transaction(world.company.id):
        Notification.objects.create(member=world.company.alice, kind=kind, dedup_key=kind)


def test_a_message_unsent_for_two_minutes_is_found(world: World, move_clock: MoveClock) -> None:
    queue_message(world, NotificationKind.REQUESTED)
    move_clock(timedelta(seconds=110))
    assert watch() == []
    move_clock(timedelta(seconds=130))
    (finding,) = watch()
    assert finding.kind == "message_unsent"
    assert finding.text.startswith("1 notifications and 0 callbacks have been waiting")


def test_an_unsent_alert_raises_no_further_alert(world: World, move_clock: MoveClock) -> None:
    queue_message(world, NotificationKind.ALERT)
    move_clock(HOUR)
    assert watch() == []


def test_a_callback_unsent_for_two_minutes_is_found(world: World, move_clock: MoveClock) -> None:
    request = world.submit()
    sent_away(world)
    with tenant_transaction(world.company.id):
        endpoint = CallbackEndpoint.objects.create(url="https://example.com", secret_sealed=b"x")
        CallbackDelivery.objects.create(
            endpoint=endpoint, request=request, event_type="action_request.approved", body={}
        )
    move_clock(timedelta(seconds=130))
    assert [finding.kind for finding in watch()] == ["message_unsent"]


def test_findings_name_their_own_tenant(world: World) -> None:
    other = make_world(FOUR_EYES, slug="other")
    other.submit()
    world.submit()
    with tenant_transaction(other.company.id):
        Timer.objects.all().delete()
    assert [finding.tenant_id for finding in watch()] == [other.company.id]
