"""Replays: how they begin, run and end, who may have them, files, and the quick one."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.enums import SimulationStatus
from approvals.models import ActionRequest, PolicySimulation, SimulatedChange
from approvals.policies import Policy, parse_policy
from approvals.selectors import recorded
from approvals.selectors.replaying import Replaying
from approvals.selectors.simulations import percent_done, simulation_summary
from approvals.services import replay_quick as quick
from approvals.services import simulation_runs
from approvals.services.policies import propose_policy
from approvals.services.simulations import (
    cancel_simulation,
    download_simulation,
    replay_quick,
    run_simulation,
    start_simulation,
    take_over_simulations,
)
from govapp.common import clock
from govapp.common.errors import Conflict, Forbidden, Invalid, NotFound, RateLimited
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tests.approvals.services.replays import (
    again,
    changes,
    events,
    one_by_one,
    over,
    paid,
    replayed,
    started,
    text,
)
from tests.approvals.world import FOUR_EYES, World, make_world
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    return make_world(FOUR_EYES)


def test_start_and_end_are_events(world: World) -> None:
    paid(world, "100")
    replayed(world, over("500"))
    beginning, end = events(world)
    assert beginning == "Carl started a replay of recorded requests under a policy."
    assert end == (
        "A replay of recorded requests was finished: 1 of 1 request would have been decided"
        " otherwise."
    )


@pytest.mark.parametrize("who", ["olivia", "alice", "audrey"])
def test_only_compliance_starts(world: World, who: str) -> None:
    with tenant_transaction(world.company.id), pytest.raises(Forbidden):
        start_simulation(actor=getattr(world.company, who), source=text(FOUR_EYES))


def test_what_is_no_policy_no_period_or_another_version_is_refused(world: World) -> None:
    carl = world.company.carl
    with tenant_transaction(world.company.id):
        version = propose_policy(actor=carl, source=text(over("50")))
        for wrong in (
            {"source": "version: 2"},
            {"source": text(FOUR_EYES), "period": "7d"},
            {"source": text(FOUR_EYES), "version": version},
        ):
            with pytest.raises(Invalid):
                start_simulation(actor=carl, **wrong)


def test_three_at_once_are_enough(world: World) -> None:
    first, *_ = (started(world, FOUR_EYES) for _ in range(3))
    with pytest.raises(Conflict, match="3 replays are under way"):
        started(world, FOUR_EYES)
    run_simulation(tenant_id=world.company.id, simulation_id=first.pk)
    assert started(world, FOUR_EYES).status == SimulationStatus.QUEUED


def test_a_cancelled_replay_is_left_alone(world: World) -> None:
    simulation = started(world, FOUR_EYES)
    with tenant_transaction(world.company.id):
        cancel_simulation(actor=world.company.carl, simulation=simulation)
    run_simulation(tenant_id=world.company.id, simulation_id=simulation.pk)
    assert again(world, simulation).status == SimulationStatus.CANCELLED
    with tenant_transaction(world.company.id), pytest.raises(Conflict):
        cancel_simulation(actor=world.company.carl, simulation=simulation)


def interrupted(
    world: World, simulation: PolicySimulation, monkeypatch: pytest.MonkeyPatch, between: Any
) -> PolicySimulation:
    """Run the replay a request at a time, and do something after the first."""
    steps = Replaying.steps
    is_first: list[bool] = []

    def watched(self: Replaying) -> Iterator[Any]:
        for found in steps(self):
            yield found
            if not is_first:
                is_first.append(True)
                between()

    one_by_one(monkeypatch)
    monkeypatch.setattr(Replaying, "steps", watched)
    run_simulation(tenant_id=world.company.id, simulation_id=simulation.pk)
    return again(world, simulation)


def test_progress_is_there_to_be_seen_and_cancelling_stops_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid(world, "100", "200", "900")
    simulation, seen = started(world, over("500")), []

    def cancel() -> None:
        shown = again(world, simulation)
        seen.append((shown.status, shown.replayed, shown.total, percent_done(shown)))
        with tenant_transaction(world.company.id):
            cancel_simulation(actor=world.company.carl, simulation=shown)

    done = interrupted(world, simulation, monkeypatch, cancel)
    assert seen == [(SimulationStatus.RUNNING, 1, 3, 33)]
    assert (done.status, done.replayed) == (SimulationStatus.CANCELLED, 1)


def test_a_fault_ends_it_with_a_sentence(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    paid(world, "100", "200")

    def fail() -> None:
        raise RuntimeError("secret detail")

    done = interrupted(world, started(world, over("500")), monkeypatch, fail)
    assert done.status == SimulationStatus.FAILED
    assert done.error == (
        "It stopped because of a fault of ours, which was logged. Start it again."
    )
    assert events(world, "failed") == [f"A replay of recorded requests failed: {done.error}"]


def test_one_that_takes_too_long_says_how_far_it_came(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid(world, "100", "200")
    monkeypatch.setattr(simulation_runs, "LONGEST", -1.0)
    done = interrupted(world, started(world, over("500")), monkeypatch, lambda: None)
    assert done.error == "After 1 of 2 requests its time was over. Choose a shorter period."


def crashed(world: World, simulation: PolicySimulation, *, run: int = 1) -> None:
    """Leave it as a process does that is killed in the middle."""
    with tenant_transaction(world.company.id):
        PolicySimulation.objects.filter(pk=simulation.pk).update(
            status=SimulationStatus.RUNNING, run=run, replayed=1, touched_at=clock.now()
        )
        SimulatedChange.objects.create(
            simulation=simulation, request=ActionRequest.objects.earliest("id"), position=1,
            before="deny", after="allow", direction="looser", because="half done",
        )  # fmt: skip


def test_a_crashed_run_is_taken_over_from_the_beginning(
    world: World, move_clock: MoveClock
) -> None:
    paid(world, "100", "900")
    simulation = started(world, over("500"))
    crashed(world, simulation)
    run_simulation(tenant_id=world.company.id, simulation_id=simulation.pk)
    assert again(world, simulation).status == SimulationStatus.RUNNING  # perhaps it still lives
    move_clock(timedelta(seconds=61))
    assert take_over_simulations() == 1
    run_simulation(tenant_id=world.company.id, simulation_id=simulation.pk)
    done = again(world, simulation)
    assert (done.status, done.run, done.replayed) == (SimulationStatus.DONE, 2, 2)
    assert changes(world, done) == [("100.00", "require_approval", "allow", "looser")]
    assert take_over_simulations() == 0


def test_a_run_that_was_replaced_writes_nothing_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid(world, "100", "200")
    simulation = started(world, over("500"))

    def replace() -> None:
        with tenant_transaction(world.company.id):
            PolicySimulation.objects.filter(pk=simulation.pk).update(run=2)

    done = interrupted(world, simulation, monkeypatch, replace)
    assert (done.status, done.run, done.replayed) == (SimulationStatus.RUNNING, 2, 1)


def test_what_never_ends_is_given_up(world: World, move_clock: MoveClock) -> None:
    paid(world, "100")
    simulation = started(world, FOUR_EYES)
    crashed(world, simulation, run=3)
    move_clock(timedelta(seconds=61))
    run_simulation(tenant_id=world.company.id, simulation_id=simulation.pk)
    done = again(world, simulation)
    assert done.error == (
        "It was begun 3 times and never came to its end. Choose a shorter period."
    )


def test_only_what_is_done_is_downloaded(world: World) -> None:
    waiting, carl = started(world, FOUR_EYES), world.company.carl
    with tenant_transaction(world.company.id), pytest.raises(Conflict):
        download_simulation(actor=carl, simulation=waiting, form="csv")


def test_the_files_hold_every_change_and_are_safe_in_a_spreadsheet(world: World) -> None:
    world.submit(payload={"amount": "100.00"}, summary="=HYPERLINK(1)")
    paid(world, "200", "900")
    done = replayed(world, over("500"))
    with tenant_transaction(world.company.id):
        table, _ = download_simulation(actor=world.company.audrey, simulation=done, form="csv")
        whole, digest = download_simulation(actor=world.company.carl, simulation=done, form="json")
        with pytest.raises(NotFound):
            download_simulation(actor=world.company.carl, simulation=done, form="xlsx")
        with pytest.raises(Forbidden):
            download_simulation(actor=world.company.alice, simulation=done, form="csv")
        summary = simulation_summary(done)
    rows = list(csv.DictReader(io.StringIO(table.decode())))
    assert [(row["summary"], row["after"]) for row in rows] == [
        ("Pay Acme Ltd", "allow"), ("'=HYPERLINK(1)", "allow"),
    ]  # fmt: skip
    document = json.loads(whole)
    assert len(document["listed"]) == 2
    assert {key: document[key] for key in summary} == summary
    assert digest == sha256(whole).hexdigest()
    assert events(world, "downloaded") == [
        "Audrey downloaded a replay of recorded requests (CSV).",
        "Carl downloaded a replay of recorded requests (JSON).",
    ]


def test_a_quick_replay_looks_at_the_newest_and_says_whether_that_was_all(world: World) -> None:
    paid(world, "900", "100", "200")
    carl = world.company.carl
    with tenant_transaction(world.company.id):
        whole = replay_quick(text(over("500")), "30d", actor=carl)
        newest = replay_quick(parse_policy(over("500")), "all", 2, actor=carl)
    assert (whole.summary["requests"], whole.is_whole, len(whole.changes)) == (3, True, 2)
    assert (newest.summary["requests"], newest.is_whole) == (2, False)
    assert newest.summary["changes"]["looser"] == 2


def test_a_quick_replay_ends_when_the_database_takes_too_long(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid(world, "100")
    slow = recorded._BATCH.replace("LIMIT %s", "LIMIT %s OFFSET (SELECT 0 FROM pg_sleep(5))")
    monkeypatch.setattr(recorded, "_BATCH", slow)
    monkeypatch.setattr(quick, "QUICK_STATEMENT", "50ms")
    with tenant_transaction(world.company.id):
        found = replay_quick(text(FOUR_EYES), actor=world.company.carl)
        assert (found.summary["requests"], found.is_whole) == (0, False)
        assert ActionRequest.objects.count() == 1  # the transaction goes on


def hammer(rules: Policy, member: Membership) -> None:
    for _ in range(40):
        replay_quick(rules, actor=member)


def test_who_asks_too_often_has_to_wait(world: World) -> None:
    rules = parse_policy(FOUR_EYES)
    with tenant_transaction(world.company.id):
        with pytest.raises(RateLimited):
            hammer(rules, world.company.carl)
        replay_quick(rules, actor=world.company.olivia)


def test_more_requests_of_a_batch_take_no_more_statements(world: World) -> None:
    counts = []
    for more in (1, 3):
        paid(world, *["100"] * more)
        simulation = started(world, over("500"))
        with CaptureQueriesContext(connection) as caught:
            run_simulation(tenant_id=world.company.id, simulation_id=simulation.pk)
        counts.append(len(caught))
    assert counts[0] == counts[1]
