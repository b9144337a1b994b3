"""Deadlines of requests by the office hours of their tenant."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.models import ActionRequest, RequirementStage, Timer
from approvals.services.timers import sweep
from govapp.common.tenancy import tenant_transaction
from tenants.models import Tenant
from tests.approvals.world import Document, World, make_world, policy, stage
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db

# Two stages, each of four business hours.
PATIENT: Document = {
    "counting": "business_hours",
    "reminders": ["1h"],
    "escalations": [
        {"after": "2h", "add": [{"group": "managers"}], "repeat": {"every": "1h", "times": 1}}
    ],
}
OFFICE = policy(stage("finance", **PATIENT), stage("risk", name="second", **PATIENT))


def set_office(world: World, **settings: Any) -> None:
    with tenant_transaction(world.company.id):
        Tenant.objects.update(
            **{
                "time_zone": "Europe/Berlin",
                "business_days": [0, 1, 2, 3, 4],
                "business_from": time(9),
                "business_to": time(17),
                "holiday_country": "DE",
            }
            | settings
        )


def at(move_clock: MoveClock, moment: str) -> None:
    """Let the database's clock show a moment, in UTC."""
    move_clock(datetime.fromisoformat(moment).replace(tzinfo=UTC) - datetime.now(UTC))


def office_world(move_clock: MoveClock, moment: str, **settings: Any) -> World:
    at(move_clock, moment)
    world = make_world(OFFICE)
    set_office(world, **settings)
    return world


def due(world: World) -> list[tuple[str, str]]:
    """What is armed, at which minute of UTC."""
    with tenant_transaction(world.company.id):
        return [
            (each.kind, f"{each.due_at.astimezone(UTC):%d %b %H:%M}")
            for each in Timer.objects.filter(status="armed").order_by("due_at")
        ]


def test_everything_of_a_stage_counts_while_the_office_is_open(move_clock: MoveClock) -> None:
    # The Wednesday before Christmas 2026, 15:30 in Berlin; the two days after Thursday are
    # holidays, then comes a Sunday.
    world = office_world(move_clock, "2026-12-23T14:30")
    request = world.submit()
    assert due(world) == [
        ("remind", "23 Dec 15:30"),
        ("escalate", "24 Dec 08:30"),
        ("escalate", "24 Dec 09:30"),
        ("expire", "24 Dec 10:30"),
    ]
    with tenant_transaction(world.company.id):
        found = RequirementStage.objects.get(position=0)
        assert found.deadline_at == request.deadline_at
        assert found.deadline_at == ActionRequest.objects.get().deadline_at


def test_the_next_stage_counts_from_its_own_opening(move_clock: MoveClock) -> None:
    world = office_world(move_clock, "2026-12-23T14:30")
    request = world.submit()
    at(move_clock, "2026-12-24T10:00")
    moved = world.vote(world.company.alice, request)
    assert [each for each in due(world) if each[0] == "expire"] == [("expire", "24 Dec 14:00")]
    at(move_clock, "2026-12-24T13:59")
    assert moved.is_pending
    assert world.vote(world.company.bob, moved).status == "approved"


def test_nothing_fires_over_the_weekend(move_clock: MoveClock) -> None:
    # A Friday, 16:30 in Berlin.
    world = office_world(move_clock, "2026-11-27T15:30")
    world.submit()
    at(move_clock, "2026-11-29T23:00")
    assert sweep() == 0
    at(move_clock, "2026-11-30T08:31")
    assert sweep() == 1


def test_a_tenant_that_moves_its_zone_moves_no_deadline_that_was_computed(
    move_clock: MoveClock,
) -> None:
    world = office_world(move_clock, "2026-11-25T10:00", holiday_country="")
    request = world.submit()
    before = due(world)
    set_office(world, time_zone="America/New_York", holiday_country="")
    assert due(world) == before
    # The next stage opens in New York at nine: its four hours begin there.
    at(move_clock, "2026-11-25T13:59")
    world.vote(world.company.alice, request)
    assert [each for each in due(world) if each[0] == "expire"] == [("expire", "25 Nov 18:00")]


@pytest.mark.parametrize(
    "settings",
    [{"business_days": []}, {"business_to": time(9)}, {"holiday_country": "XX"}],
)
def test_all_hours_count_where_business_hours_are_not_known(
    move_clock: MoveClock, settings: dict[str, Any]
) -> None:
    world = office_world(move_clock, "2026-11-28T20:00", **settings)
    world.submit()
    assert due(world)[-1] == ("expire", "29 Nov 00:00")


def test_counting_business_hours_costs_a_submission_no_statement() -> None:
    counts = []
    for counting in ("all_hours", "business_hours"):
        world = make_world(policy(stage("finance", counting=counting)), slug=counting[:3])
        set_office(world)
        world.submit()
        with CaptureQueriesContext(connection) as seen:
            world.submit()
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_the_deadline_is_an_instant_whatever_the_zone(move_clock: MoveClock) -> None:
    # The night in which clocks go back in Berlin: 02:00 to 03:00 comes twice, and counts once.
    world = office_world(
        move_clock,
        "2026-10-24T23:30",
        business_days=list(range(7)),
        business_from=time(0),
        business_to=time(6),
        holiday_country="",
    )
    request = world.submit()
    assert request.deadline_at is not None
    assert request.deadline_at - request.submitted_at == timedelta(hours=5)
