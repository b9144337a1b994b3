"""Repetitions of an escalation, and handing the reminders over to whom it adds."""

from datetime import timedelta
from typing import Any

import pytest

from approvals.enums import RequestStatus
from approvals.models import Notification, RequirementStage, Timer
from approvals.services.timers import sweep
from audit.models import LedgerEvent
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import HOUR, MINUTE, World, make_world, policy, stage
from tests.conftest import MoveClock
from tests.support.recorded import read

pytestmark = pytest.mark.django_db

MANAGERS = [{"group": "managers"}]
INSISTING = {"after": "1h", "add": MANAGERS, "repeat": {"every": "30m", "times": 2}}
HANDED_OVER = INSISTING | {"hand_over": True}


def told(world: World) -> list[tuple[str, str, int | None]]:
    """Who was told what after the question, and for which repetition, in the order of writing."""
    with tenant_transaction(world.company.id):
        rows = Notification.objects.exclude(kind="requested").select_related("member__user")
        return [
            (str(row.member), row.kind, row.content.get("repetition"))
            for row in rows.order_by("created_at", "kind", "member__user__name")
        ]


def events(world: World) -> list[tuple[str, Any]]:
    with tenant_transaction(world.company.id):
        found = LedgerEvent.objects.filter(type__startswith="timer.").order_by("pk")
        return [(each.type, read(each)["summary"].split(";")[0]) for each in found]


def timers(world: World) -> list[tuple[str, int, timedelta, str]]:
    with tenant_transaction(world.company.id):
        opened = RequirementStage.objects.get().opened_at
        assert opened is not None
        return [
            (each.kind, each.level, each.due_at - opened, each.status)
            for each in Timer.objects.order_by("due_at")
        ]


def test_each_repetition_is_a_timer_of_its_own_until_the_deadline() -> None:
    last = {"after": "3h", "add": [{"group": "risk"}]}
    world = make_world(policy(stage("finance", escalations=[INSISTING, last])))
    world.submit()
    assert timers(world) == [
        ("escalate", 0, HOUR, "armed"),
        ("escalate", 1, 90 * MINUTE, "armed"),
        ("escalate", 2, 2 * HOUR, "armed"),
        ("escalate", 3, 3 * HOUR, "armed"),
        ("expire", 0, 4 * HOUR, "armed"),
    ]


def test_repetitions_end_and_then_it_expires(move_clock: MoveClock) -> None:
    world = make_world(policy(stage("finance", escalations=[INSISTING])))
    world.submit()
    for minutes in range(30, 300, 30):
        move_clock(minutes * MINUTE + timedelta(seconds=1))
        sweep()
    assert events(world) == [
        ("timer.escalated", "Stage “review” was escalated: group managers added"),
        ("timer.repeated", "Escalation of stage “review” repeated, 1 of 2"),
        ("timer.repeated", "Escalation of stage “review” repeated, 2 of 2"),
    ]
    assert told(world) == [
        ("Alice", "escalated", None),
        ("Charlie", "escalated", None),
        ("Alice", "escalated", 1),
        ("Charlie", "escalated", 1),
        ("Alice", "escalated", 2),
        ("Charlie", "escalated", 2),
        ("Alice", "decided", None),
        ("Charlie", "decided", None),
    ]


def test_after_handing_over_only_those_who_were_added_are_prompted(move_clock: MoveClock) -> None:
    reminders = ["30m", "80m", "3h"]
    world = make_world(policy(stage("finance", reminders=reminders, escalations=[HANDED_OVER])))
    request = world.submit()
    for minutes in (30, 60, 80, 90, 120, 180):
        move_clock(minutes * MINUTE + timedelta(seconds=1))
        assert sweep() == 1
    assert told(world) == [
        ("Alice", "reminder", None),
        ("Alice", "escalated", None),
        ("Charlie", "escalated", None),
        ("Charlie", "reminder", None),
        ("Charlie", "escalated", 1),
        ("Charlie", "escalated", 2),
        ("Charlie", "reminder", None),
    ]
    # Whoever was there first keeps the seat.
    assert world.vote(world.company.alice, request).status == RequestStatus.APPROVED


def test_those_who_hand_over_are_told_that_they_do(move_clock: MoveClock) -> None:
    world = make_world(policy(stage("finance", escalations=[HANDED_OVER])))
    world.submit()
    move_clock(HOUR + MINUTE)
    sweep()
    with tenant_transaction(world.company.id):
        rows = Notification.objects.filter(kind="escalated").order_by("member__user__name")
        assert [row.content for row in rows] == [
            {"added": "group managers", "hands_over": True, "is_new": is_new}
            for is_new in (False, True)
        ]


def test_reminders_go_back_to_all_where_nobody_who_took_over_may_vote(
    move_clock: MoveClock,
) -> None:
    world = make_world(policy(stage("finance", reminders=["2h"], escalations=[HANDED_OVER])))
    world.submit()
    move_clock(HOUR + MINUTE)
    sweep()
    with tenant_transaction(world.company.id):
        world.company.managers.members.all().delete()
    move_clock(2 * HOUR + MINUTE)
    sweep()
    assert told(world)[-1] == ("Alice", "escalated", 2)


def test_a_second_hand_over_takes_over_from_the_first(move_clock: MoveClock) -> None:
    world = make_world(
        policy(
            stage(
                "finance",
                reminders=["3h"],
                escalations=[
                    {"after": "1h", "add": MANAGERS, "hand_over": True},
                    {"after": "2h", "add": [{"group": "risk"}], "hand_over": True},
                ],
            )
        )
    )
    world.submit()
    for hours in (1, 2, 3):
        move_clock(hours * HOUR + timedelta(seconds=1))
        assert sweep() == 1
    assert [each for each in told(world) if each[1] == "reminder"] == [("Bob", "reminder", None)]


def test_after_an_outage_the_latest_repetition_says_that_it_was_escalated(
    move_clock: MoveClock,
) -> None:
    world = make_world(policy(stage("finance", reminders=["50m"], escalations=[HANDED_OVER])))
    request = world.submit()
    move_clock(3 * HOUR)
    assert sweep() == 4
    assert [(kind, level, status) for kind, level, _, status in timers(world)] == [
        ("remind", 0, "fired"),
        ("escalate", 0, "skipped"),
        ("escalate", 1, "skipped"),
        ("escalate", 2, "fired"),
        ("expire", 0, "armed"),
    ]
    # One message for each of them, however much was due.
    assert told(world) == [("Alice", "escalated", None), ("Charlie", "escalated", None)]
    assert [kind for kind, _ in events(world)] == [
        "timer.skipped_late",
        "timer.skipped_late",
        "timer.reminded",
        "timer.escalated",
    ]
    assert world.vote(world.company.charlie, request).status == RequestStatus.APPROVED


def test_what_was_due_in_an_outage_does_not_move_what_comes_after(move_clock: MoveClock) -> None:
    world = make_world(policy(stage("finance", escalations=[INSISTING])))
    world.submit()
    move_clock(HOUR + 29 * MINUTE)
    assert sweep() == 1
    move_clock(HOUR + 31 * MINUTE)
    assert sweep() == 1
    assert [(level, due) for kind, level, due, _ in timers(world) if kind == "escalate"] == [
        (0, HOUR),
        (1, 90 * MINUTE),
        (2, 2 * HOUR),
    ]
