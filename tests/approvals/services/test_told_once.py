"""Asked once, told how it ended, and nothing that nobody needs any more."""

from datetime import timedelta

import pytest

from approvals.enums import DeliveryStatus, Digest, HeldFor, NotificationChannel, Verdict
from approvals.messages import Message
from approvals.models import Notification
from approvals.selectors.health import MESSAGE_UNSENT, find_faults
from approvals.services.contacts import save_preference
from approvals.services.delivery import deliver_due
from approvals.services.direct_messages import queue_direct
from approvals.services.sending import send_notification
from approvals.services.timers import sweep
from approvals.transports import TRANSPORTS
from approvals.transports.failures import DeliveryFailure, PermanentFailure
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tests.approvals.world import HOUR, World, make_world, policy, stage
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db

DUE = timedelta(seconds=5)
EMAIL = NotificationChannel.EMAIL
LONG = policy(stage(("finance", 1), "risk", deadline="48h", reminders=["10m", "20m"]))


@pytest.fixture
def world() -> World:
    world = make_world(LONG)
    with tenant_transaction(world.company.id):
        save_preference(actor=world.company.alice, channels=["email"], digest=Digest.HOURLY)
    return world


def of(world: World, member: Membership, **narrowed: str) -> list[Notification]:
    with tenant_transaction(world.company.id):
        rows = Notification.objects.filter(member=member, **narrowed)
        return list(rows.order_by("created_at", "pk"))


def test_who_is_being_asked_at_this_moment_hears_how_it_ended(
    world: World, monkeypatch: pytest.MonkeyPatch, move_clock: MoveClock
) -> None:
    """The digest is on its way when somebody else decides: it does arrive."""
    request = world.submit()

    def send(row: Notification, message: Message) -> None:
        world.vote(world.company.bob, request, Verdict.DENY)

    monkeypatch.setitem(TRANSPORTS, EMAIL, send)
    move_clock(HOUR + DUE)
    (asked,) = of(world, world.company.alice)
    send_notification(tenant_id=world.company.id, notification_id=asked.pk)
    assert [row.status for row in of(world, world.company.alice, kind="requested")] == ["sent"]
    assert len(of(world, world.company.alice, kind="decided")) == 1


def test_a_digest_asks_about_a_request_once(
    world: World, monkeypatch: pytest.MonkeyPatch, move_clock: MoveClock
) -> None:
    sent: list[Message] = []
    monkeypatch.setitem(TRANSPORTS, EMAIL, lambda row, message: sent.append(message))
    now = clock.now()
    whole_hour = now.replace(minute=0, second=0, microsecond=0) + HOUR - now
    move_clock(whole_hour)  # Digests leave at whole hours: all of this is of the same one.
    world.submit(summary="Pay one")
    world.submit(summary="Pay two")
    for minutes in (11, 21):
        move_clock(whole_hour + timedelta(minutes=minutes))
        sweep()
    mine = of(world, world.company.alice)
    assert len(mine) == 6
    assert {row.held_for for row in mine} == {HeldFor.DIGEST}
    move_clock(whole_hour + HOUR + DUE)
    send_notification(tenant_id=world.company.id, notification_id=mine[0].pk)
    (message,) = sent
    assert sorted(entry.heading for entry in message.entries) == ["Pay one", "Pay two"]
    statuses = sorted(row.status for row in of(world, world.company.alice))
    assert statuses == [*["dropped"] * 4, *["sent"] * 2]


def test_who_has_voted_is_not_asked_any_more(
    world: World, monkeypatch: pytest.MonkeyPatch, move_clock: MoveClock
) -> None:
    sent: list[Message] = []
    monkeypatch.setitem(TRANSPORTS, EMAIL, lambda row, message: sent.append(message))
    world.vote(world.company.alice, world.submit())
    (asked,) = of(world, world.company.alice)
    move_clock(HOUR + DUE)
    assert send_notification(tenant_id=world.company.id, notification_id=asked.pk) is False
    assert sent == []
    assert of(world, world.company.alice)[0].status == DeliveryStatus.DROPPED


def test_a_held_message_that_keeps_failing_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch, move_clock: MoveClock
) -> None:
    def refuse(row: Notification, message: Message) -> None:
        raise DeliveryFailure("Busy.")

    monkeypatch.setitem(TRANSPORTS, EMAIL, refuse)
    world.submit()
    with tenant_transaction(world.company.id):
        Notification.objects.exclude(member=world.company.alice).update(status="sent")
    for seconds in (5, 30, 90):
        move_clock(HOUR + timedelta(seconds=seconds))
        deliver_due()
    (row,) = of(world, world.company.alice)
    assert row.attempts == 3
    with tenant_transaction(world.company.id):
        kinds = {fault.kind for fault in find_faults(world.company.id, clock.now())}
    assert MESSAGE_UNSENT in kinds


def test_a_test_of_a_channel_goes_nowhere_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(row: Notification, message: Message) -> None:
        raise PermanentFailure("No such person.")

    monkeypatch.setitem(TRANSPORTS, NotificationChannel.SLACK, refuse)
    with tenant_transaction(world.company.id):
        row = queue_direct(
            member=world.company.alice,
            channel=NotificationChannel.SLACK,
            subject="A test message",
            text="We can reach you here.",
            dedup_key="test",
        )
    send_notification(tenant_id=world.company.id, notification_id=row.pk)
    assert [(one.channel, one.status) for one in of(world, world.company.alice)] == [
        ("slack", "failed")
    ]
