"""Many messages, one hint: whoever takes it sends its part and hands the rest on."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from approvals.models import Notification
from approvals.services import delivery, sending
from approvals.services.sending import send_notifications_of
from approvals.services.timers import sweep
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import HOUR, MINUTE, World, make_world, policy, stage
from tests.conftest import MoveClock
from tests.support.smtp import Mailbox, running_mail_server

pytestmark = pytest.mark.django_db

PEOPLE = ["alice@acme.example", "bob@acme.example"]


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[Mailbox]:
    with running_mail_server() as box:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        yield box


@pytest.fixture
def world(move_clock: MoveClock) -> World:
    """Three requests of which reminders are due."""
    world = make_world(policy(stage("finance", "risk", reminders=["1h"])))
    for _ in range(3):
        world.submit()
    move_clock(HOUR + MINUTE)
    return world


def reminders(world: World) -> list[Notification]:
    with tenant_transaction(world.company.id):
        return list(Notification.objects.filter(kind="reminder"))


def hints_in(callbacks: list[Any]) -> list[Any]:
    """Those of the callbacks of a commit that hand work on."""
    return [each for each in callbacks if each.__module__ == "govapp.common.queue"]


def test_a_batch_gives_one_hint_by_which_all_its_messages_are_sent(
    world: World, mailbox: Mailbox, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as done:
        assert sweep() == 3
    assert len(hints_in(done)) == 1
    (at,) = {each.next_attempt_at for each in reminders(world)}
    assert send_notifications_of(tenant_id=world.company.id, at=at) == 6
    assert sorted(mailbox.recipients) == sorted(PEOPLE * 3)
    assert send_notifications_of(tenant_id=world.company.id, at=at) == 0


def test_what_one_worker_does_not_send_is_handed_on(
    world: World,
    mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    monkeypatch.setattr(sending, "_PER_HINT", 2)
    sweep()
    (at,) = {each.next_attempt_at for each in reminders(world)}
    with django_capture_on_commit_callbacks() as done:
        assert send_notifications_of(tenant_id=world.company.id, at=at) == 2
    assert len(hints_in(done)) == 2
    assert len(mailbox.recipients) == 2


def test_a_hint_sends_nothing_of_another_instant(world: World, mailbox: Mailbox) -> None:
    sweep()
    at = reminders(world)[0].next_attempt_at
    assert send_notifications_of(tenant_id=world.company.id, at=at - MINUTE) == 0
    assert mailbox.recipients == []


def test_what_a_round_of_the_sweep_leaves_over_is_handed_on(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    make_world(policy(stage("finance", "risk")), slug="other").submit()
    monkeypatch.setattr(sending, "_PER_HINT", 4)
    monkeypatch.setattr(delivery, "_ROUND_SECONDS", 0.0)
    monkeypatch.setattr(delivery, "_hints", delivery._Hints())
    hints = []
    for _ in range(2):
        with django_capture_on_commit_callbacks() as done:
            assert delivery.deliver_due() == 0
        hints.append(len(hints_in(done)))
    # Six messages here and two there; the next round comes too soon to hint again.
    assert hints == [2 + 1, 0]
