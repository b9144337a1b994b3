"""Who is told on which channel and when, and where a message goes that does not get through."""

from collections.abc import Iterator
from datetime import time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from approvals.enums import (
    DeliveryStatus,
    Digest,
    HeldFor,
    NotificationChannel,
    NotificationKind,
    Verdict,
)
from approvals.messages import Message
from approvals.models import (
    ActionRequest,
    ChatAccount,
    ChatConnection,
    Notification,
    PushSubscription,
)
from approvals.services import notifications
from approvals.services.contacts import save_preference
from approvals.services.delivery import deliver_due
from approvals.services.sending import REROUTE_DELAYS, send_notification
from approvals.services.timers import sweep
from approvals.transports import TRANSPORTS
from approvals.transports.failures import DeliveryFailure, PermanentFailure
from audit.models import LedgerEvent
from govapp.common import clock
from govapp.common.sealing import seal
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tests.approvals.world import FOUR_EYES, HOUR, World, make_world, policy, stage
from tests.conftest import MoveClock
from tests.support.smtp import Mailbox, running_mail_server

pytestmark = pytest.mark.django_db

DUE = timedelta(seconds=5)
SLACK, PUSH = NotificationChannel.SLACK, NotificationChannel.PUSH


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[Mailbox]:
    with running_mail_server() as mailbox:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mailbox.port
        yield mailbox


class Chat:
    """A channel of the test's own: keeps what it is given, or refuses it."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Message]] = []
        self.refusals: list[DeliveryFailure] = []

    def send(self, row: Notification, message: Message) -> dict[str, str]:
        if self.refusals:
            raise self.refusals.pop(0)
        self.sent.append((str(row.member), message))
        return {"at": f"{len(self.sent)}"}


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Chat:
    chat = Chat()
    monkeypatch.setitem(TRANSPORTS, SLACK, chat.send)
    return chat


def connect(world: World, member: Membership, *, is_enabled: bool = True) -> None:
    """Connect the company with Slack and give the member a confirmed account there."""
    with tenant_transaction(world.company.id):
        ChatConnection.objects.get_or_create(
            channel=SLACK,
            defaults={
                "name": "Slack",
                "secrets_sealed": seal(b"{}"),
                "is_enabled": is_enabled,
                "created_by": world.company.olivia,
            },
        )
        ChatAccount.objects.create(
            member=member, channel=SLACK, address=f"U-{member}", confirmed_at=clock.now()
        )


def prefer(world: World, member: Membership, *channels: str, **wishes: Any) -> None:
    with tenant_transaction(world.company.id):
        save_preference(actor=member, channels=channels or ("email",), **wishes)


def quiet_now(world: World, member: Membership, *channels: str) -> None:
    """Begin quiet hours of twelve hours an hour ago."""
    hour = clock.now().hour
    prefer(
        world,
        member,
        *channels,
        quiet_from=time((hour - 1) % 24),
        quiet_until=time((hour + 11) % 24),
    )


def rows(world: World, **narrowed: Any) -> list[Notification]:
    with tenant_transaction(world.company.id):
        found = Notification.objects.filter(**narrowed).select_related("member__user")
        return list(found.order_by("member__user__email", "created_at", "pk"))


def told(world: World, kind: str) -> list[tuple[str, str, str]]:
    return [(str(row.member), row.channel, row.status) for row in rows(world, kind=kind)]


def event_types(world: World) -> list[str]:
    with tenant_transaction(world.company.id):
        events = LedgerEvent.objects.filter(type__startswith="notification.").order_by("id")
        return list(events.values_list("type", flat=True))


def long_world() -> World:
    """Make a company whose requests wait for two days."""
    return make_world(policy(stage("finance", "risk", deadline="48h")))


def test_everybody_is_asked_on_their_first_channel_that_reaches_them() -> None:
    world = make_world(FOUR_EYES)
    connect(world, world.company.alice)
    prefer(world, world.company.alice, "slack")
    prefer(world, world.company.bob, "slack", "push")
    world.submit()
    assert told(world, "requested") == [("Alice", "slack", "queued"), ("Bob", "email", "queued")]


@pytest.mark.parametrize("state", ["unconfirmed", "disabled"])
def test_a_channel_that_does_not_reach_is_passed_over(state: str) -> None:
    world = make_world(FOUR_EYES)
    connect(world, world.company.alice, is_enabled=state != "disabled")
    if state == "unconfirmed":
        with tenant_transaction(world.company.id):
            ChatAccount.objects.update(confirmed_at=None)
    prefer(world, world.company.alice, "slack")
    world.submit()
    assert told(world, "requested")[0] == ("Alice", "email", "queued")


def test_a_browser_that_wants_to_be_told_is_a_channel() -> None:
    world = make_world(FOUR_EYES)
    with tenant_transaction(world.company.id):
        PushSubscription.objects.create(
            member=world.company.alice, endpoint="https://push.example/1", p256dh="x",
            auth_sealed=seal(b"x"),
        )  # fmt: skip
    prefer(world, world.company.alice, "push")
    world.submit()
    assert told(world, "requested")[0] == ("Alice", "push", "queued")


def test_reminders_and_escalations_take_the_same_way(move_clock: MoveClock) -> None:
    escalation = {"after": "2h", "add": [{"group": "managers"}]}
    world = make_world(policy(stage("finance", reminders=["1h"], escalations=[escalation])))
    connect(world, world.company.alice)
    prefer(world, world.company.alice, "slack")
    world.submit()
    move_clock(HOUR + DUE)
    sweep()
    assert told(world, "reminder") == [("Alice", "slack", "queued")]
    move_clock(2 * HOUR + DUE)
    sweep()
    assert told(world, "escalated") == [
        ("Alice", "slack", "queued"),
        ("Charlie", "email", "queued"),
    ]


def test_quiet_hours_hold_a_question_that_can_wait(mailbox: Mailbox, move_clock: MoveClock) -> None:
    world = long_world()
    quiet_now(world, world.company.alice)
    world.submit()
    alice, bob = rows(world, kind="requested")
    assert (alice.held_for, bob.held_for) == (HeldFor.QUIET_HOURS, HeldFor.NOTHING)
    move_clock(DUE)
    assert deliver_due() == 1
    assert mailbox.recipients == ["bob@acme.example"]
    move_clock(12 * HOUR)
    deliver_due()
    assert mailbox.recipients == ["alice@acme.example", "bob@acme.example"]


def test_quiet_hours_do_not_hold_what_would_expire(mailbox: Mailbox, move_clock: MoveClock) -> None:
    world = make_world(FOUR_EYES)  # four hours
    quiet_now(world, world.company.alice)
    world.submit()
    move_clock(DUE)
    deliver_due()
    assert mailbox.recipients == ["alice@acme.example", "bob@acme.example"]


def test_an_escalation_breaks_the_quiet(move_clock: MoveClock) -> None:
    escalation = {"after": "1h", "add": [{"group": "managers"}]}
    world = make_world(
        policy(stage("finance", deadline="48h", reminders=["1h"], escalations=[escalation]))
    )
    quiet_now(world, world.company.alice)
    world.submit()
    move_clock(HOUR + DUE)
    sweep()
    held = {(row.kind, row.held_for) for row in rows(world, member=world.company.alice)}
    assert held == {("requested", "quiet"), ("reminder", "quiet"), ("escalated", "")}


def test_who_was_asked_in_a_chat_hears_there_how_it_ended() -> None:
    world = make_world(policy(stage("finance", "risk")))
    connect(world, world.company.alice)
    prefer(world, world.company.alice, "slack")
    request = world.submit()
    # The choice of later on does not change where the answer belongs.
    prefer(world, world.company.alice, "email")
    world.vote(world.company.bob, request, Verdict.DENY)
    assert told(world, "decided") == [("Alice", "slack", "queued"), ("Bob", "email", "queued")]


def test_who_has_not_heard_of_the_question_does_not_hear_the_answer() -> None:
    world = long_world()
    quiet_now(world, world.company.alice)
    world.vote(world.company.bob, world.submit(), Verdict.DENY)
    assert told(world, "decided") == [("Bob", "email", "queued")]


def test_who_wants_no_outcomes_is_asked_and_not_told() -> None:
    world = make_world(FOUR_EYES)
    prefer(world, world.company.alice, wants_outcomes=False)
    world.vote(world.company.bob, world.submit(), Verdict.DENY)
    assert [name for name, *_ in told(world, "requested")] == ["Alice", "Bob"]
    assert told(world, "decided") == [("Bob", "email", "queued")]


def test_what_was_held_leaves_as_one_message(mailbox: Mailbox, move_clock: MoveClock) -> None:
    world = long_world()
    prefer(world, world.company.alice, digest=Digest.HOURLY)
    first, _, third = (world.submit(summary=f"Pay {n}") for n in (1, 2, 3))
    world.vote(world.company.bob, third, Verdict.DENY)
    move_clock(HOUR + DUE)
    deliver_due()
    (mail,) = [each for each in mailbox.messages if "alice" in str(each["To"])]
    assert str(mail["Subject"]) == "Acme: 2 messages, 2 waiting for you"
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert [name for name in ("Pay 1", "Pay 2", "Pay 3") if name in text] == ["Pay 1", "Pay 2"]
    assert text.count("/l/") == 2
    assert "List-Unsubscribe" not in mail
    assert [row.status for row in rows(world, member=world.company.alice, kind="requested")] == [
        "sent", "sent", "dropped",
    ]  # fmt: skip
    assert deliver_due() == 0
    assert world.vote(world.company.alice, first).is_pending


def test_a_digest_that_fails_stays_together(mailbox: Mailbox, move_clock: MoveClock) -> None:
    world = long_world()
    prefer(world, world.company.alice, digest=Digest.HOURLY)
    for number in range(3):
        world.submit(summary=f"Pay {number}")
    mailbox.answers = ["451 busy"]
    mine = rows(world, member=world.company.alice)
    move_clock(HOUR + DUE)
    send_notification(tenant_id=world.company.id, notification_id=mine[1].pk)
    assert len({(row.next_attempt_at, row.attempts) for row in rows(world, held_for="digest")}) == 1
    move_clock(HOUR + 5 * DUE)
    send_notification(tenant_id=world.company.id, notification_id=mine[2].pk)
    (mail,) = mailbox.messages
    assert "3 messages" in str(mail["Subject"])
    assert {row.status for row in rows(world, held_for="digest")} == {"sent"}


def test_one_that_was_held_alone_is_no_digest(mailbox: Mailbox, move_clock: MoveClock) -> None:
    world = long_world()
    prefer(world, world.company.alice, digest=Digest.HOURLY)
    world.submit()
    move_clock(HOUR + DUE)
    deliver_due()
    assert {str(mail["Subject"]) for mail in mailbox.messages} == {"Approve or deny: Pay Acme Ltd"}


def asked_in_slack() -> tuple[World, Notification]:
    world = make_world(FOUR_EYES)
    connect(world, world.company.alice)
    prefer(world, world.company.alice, "slack")
    world.submit()
    return world, rows(world, kind="requested")[0]


def test_what_a_channel_answers_is_kept(slack: Chat) -> None:
    world, row = asked_in_slack()
    send_notification(tenant_id=world.company.id, notification_id=row.pk)
    (name, message), *_ = slack.sent
    assert (name, message.title) == ("Alice", "Approve or deny: Pay Acme Ltd")
    assert rows(world, pk=row.pk)[0].content["receipt"] == {"at": "1"}


def test_a_channel_that_refuses_for_good_is_followed_by_the_next(
    slack: Chat, mailbox: Mailbox, move_clock: MoveClock
) -> None:
    world, row = asked_in_slack()
    slack.refusals = [PermanentFailure("No such user.")]
    send_notification(tenant_id=world.company.id, notification_id=row.pk)
    assert told(world, "requested")[:2] == [
        ("Alice", "slack", "failed"),
        ("Alice", "email", "queued"),
    ]
    assert rows(world, kind="requested")[1].instead_of_id == row.pk
    move_clock(DUE)
    deliver_due()
    assert mailbox.recipients == ["alice@acme.example", "bob@acme.example"]
    assert told(world, "alert") == []
    assert event_types(world)[:3] == [
        "notification.failed", "notification.rerouted", "notification.sent",
    ]  # fmt: skip


def test_with_another_channel_a_failing_one_is_not_tried_for_hours(
    slack: Chat, move_clock: MoveClock
) -> None:
    world, row = asked_in_slack()
    slack.refusals = [DeliveryFailure("Busy.")] * 4
    waited = timedelta(0)
    for delay in (*REROUTE_DELAYS, timedelta(0)):
        move_clock(waited)
        assert send_notification(tenant_id=world.company.id, notification_id=row.pk) is True
        waited += delay * 1.2 + DUE
    assert waited < timedelta(minutes=6)
    assert told(world, "requested")[:2] == [
        ("Alice", "slack", "failed"),
        ("Alice", "email", "queued"),
    ]


def test_compliance_is_alerted_when_the_last_channel_fails(
    slack: Chat, mailbox: Mailbox, move_clock: MoveClock
) -> None:
    world, _ = asked_in_slack()
    slack.refusals = [PermanentFailure("No such user.")]
    mailbox.refused = {"alice@"}
    for moved in (1, 2, 3):
        move_clock(DUE * moved)
        deliver_due()
    assert told(world, "requested")[:2] == [
        ("Alice", "slack", "failed"),
        ("Alice", "email", "failed"),
    ]
    assert told(world, "alert") == [("Carl", "email", "sent")]


def test_whoever_got_it_on_the_second_channel_hears_the_answer_there(
    slack: Chat, mailbox: Mailbox, move_clock: MoveClock
) -> None:
    world, row = asked_in_slack()
    slack.refusals = [PermanentFailure("No such user.")]
    send_notification(tenant_id=world.company.id, notification_id=row.pk)
    with tenant_transaction(world.company.id):
        request = ActionRequest.objects.get()
    world.vote(world.company.bob, request, Verdict.DENY)
    assert told(world, "decided") == [("Alice", "email", "queued"), ("Bob", "email", "queued")]


def test_a_channel_that_nothing_serves_is_followed_by_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(TRANSPORTS, SLACK, raising=False)
    world, row = asked_in_slack()
    send_notification(tenant_id=world.company.id, notification_id=row.pk)
    assert rows(world, pk=row.pk)[0].last_error == "Nothing is sent on this channel here."
    assert told(world, "requested")[1] == ("Alice", "email", "queued")


def statements(world: World, request: ActionRequest, many: list[Membership]) -> int:
    with tenant_transaction(world.company.id), CaptureQueriesContext(connection) as seen:
        notifications.notify(
            many, kind=NotificationKind.COMMENTED, dedup_key=f"c:{len(many)}", request=request
        )
    return len(seen)


def test_telling_many_costs_what_telling_one_does() -> None:
    world = make_world(FOUR_EYES)
    request = world.submit()
    people = world.approvers(world.company.finance, 6)
    for member in people:
        prefer(world, member, digest=Digest.HOURLY)
    # The wishes, the time, and the rows.
    assert statements(world, request, people[:1]) == 3
    assert statements(world, request, people) == 3
    assert {row.status for row in rows(world, kind="commented")} == {DeliveryStatus.QUEUED}
