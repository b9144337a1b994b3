"""The sweeper's process and beat's backup reach the same work."""

import threading
from datetime import timedelta
from io import StringIO

import pytest
from celery import current_app
from django.conf import settings
from django.core.management import call_command

from approvals.management.commands.sweep_timers import sweep_until
from approvals.models import ActionRequest
from approvals.sweeps import SWEEPS, sweep_all
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import FOUR_EYES, HOUR, World, make_world
from tests.conftest import MoveClock
from tests.support.committed import CommittedDatabase


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
        pause = threading.Event()
        try:
            for _ in range(600):
                if status(world) == "expired":
                    return "expired"
                pause.wait(0.05)
            return "never"
        finally:
            stop.set()

    assert committed_db.at_once([steadily, wait_for_it]) == ["stopped", "expired"]


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
