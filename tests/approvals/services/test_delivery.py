"""From the outbox to a real mail server and a real receiver: claim, send, mark."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings
from standardwebhooks import Webhook, WebhookVerificationError

from approvals.enums import DeliveryStatus, NotificationKind, Verdict
from approvals.models import (
    ActionRequest,
    CallbackDelivery,
    CallbackEndpoint,
    Notification,
    ReviewLink,
)
from approvals.services import delivery
from approvals.services.callbacks import change_endpoint, create_endpoint, rotate_secret
from approvals.services.delivery import CALLBACK_DELAYS, deliver_callback, deliver_due
from approvals.services.outbox import LEASE
from approvals.services.sending import NOTIFICATION_DELAYS, send_notification
from audit.models import LedgerEvent
from govapp.common.tenancy import tenant_transaction
from tenants.services.people import suspend_member
from tests.approvals.world import FOUR_EYES, World, make_world
from tests.conftest import MoveClock
from tests.support.committed import CommittedDatabase
from tests.support.receiver import Receiver, running_receiver
from tests.support.recorded import text_of
from tests.support.smtp import Mailbox, running_mail_server

DUE = timedelta(seconds=5)  # after the grace that the sweep leaves to Celery


@pytest.fixture
def world(db: None) -> World:
    return make_world(FOUR_EYES)


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[Mailbox]:
    with running_mail_server() as mailbox:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mailbox.port
        yield mailbox


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as receiver:
        yield receiver


def notifications(world: World, kind: str) -> list[Notification]:
    with tenant_transaction(world.company.id):
        rows = Notification.objects.filter(kind=kind).select_related("member__user")
        return list(rows.order_by("member__user__email"))


def event_types(world: World, noun: str) -> list[str]:
    with tenant_transaction(world.company.id):
        events = LedgerEvent.objects.filter(type__startswith=f"{noun}.").order_by("id")
        return list(events.values_list("type", flat=True))


def with_endpoint(world: World, receiver: Receiver) -> tuple[CallbackEndpoint, str]:
    with tenant_transaction(world.company.id):
        return create_endpoint(actor=world.company.olivia, url=receiver.url)


def decided(world: World, endpoint: CallbackEndpoint) -> ActionRequest:
    request = world.submit(callback_endpoint=endpoint.pk)
    world.vote(world.company.alice, request)
    return world.vote(world.company.bob, request)


def the_delivery(world: World) -> CallbackDelivery:
    with tenant_transaction(world.company.id):
        return CallbackDelivery.objects.get()


def test_everybody_who_may_decide_is_asked_and_told_how_it_ended(
    world: World, mailbox: Mailbox, move_clock: MoveClock
) -> None:
    request = world.submit(reason="Invoice 1123 is due.", on_behalf_of="customer 42")
    move_clock(DUE)
    assert deliver_due() == 2
    assert mailbox.recipients == ["alice@acme.example", "bob@acme.example"]
    assert {str(each["Subject"]) for each in mailbox.messages} == {"Approve or deny: Pay Acme Ltd"}
    assert deliver_due() == 0
    world.vote(world.company.alice, request)
    world.vote(world.company.bob, request)
    move_clock(DUE * 2)
    assert deliver_due() == 2
    assert {str(each["Subject"]) for each in mailbox.messages[2:]} == {"Approved: Pay Acme Ltd"}
    assert event_types(world, "notification") == ["notification.sent"] * 4


def test_a_message_has_the_consequence_first_in_both_forms_and_two_links(
    world: World, mailbox: Mailbox, move_clock: MoveClock
) -> None:
    summary = "Pay EUR 900 <b>now</b> to \u202elmth.live"
    request = world.submit(summary=summary, reason="<script>alert(1)</script>")
    move_clock(DUE)
    deliver_due()
    message = next(each for each in mailbox.messages if "alice" in str(each["To"]))
    shown = "Pay EUR 900 <b>now</b> to ⟨U+202E⟩lmth.live"
    assert str(message["Subject"]).strip() == f"Approve or deny: {shown}"
    assert str(message["Message-ID"]).startswith("<ntf_")
    assert str(message["Auto-Submitted"]) == "auto-generated"
    text_part, html_part = message.get_body(("plain",)), message.get_body(("html",))
    assert text_part is not None
    assert html_part is not None
    text, html = text_part.get_content(), html_part.get_content()
    assert text.splitlines()[0] == shown
    assert "Pay EUR 900 &lt;b&gt;now&lt;/b&gt;" in html
    assert "<script" not in html
    assert "style=" in html
    for ours in ("/l/", "/t/acme/me/notifications"):
        html = html.replace(f"http://127.0.0.1:8000{ours}", ours)
    # Nothing of another place: no picture, no font, no style sheet.
    assert not re.search(r"http|url\(|@import|src=", html)
    with tenant_transaction(world.company.id):
        link = ReviewLink.objects.get(request=request, member=world.company.alice)
    token = text.split("http://127.0.0.1:8000/l/")[1].split("?")[0]
    for choice in ("approve", "deny"):
        assert f"http://127.0.0.1:8000/l/{token}?choice={choice}" in text
        assert f'href="/l/{token}?choice={choice}"' in html
    assert len(token) == 43
    assert token.encode() not in bytes(link.token_hash)


def test_what_is_no_longer_open_is_not_asked_any_more(
    world: World, mailbox: Mailbox, move_clock: MoveClock
) -> None:
    request = world.submit()
    with tenant_transaction(world.company.id):
        suspend_member(actor=world.company.olivia, member=world.company.bob)
    move_clock(DUE)
    assert deliver_due() == 1
    world.submit()
    world.vote(world.company.alice, request)
    assert mailbox.recipients == ["alice@acme.example"]
    statuses = [each.status for each in notifications(world, "requested")[-1:]]
    assert statuses == [DeliveryStatus.DROPPED]


def test_whoever_was_suspended_before_it_was_sent_is_not_told(
    world: World, mailbox: Mailbox
) -> None:
    world.vote(world.company.bob, world.submit(), Verdict.DENY)
    with tenant_transaction(world.company.id):
        suspend_member(actor=world.company.olivia, member=world.company.alice)
    for row in notifications(world, "decided"):
        send_notification(tenant_id=world.company.id, notification_id=row.pk)
    assert mailbox.recipients == ["bob@acme.example"]
    statuses = [each.status for each in notifications(world, "decided")]
    assert statuses == [DeliveryStatus.DROPPED, DeliveryStatus.SENT]
    assert event_types(world, "notification") == ["notification.dropped", "notification.sent"]


def test_a_server_that_is_busy_is_asked_again_later(
    world: World, mailbox: Mailbox, move_clock: MoveClock
) -> None:
    world.submit()
    mailbox.answers = ["451 busy", "451 busy"]
    move_clock(DUE)
    assert deliver_due() == 2
    assert mailbox.messages == []
    assert deliver_due() == 0
    assert {each.last_error for each in notifications(world, "requested")} == {
        "The mail server answered 451."
    }
    move_clock(DUE + NOTIFICATION_DELAYS[0] * 1.2 + DUE)
    assert deliver_due() == 2
    assert mailbox.recipients == ["alice@acme.example", "bob@acme.example"]
    assert [each.attempts for each in notifications(world, "requested")] == [2, 2]


def test_a_message_is_given_up_after_eight_attempts_and_compliance_is_told(
    world: World, mailbox: Mailbox, move_clock: MoveClock
) -> None:
    world.submit()
    mailbox.answers = ["451 busy"] * 8
    ident, waited = notifications(world, "requested")[0].pk, timedelta(0)
    for delay in (*NOTIFICATION_DELAYS, timedelta(0)):
        move_clock(waited)
        assert send_notification(tenant_id=world.company.id, notification_id=ident) is True
        waited += delay * 1.2 + DUE
    asked = notifications(world, "requested")[0]
    assert (asked.attempts, asked.status) == (8, DeliveryStatus.FAILED)
    assert event_types(world, "notification") == ["notification.failed"]
    alerts = notifications(world, "alert")
    assert [str(each.member) for each in alerts] == ["Carl"]


def test_an_address_that_does_not_exist_is_given_up_at_once(
    world: World, mailbox: Mailbox, move_clock: MoveClock
) -> None:
    world.submit()
    mailbox.refused = {"alice@"}
    move_clock(DUE)
    deliver_due()
    assert [each.status for each in notifications(world, "requested")] == ["failed", "sent"]
    move_clock(DUE * 2)
    deliver_due()
    assert mailbox.recipients == ["bob@acme.example", "carl@acme.example"]


def test_a_fault_of_ours_counts_as_an_attempt(
    world: World, mailbox: Mailbox, move_clock: MoveClock, settings: Settings
) -> None:
    world.submit()
    settings.EMAIL_BACKEND = "there.is.no.such.Backend"
    move_clock(DUE)
    assert deliver_due() == 2
    assert {(each.attempts, each.last_error) for each in notifications(world, "requested")} == {
        (1, "A fault of ours: ModuleNotFoundError.")
    }


def test_a_worker_killed_between_claim_and_mark_leaves_it_to_be_sent_again_with_the_same_id(
    world: World, receiver: Receiver, move_clock: MoveClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, _ = with_endpoint(world, receiver)
    decided(world, endpoint)
    row = the_delivery(world)

    class KilledError(BaseException):
        """What no handler catches, like a signal."""

    def die(*_: Any) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "_settle_callback", die)
        with pytest.raises(KilledError):
            deliver_callback(tenant_id=world.company.id, delivery_id=row.pk)
    assert deliver_callback(tenant_id=world.company.id, delivery_id=row.pk) is False
    move_clock(LEASE + DUE)
    assert deliver_callback(tenant_id=world.company.id, delivery_id=row.pk) is True
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert (the_delivery(world).status, the_delivery(world).attempts) == (DeliveryStatus.SENT, 2)


def test_a_callback_is_signed_and_says_how_it_ended(world: World, receiver: Receiver) -> None:
    endpoint, secret = with_endpoint(world, receiver)
    request = decided(world, endpoint)
    deliver_callback(tenant_id=world.company.id, delivery_id=the_delivery(world).pk)
    (received,) = receiver.received
    message = Webhook(secret).verify(received.body, received.headers)
    assert message["type"] == "action_request.approved"
    assert message["data"]["id"] == request.public_id
    assert message["data"]["status"] == "approved"
    assert received.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert the_delivery(world).response_status == 204
    assert event_types(world, "callback") == ["callback.delivered"]


def test_both_secrets_sign_while_one_replaces_the_other(
    world: World, receiver: Receiver, move_clock: MoveClock
) -> None:
    endpoint, former = with_endpoint(world, receiver)
    with tenant_transaction(world.company.id):
        present = rotate_secret(
            actor=world.company.olivia, endpoint=endpoint, overlap=timedelta(minutes=2)
        )
    assert present != former
    decided(world, endpoint)
    deliver_callback(tenant_id=world.company.id, delivery_id=the_delivery(world).pk)
    (received,) = receiver.received
    for secret in (present, former):
        Webhook(secret).verify(received.body, received.headers)
    move_clock(timedelta(minutes=2, seconds=1))
    later = decided(world, endpoint)
    with tenant_transaction(world.company.id):
        ident = CallbackDelivery.objects.get(request=later).pk
    deliver_callback(tenant_id=world.company.id, delivery_id=ident)
    (_, received) = receiver.received
    Webhook(present).verify(received.body, received.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(former).verify(received.body, received.headers)


@pytest.mark.parametrize(
    ("status", "left", "why"),
    [
        (500, DeliveryStatus.QUEUED, "The receiver answered 500."),
        (404, DeliveryStatus.QUEUED, "The receiver answered 404."),
        (302, DeliveryStatus.QUEUED, "The receiver answered 302; redirects are not followed."),
        (410, DeliveryStatus.FAILED, "The receiver answered 410: it wants no more."),
    ],
)
def test_only_a_2xx_is_taken_as_received(
    world: World, receiver: Receiver, status: int, left: str, why: str
) -> None:
    endpoint, _ = with_endpoint(world, receiver)
    decided(world, endpoint)
    receiver.statuses = [status]
    deliver_callback(tenant_id=world.company.id, delivery_id=the_delivery(world).pk)
    row = the_delivery(world)
    assert (row.status, row.response_status, row.last_error) == (left, status, why)
    assert len(receiver.received) == 1


def test_a_callback_is_tried_for_days_and_then_given_up(
    world: World, receiver: Receiver, move_clock: MoveClock
) -> None:
    endpoint, _ = with_endpoint(world, receiver)
    decided(world, endpoint)
    receiver.statuses = [503] * 20
    waited, ident = timedelta(0), the_delivery(world).pk
    for delay in (*CALLBACK_DELAYS, timedelta(0)):
        move_clock(waited)
        assert deliver_callback(tenant_id=world.company.id, delivery_id=ident) is True
        waited += delay * 1.2 + DUE
    assert the_delivery(world).status == DeliveryStatus.FAILED
    assert sum(CALLBACK_DELAYS, timedelta(0)) > timedelta(days=3)
    assert len({each.headers["webhook-id"] for each in receiver.received}) == 1
    assert event_types(world, "callback") == ["callback.failed"]
    assert [each.kind for each in notifications(world, "alert")] == [NotificationKind.ALERT]


def test_a_disabled_endpoint_gets_nothing(world: World, receiver: Receiver) -> None:
    endpoint, _ = with_endpoint(world, receiver)
    decided(world, endpoint)
    with tenant_transaction(world.company.id):
        change_endpoint(actor=world.company.olivia, endpoint=endpoint, is_enabled=False)
    deliver_callback(tenant_id=world.company.id, delivery_id=the_delivery(world).pk)
    assert (the_delivery(world).status, receiver.received) == (DeliveryStatus.DROPPED, [])
    assert event_types(world, "callback") == ["callback.dropped"]


def test_callbacks_and_messages_take_turns(
    world: World, mailbox: Mailbox, receiver: Receiver, move_clock: MoveClock
) -> None:
    for number in range(3):
        world.submit(summary=f"Older {number}")
    endpoint, _ = with_endpoint(world, receiver)
    decided(world, endpoint)
    move_clock(DUE)
    # Six messages are older than the callback, and one round in two parts has both.
    assert deliver_due(at_most=2) == 2
    assert (len(mailbox.messages), len(receiver.received)) == (1, 1)


def test_ten_workers_at_once_send_one_message_once(
    committed_db: CommittedDatabase, mailbox: Mailbox
) -> None:
    world = make_world(FOUR_EYES)
    world.submit()
    committed_db.move_clock(DUE)
    tried = committed_db.at_once([deliver_due] * 10)
    assert sum(each for each in tried if isinstance(each, int)) == 2
    assert mailbox.recipients == ["alice@acme.example", "bob@acme.example"]


def test_a_callback_says_nothing_that_the_agent_may_not_know(
    world: World, receiver: Receiver
) -> None:
    endpoint, secret = with_endpoint(world, receiver)
    decided(world, endpoint)
    body = json.dumps(the_delivery(world).body)
    assert secret not in body
    assert "900.00" not in body
    with tenant_transaction(world.company.id):
        stored = CallbackEndpoint.objects.get()
        events = [text_of(event) for event in LedgerEvent.objects.all()]
    assert secret.encode() not in bytes(stored.secret_sealed)
    assert not any(secret in event for event in events)
