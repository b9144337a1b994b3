"""Web push, against a service that checks who sends, and a browser that decrypts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from approvals.enums import DeliveryStatus, NotificationChannel
from approvals.models import Notification, PushSubscription
from approvals.services.push_subscriptions import subscribe
from approvals.services.sending import send_notification
from approvals.vapid import public_key
from audit.models import LedgerEvent
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tests.approvals.chatting import prefer
from tests.approvals.world import FOUR_EYES, World, make_world
from tests.support.push import PushingBrowser, running_push_service, vapid_claims
from tests.support.receiver import Receiver
from tests.support.recorded import text_of

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Push:
    world: World
    service: Receiver

    def browser(self, name: str = "one") -> PushingBrowser:
        """Subscribe another browser of Alice's."""
        browser = PushingBrowser(f"http://127.0.0.1:{self.service.port}/push/{name}")
        with tenant_transaction(self.world.company.id):
            subscribe(actor=self.world.company.alice, device=name, **browser.subscription())
        return browser

    def send(self) -> Notification:
        company = self.world.company
        with tenant_transaction(company.id):
            row = Notification.objects.get(member=company.alice, channel="push")
        send_notification(tenant_id=company.id, notification_id=row.pk)
        with tenant_transaction(company.id):
            return Notification.objects.get(pk=row.pk)

    def devices(self) -> list[str]:
        with tenant_transaction(self.world.company.id):
            return list(
                PushSubscription.objects.order_by("device").values_list("device", flat=True)
            )


@pytest.fixture
def push() -> Iterator[Push]:
    with running_push_service() as service:
        world = make_world(FOUR_EYES)
        prefer(world, NotificationChannel.PUSH, world.company.alice)
        yield Push(world, service)


def test_a_browser_reads_a_sentence_and_a_path(push: Push) -> None:
    browser = push.browser()
    request = push.world.submit()
    assert push.send().status == DeliveryStatus.SENT
    (received,) = push.service.received
    told = browser.read(received)
    assert told.pop("body").startswith("Alice, your approval is needed. ")
    assert told == {
        "title": "Pay Acme Ltd",
        "path": f"/t/acme/requests/{request.public_id}/",
        "tag": request.public_id,
    }
    assert (received.headers["ttl"], received.headers["urgency"]) == ("43200", "high")
    assert len(received.headers["topic"]) == 32
    assert b"Acme" not in received.body


def test_the_service_learns_who_sends_and_for_how_long_that_holds(push: Push) -> None:
    push.browser()
    push.world.submit()
    push.send()
    (received,) = push.service.received
    claims = vapid_claims(received)
    assert claims["aud"] == f"http://127.0.0.1:{push.service.port}"
    assert claims["sub"] == "mailto:govapp@localhost"
    left = claims["exp"] - clock.now().timestamp()
    assert 0 < left <= timedelta(hours=24).total_seconds()
    assert f"k={public_key()}" in received.headers["authorization"]


def test_the_key_is_the_same_in_every_process_and_another_with_another_secret(
    settings: Settings,
) -> None:
    first = public_key()
    settings.SECRET_KEY = "another " * 8
    assert public_key() != first
    assert len(first) == 87


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(push: Push, status: int) -> None:
    push.browser("gone")
    kept = push.browser("kept")
    push.world.submit()
    push.service.statuses = [status]
    assert push.send().status == DeliveryStatus.SENT
    assert push.devices() == ["kept"]
    assert kept.read(push.service.received[1])["title"] == "Pay Acme Ltd"
    with tenant_transaction(push.world.company.id):
        (event,) = LedgerEvent.objects.filter(type="push.unsubscribed")
        assert '"why":"gone"' in text_of(event)


def test_the_last_one_gone_leads_to_the_next_channel(push: Push) -> None:
    push.browser()
    push.world.submit()
    push.service.statuses = [410]
    row = push.send()
    assert (row.status, row.last_error) == (DeliveryStatus.FAILED, "The device is gone (410).")
    with tenant_transaction(push.world.company.id):
        assert Notification.objects.filter(instead_of=row, channel="email").exists()


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([201, 500], DeliveryStatus.SENT),
        ([500, 410], DeliveryStatus.QUEUED),
        ([403, 400], DeliveryStatus.FAILED),
        ([429, 403], DeliveryStatus.QUEUED),
    ],
)
def test_one_device_that_took_it_is_enough(
    push: Push, statuses: list[int], expected: DeliveryStatus
) -> None:
    for number in range(len(statuses)):
        push.browser(str(number))
    push.world.submit()
    push.service.statuses = list(statuses)
    assert push.send().status == expected


def test_what_leads_inside_is_not_called(push: Push, settings: Settings) -> None:
    push.browser()
    push.world.submit()
    settings.CALLBACKS_MAY_GO_TO_LOOPBACK = False
    row = push.send()
    assert row.last_error == "The receiver is not on the public Internet."
    assert push.service.received == []


def test_services_that_take_too_long_keep_nobody_waiting(
    push: Push, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten addresses that answer nothing would hold a worker for minutes, and others' messages."""
    monkeypatch.setattr("approvals.transports.push._SECONDS", 0.0)
    for name in ("first", "second", "third"):
        push.browser(name)
    push.world.submit()
    push.service.statuses = [500, 201, 201]
    assert push.send().status == DeliveryStatus.QUEUED
    assert [each.path for each in push.service.received] == ["/push/first"]


def test_the_device_that_last_took_a_message_comes_first(push: Push) -> None:
    for name in ("first", "second"):
        push.browser(name)
    with tenant_transaction(push.world.company.id):
        PushSubscription.objects.filter(device="second").update(last_used_at=clock.now())
    push.world.submit()
    push.send()
    assert [each.path for each in push.service.received] == ["/push/second", "/push/first"]
