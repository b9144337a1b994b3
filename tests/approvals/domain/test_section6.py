"""Time: section 6 of the domain page, sentence by sentence."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from approvals.models import (
    ActionRequest,
    Finding,
    Notification,
    RequirementStage,
    Timer,
)
from approvals.services.timers import sweep
from approvals.services.watch import watch
from audit.models import LedgerEvent
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tests.approvals.domain.acts import edit, empty_group, open_amount, told
from tests.approvals.selectors.test_stage_clock import at, set_office
from tests.approvals.services.test_watch import sent_away
from tests.approvals.standing import fresh, recorded
from tests.approvals.world import FOUR_EYES, HOUR, MINUTE, Document, World, make_world, stage
from tests.approvals.world import policy as one_rule
from tests.conftest import MoveClock
from tests.support.committed import CommittedDatabase

SECOND = timedelta(seconds=1)
MANAGERS = [{"group": "managers"}]
BUSY = one_rule(
    stage("finance", reminders=["1h", "2h"], escalations=[{"after": "3h", "add": MANAGERS}])
)


@pytest.fixture
def world(db: None) -> World:
    return make_world(BUSY)


def timers(world: World) -> list[tuple[str, int, str]]:
    with tenant_transaction(world.company.id):
        rows = Timer.objects.order_by("due_at")
        return [(each.kind, each.level, each.status) for each in rows]


def due(world: World) -> list[tuple[str, timedelta]]:
    """When each timer is due after the stage opened."""
    with tenant_transaction(world.company.id):
        opened = RequirementStage.objects.get().opened_at
        assert opened is not None
        return [(each.kind, each.due_at - opened) for each in Timer.objects.order_by("due_at")]


# All instants come from the database clock, stored in UTC. A deadline is computed once, when its
# stage opens, from the tenant's time zone, business hours and holidays: an hour that occurs twice
# is counted once, one that does not exist is passed over.


def test_all_instants_come_from_the_database_clock(world: World, move_clock: MoveClock) -> None:
    """All instants come from the database clock, stored in UTC."""
    move_clock(1000 * HOUR)
    request = world.vote(world.company.alice, world.submit())
    with tenant_transaction(world.company.id):
        now = clock.now()
        stored = ActionRequest.objects.get(pk=request.pk)
        vote = stored.votes.get()
    instants = [stored.submitted_at, vote.cast_at, stored.decided_at]
    assert all(each and now - MINUTE < each <= now for each in instants)
    assert {each.utcoffset() for each in instants if each} == {timedelta(0)}


def test_a_deadline_is_computed_once_when_its_stage_opens(move_clock: MoveClock) -> None:
    """A deadline is computed once, when its stage opens, from the tenant's time zone, …"""
    at(move_clock, "2026-12-23T14:30")  # 15:30 in Berlin; Christmas and Sunday follow
    world = make_world(one_rule(stage("finance", counting="business_hours", deadline="10h")))
    set_office(world)
    request = world.submit()
    assert request.deadline_at is not None
    assert request.deadline_at.replace(second=0, microsecond=0) == datetime(
        2026, 12, 28, 8, 30, tzinfo=UTC
    )
    set_office(world, time_zone="America/New_York", holiday_country="US")
    assert fresh(request).deadline_at == request.deadline_at


@pytest.mark.parametrize(
    ("submitted", "deadline"),
    [
        ("2026-10-25T00:30", "2026-10-25T02:30"),  # 02:30 to 03:30, the hour that comes twice
        ("2026-03-29T00:30", "2026-03-29T01:30"),  # 01:30 to 03:30, the hour that is not there
    ],
    ids=["twice", "never"],
)
def test_the_hours_in_which_clocks_change(
    move_clock: MoveClock, submitted: str, deadline: str
) -> None:
    """An hour that occurs twice is counted once, one that does not exist is passed over."""
    at(move_clock, submitted)
    world = make_world(one_rule(stage("finance", counting="business_hours", deadline="1h")))
    hours = {"business_days": list(range(7)), "business_from": "00:00", "business_to": "23:59"}
    set_office(world, **hours, holiday_country="")
    found = world.submit().deadline_at
    assert found is not None
    wanted = datetime.fromisoformat(deadline).replace(tzinfo=UTC)
    assert abs(found - wanted) < MINUTE


# Timers are rows. The row is the schedule; Celery executes it, and never holds it (no `eta`, no
# `countdown` beyond seconds). Workers claim due rows with `FOR UPDATE SKIP LOCKED`; each firing
# writes its event and its outbox rows in the same transaction, with a unique key that makes
# firing twice impossible.


def test_timers_are_rows(world: World) -> None:
    """Timers are rows. The row is the schedule …"""
    world.submit()
    assert timers(world) == [
        ("remind", 0, "armed"),
        ("remind", 1, "armed"),
        ("escalate", 0, "armed"),
        ("expire", 0, "armed"),
    ]


def test_celery_never_holds_the_schedule() -> None:
    """… Celery executes it, and never holds it (no `eta`, no `countdown` beyond seconds)."""
    held = re.compile(r"\b(eta|countdown)\s*=")
    sources = [
        path
        for place in ("approvals", "tenants", "audit", "govapp")
        for path in (Path(settings.BASE_DIR) / place).rglob("*.py")
    ]
    assert len(sources) > 100
    assert [str(path) for path in sources if held.search(path.read_text())] == []


def test_workers_pass_over_what_another_holds(committed_db: CommittedDatabase) -> None:
    """Workers claim due rows with `FOR UPDATE SKIP LOCKED` …"""
    world = make_world(BUSY)
    held, free = world.submit(), world.submit()
    committed_db.move_clock(HOUR + SECOND)
    with tenant_transaction(world.company.id):
        ActionRequest.objects.select_for_update().get(pk=held.pk)
        assert committed_db.at_once([sweep]) == [1]
    assert (recorded(held, "timer."), recorded(free, "timer.")) == ([], ["timer.reminded"])
    assert sweep() == 1


def test_a_firing_writes_its_event_and_messages_together_or_not_at_all(
    world: World, move_clock: MoveClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each firing writes its event and its outbox rows in the same transaction …"""
    request = world.submit()
    move_clock(HOUR + SECOND)

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("The messages could not be written.")

    with monkeypatch.context() as broken:
        broken.setattr("approvals.services.prompts.queue_messages", fails)
        assert sweep() == 0
    assert (recorded(request, "timer."), timers(world)[0]) == ([], ("remind", 0, "armed"))
    assert sweep() == 1
    assert (recorded(request, "timer."), told(world, "reminder")) == (["timer.reminded"], ["Alice"])


def test_firing_twice_is_impossible(world: World, move_clock: MoveClock) -> None:
    """… with a unique key that makes firing twice impossible."""
    world.submit()
    move_clock(HOUR + SECOND)
    assert [sweep(), sweep()] == [1, 0]
    with tenant_transaction(world.company.id):
        (sent,) = Notification.objects.filter(kind="reminder")
        (timer,) = Timer.objects.filter(status="fired")
        for row in (sent, timer):
            row.pk = None
            row._state.adding = True
            with pytest.raises(IntegrityError), transaction.atomic():
                row.save(force_insert=True)


# A timer carries the request's version it was armed for; if the request has moved on, it is
# closed as superseded.


def test_a_timer_of_a_former_version_is_closed_as_superseded(world: World) -> None:
    """A timer carries the request's version …; if the request has moved on, it is closed …"""
    open_amount(world)
    request = world.submit()
    world.publish(FOUR_EYES)
    edit(world, world.company.alice, request, amount="800.00")
    with tenant_transaction(world.company.id):
        found = set(Timer.objects.values_list("request_version", "status"))
    assert found == {(1, "superseded"), (2, "armed")}


# The next due time is the previous due time plus the delay, never "now plus".


def test_the_next_due_time_counts_from_the_previous_one(db: None, move_clock: MoveClock) -> None:
    """The next due time is the previous due time plus the delay, never "now plus"."""
    world = make_world(one_rule(stage("finance", reminders={"every": "1h", "times": 3})))
    world.submit()
    before = due(world)
    move_clock(100 * MINUTE)  # the first fires forty minutes late
    assert sweep() == 1
    assert due(world) == before
    assert [after for _, after in before] == [HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR]


# After an outage only the latest due level fires per request, and the skipped ones are recorded
# as late: no burst of old reminders.


def test_after_an_outage_only_the_latest_level_fires(world: World, move_clock: MoveClock) -> None:
    """After an outage only the latest due level fires per request, … recorded as late …"""
    request = world.submit()
    move_clock(2 * HOUR + SECOND)
    sweep()
    assert timers(world)[:2] == [("remind", 0, "skipped"), ("remind", 1, "fired")]
    assert recorded(request, "timer.") == ["timer.skipped_late", "timer.reminded"]
    assert told(world, "reminder") == ["Alice"]


# Escalation adds people. It never removes the first ones and never lowers the quorum. Repeats are
# bounded; the last thing that can happen is expiry.


ESCALATED: Document = one_rule(
    stage(
        ("finance", 2),
        escalations=[
            {"after": "1h", "add": MANAGERS, "repeat": {"every": "30m", "times": 2}},
        ],
    )
)


def test_escalation_adds_people_and_never_removes_the_first_ones(
    db: None, move_clock: MoveClock
) -> None:
    """Escalation adds people. It never removes the first ones …"""
    world = make_world(ESCALATED)
    world.approvers_named(world.company.finance, "dora")
    request = world.submit()
    move_clock(HOUR + SECOND)
    sweep()
    assert world.vote(world.company.charlie, request).is_pending
    assert world.vote(world.company.alice, request).status == "approved"


def test_escalation_never_lowers_the_quorum(db: None, move_clock: MoveClock) -> None:
    """… and never lowers the quorum."""
    world = make_world(ESCALATED)
    world.approvers_named(world.company.finance, "dora")
    request = world.submit()
    move_clock(3 * HOUR)
    sweep()
    assert world.vote(world.company.charlie, request).is_pending
    with tenant_transaction(world.company.id):
        assert [each["count"] for each in RequirementStage.objects.get().seats] == [2]


def test_repeats_are_bounded_and_the_last_thing_is_expiry(db: None, move_clock: MoveClock) -> None:
    """Repeats are bounded; the last thing that can happen is expiry."""
    world = make_world(ESCALATED)
    world.approvers_named(world.company.finance, "dora")
    request = world.submit()
    for minutes in range(0, 600, 30):
        move_clock(minutes * MINUTE + SECOND)
        sweep()
    assert recorded(request, "timer.") == ["timer.escalated", *["timer.repeated"] * 2]
    assert fresh(request).status == "expired"
    assert "armed" not in {status for *_, status in timers(world)}


# An auditor task looks every minute for what must not exist: an open stage without a timer, a
# timer overdue by more than 30 s, an outbox row unsent for 2 minutes, a pending request whose
# quorum cannot be reached any more. What it finds raises an alert in the tenant's inbox and a
# metric.


def found(world: World) -> list[str]:
    """What the auditor finds, once what is none of this test's business is out of the way."""
    return [fault.kind for fault in watch()]


def test_the_auditor_looks_every_minute() -> None:
    """An auditor task looks every minute for what must not exist …"""
    from govapp.celery import app

    every = [each for each in app.conf.beat_schedule.values() if "watch" in each["task"]]
    assert [each["schedule"] <= 60 for each in every] == [True]


def test_the_auditor_finds_an_open_stage_without_a_timer(world: World) -> None:
    """… an open stage without a timer …"""
    world.submit()
    with tenant_transaction(world.company.id):
        Timer.objects.filter(kind="expire").update(status="superseded")
    assert found(world) == ["stage_without_timer"]


def test_the_auditor_finds_a_timer_that_is_overdue(world: World, move_clock: MoveClock) -> None:
    """… a timer overdue by more than 30 s …"""
    world.submit()
    sent_away(world)
    move_clock(HOUR + 20 * SECOND)
    assert found(world) == []
    move_clock(HOUR + 40 * SECOND)
    assert found(world) == ["timer_overdue"]


def test_the_auditor_finds_what_is_unsent(world: World, move_clock: MoveClock) -> None:
    """… an outbox row unsent for 2 minutes …"""
    world.submit()
    sent_away(world)
    with tenant_transaction(world.company.id):
        Notification.objects.update(status="queued")
    move_clock(110 * SECOND)
    assert found(world) == []
    move_clock(130 * SECOND)
    assert found(world) == ["message_unsent"]


def test_the_auditor_finds_a_quorum_out_of_reach(world: World) -> None:
    """… a pending request whose quorum cannot be reached any more."""
    world.submit()
    empty_group(world, "finance")
    assert found(world) == ["quorum_unreachable"]


def test_what_it_finds_raises_an_alert_and_a_metric(world: World) -> None:
    """What it finds raises an alert in the tenant's inbox and a metric."""
    world.submit()
    with tenant_transaction(world.company.id):
        Timer.objects.filter(kind="expire").update(status="superseded")
    watch()
    with tenant_transaction(world.company.id):
        (kept,) = Finding.objects.filter(cleared_at=None)  # what the inbox shows
        assert LedgerEvent.objects.filter(type="finding.opened").count() == 1
    assert (kept.kind, told(world, "alert")) == ("stage_without_timer", ["Carl"])
