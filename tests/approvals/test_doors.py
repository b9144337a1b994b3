"""Whose work the sweepers see first."""

from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest

from approvals.doors import due_timers
from approvals.enums import TimerKind, TimerStatus
from approvals.models import ActionRequest, Timer
from approvals.services.timers import sweep
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import HOUR, World, make_world, policy, stage
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db
ONE_REMINDER = policy(stage("finance", reminders=["1h"]))


def make_due(world: World, count: int) -> list[ActionRequest]:
    """Submit as much; the reminder of the one before is due a moment earlier."""
    return [world.submit() for _ in range(count)]


def listed(at_most: int) -> list[tuple[UUID, UUID]]:
    return [(row["tenant_id"], row["request_id"]) for row in due_timers.call(at_most, "[]")]


def test_a_tenant_with_one_timer_does_not_wait_for_a_thousand_of_another(
    move_clock: MoveClock,
) -> None:
    large, small = make_world(ONE_REMINDER, "large"), make_world(ONE_REMINDER, "small")
    first = make_due(large, 1)[0]
    with tenant_transaction(large.company.id):
        # As many requests of nobody's making: the door looks at the rows only.
        copies = [copy_of(first, number) for number in range(999)]
        ActionRequest.objects.bulk_create(copies)
        Timer.objects.bulk_create(
            Timer(
                request=each,
                request_version=each.version,
                kind=TimerKind.REMIND,
                due_at=first.submitted_at + HOUR,
            )
            for each in copies
        )
    (asked,) = make_due(small, 1)
    move_clock(HOUR + timedelta(minutes=1))
    found = listed(100)
    assert Counter(tenant for tenant, _ in found) == {large.company.id: 50, small.company.id: 1}
    assert found[1] == (small.company.id, asked.pk)
    # One round reaches it, although it is the youngest of a thousand and one.
    sweep(at_most=2)
    with tenant_transaction(small.company.id):
        assert Timer.objects.get(kind=TimerKind.REMIND).status == TimerStatus.FIRED


def copy_of(request: ActionRequest, number: int) -> ActionRequest:
    """Return the same request once more, not yet in the database."""
    copy = ActionRequest.objects.get(pk=request.pk)
    copy.pk = UUID(int=request.pk.int + number + 1)
    copy._state.adding = True
    return copy


def test_the_tenants_take_turns(move_clock: MoveClock) -> None:
    worlds = [make_world(ONE_REMINDER, slug) for slug in ("one", "two")]
    asked = [(world.company.id, each.pk) for world in worlds for each in make_due(world, 2)]
    move_clock(HOUR + timedelta(minutes=1))
    assert listed(4) == [asked[0], asked[2], asked[1], asked[3]]
    assert listed(1) == [asked[0]]


def test_a_request_is_listed_once_however_many_of_its_timers_are_due(
    move_clock: MoveClock,
) -> None:
    reminders = [f"{minutes}m" for minutes in range(1, 9)]
    world = make_world(policy(stage("finance", reminders=reminders)))
    asked = make_due(world, 2)
    move_clock(HOUR)
    assert listed(100) == [(world.company.id, each.pk) for each in asked]
    assert sweep(at_most=1) == len(reminders)
    with tenant_transaction(world.company.id):
        due = Timer.objects.filter(status=TimerStatus.ARMED, due_at__lte=clock.now())
        assert {timer.request_id for timer in due} == {asked[1].pk}
