"""The sweeper's process and beat's backup reach the same work."""

import threading
from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from celery import current_app
from django.conf import settings
from django.core.management import call_command
from pytest_django.fixtures import Settings

from approvals.management.commands.sweep_timers import sweep_until
from approvals.models import ActionRequest, Notification
from approvals.sweeps import SWEEPS, sweep_all
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import FOUR_EYES, HOUR, World, make_world
from tests.conftest import MoveClock
from tests.support.committed import CommittedDatabase
from tests.support.smtp import running_mail_server


def status(world: World) -> str:
    with tenant_transaction(world.company.id):
        return ActionRequest.objects.get().status


@pytest.mark.django_db
def test_the_command_does_what_is_due(move_clock: MoveClock) -> None:
    world = make_world(FOUR_EYES)
    world.submit()
    move_clock(4 * HOUR)
    out = StringIO()
    call_command("sweep_timers", stdout=out)
    assert (out.getvalue(), status(world)) == ("1 done\n", "expired")


def test_the_steady_process_sweeps_until_it_is_told_to_stop(
    committed_db: CommittedDatabase,
) -> None:
    world = make_world(FOUR_EYES)
    world.submit()
    committed_db.move_clock(4 * HOUR + timedelta(seconds=1))
    stop = threading.Event()

    def steadily() -> str:
        sweep_until(stop)
        return "stopped"

    def wait_for_it() -> str:
        try:
            until(lambda: status(world) == "expired")
            return "expired"
        finally:
            stop.set()

    assert committed_db.at_once([steadily, wait_for_it]) == ["stopped", "expired"]


def test_no_deadline_waits_for_a_mail_server_that_does_not_answer(
    committed_db: CommittedDatabase, settings: Settings
) -> None:
    world = make_world(FOUR_EYES)
    world.submit()
    with running_mail_server() as mailbox:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mailbox.port
        mailbox.may_answer.clear()
        committed_db.move_clock(timedelta(minutes=1))
        stop = threading.Event()

        def steadily() -> str:
            sweep_until(stop)
            return "stopped"

        def wait_for_it() -> tuple[str, int]:
            try:
                # A message has been claimed and waits for the server; now the deadline passes.
                until(lambda: attempts(world) == 1)
                committed_db.move_clock(4 * HOUR + timedelta(seconds=1))
                until(lambda: status(world) == "expired")
                return status(world), len(mailbox.messages)
            finally:
                stop.set()
                mailbox.may_answer.set()

        assert committed_db.at_once([steadily, wait_for_it]) == ["stopped", ("expired", 0)]
    assert mailbox.recipients != []


def attempts(world: World) -> int:
    with tenant_transaction(world.company.id):
        return sum(Notification.objects.values_list("attempts", flat=True))


def until(holds: Callable[[], bool]) -> None:
    """Wait for it, two minutes at the most."""
    pause = threading.Event()
    for _ in range(2400):
        if holds():
            return
        pause.wait(0.05)
    raise AssertionError("It did not happen.")


@pytest.mark.django_db
def test_a_sweep_that_fails_stops_no_other(
    move_clock: MoveClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(FOUR_EYES)
    world.submit()
    move_clock(4 * HOUR)
    monkeypatch.setattr("approvals.sweeps.SWEEPS", ("approvals.nowhere.to_be_found", *SWEEPS))
    assert sweep_all() >= 1
    assert status(world) == "expired"


def test_beat_kicks_tasks_that_exist() -> None:
    current_app.loader.import_default_modules()
    schedule = settings.CELERY_BEAT_SCHEDULE
    assert (schedule["sweep"]["task"], schedule["watch"]["task"]) == (
        "approvals.sweep",
        "approvals.watch",
    )
    assert all(entry["task"] in current_app.tasks for entry in schedule.values())
