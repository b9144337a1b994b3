"""Remind, escalate, expire (domain page, section 6)."""

from datetime import timedelta
from uuid import UUID

import pytest

from approvals.enums import RequestStatus, StageStatus, TimerKind, TimerStatus, Verdict
from approvals.models import ActionRequest, RequirementStage, Timer
from approvals.services import timers as timers_service
from approvals.services.lifecycle import move_execution
from approvals.services.timers import fire_due_timers, sweep
from audit.models import LedgerEvent
from govapp.common import clock
from govapp.common.errors import Forbidden
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import (
    FOUR_EYES,
    HOUR,
    MINUTE,
    Document,
    World,
    make_world,
    policy,
    stage,
)
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def escalation(after: str, *groups: str) -> Document:
    return {"after": after, "add": [{"group": group} for group in groups]}


BUSY = policy(
    stage(
        "finance",
        deadline="4h",
        reminders=["1h", "2h"],
        escalations=[escalation("90m", "risk"), escalation("3h", "managers")],
    )
)


def timers(world: World) -> list[tuple[str, int, str]]:
    with tenant_transaction(world.company.id):
        found = Timer.objects.order_by("due_at")
        return [(each.kind, each.level, each.status) for each in found]


def types(world: World, prefix: str) -> list[str]:
    with tenant_transaction(world.company.id):
        found = LedgerEvent.objects.filter(type__startswith=prefix).order_by("pk")
        return list(found.values_list("type", flat=True))


def status(world: World, request: ActionRequest) -> str:
    with tenant_transaction(world.company.id):
        return ActionRequest.objects.get(pk=request.pk).status


def test_every_due_time_counts_from_the_opening_of_the_stage() -> None:
    world = make_world(BUSY)
    request = world.submit()
    with tenant_transaction(world.company.id):
        opened = RequirementStage.objects.get().opened_at
        assert opened is not None
        assert opened == request.submitted_at
        assert [(each.kind, each.due_at - opened) for each in Timer.objects.order_by("due_at")] == [
            (TimerKind.REMIND, HOUR),
            (TimerKind.ESCALATE, 90 * MINUTE),
            (TimerKind.REMIND, 2 * HOUR),
            (TimerKind.ESCALATE, 3 * HOUR),
            (TimerKind.EXPIRE, 4 * HOUR),
        ]


def test_nothing_fires_before_it_is_due(move_clock: MoveClock) -> None:
    world = make_world(BUSY)
    world.submit()
    move_clock(HOUR - MINUTE)
    assert sweep() == 0


def test_a_late_execution_does_not_move_what_comes_after(move_clock: MoveClock) -> None:
    world = make_world(BUSY)
    world.submit()
    move_clock(HOUR + 20 * MINUTE)
    assert sweep() == 1
    with tenant_transaction(world.company.id):
        opened = RequirementStage.objects.get().opened_at
        following = Timer.objects.get(kind=TimerKind.REMIND, status=TimerStatus.ARMED)
    assert opened is not None
    assert following.due_at - opened == 2 * HOUR


def test_a_timer_fires_once(move_clock: MoveClock) -> None:
    world = make_world(BUSY)
    request = world.submit()
    move_clock(HOUR + SECOND)
    assert [sweep(), sweep()] == [1, 0]
    assert fire_due_timers(tenant_id=world.company.id, request_id=request.pk) == 0
    assert types(world, "timer.") == ["timer.reminded"]


def test_an_escalation_adds_people_and_lowers_nothing(move_clock: MoveClock) -> None:
    world = make_world(BUSY)
    request = world.submit()
    with pytest.raises(Forbidden):
        world.vote(world.company.bob, request)
    move_clock(95 * MINUTE)
    sweep()
    with tenant_transaction(world.company.id):
        opened = RequirementStage.objects.get()
    assert opened.seats == [{"kind": "group", "ref": "finance", "count": 1}]
    assert opened.added == [{"kind": "group", "ref": "risk", "count": 1}]
    # Bob was added and may fill the seat of Finance; Alice still could.
    assert world.vote(world.company.bob, request).status == RequestStatus.APPROVED


def test_the_first_people_stay_after_an_escalation(move_clock: MoveClock) -> None:
    world = make_world(BUSY)
    request = world.submit()
    move_clock(200 * MINUTE)
    sweep()
    assert world.vote(world.company.alice, request).status == RequestStatus.APPROVED


def test_added_people_fill_seats_of_their_own_stage_only(move_clock: MoveClock) -> None:
    world = make_world(
        policy(
            a=[stage("finance", escalations=[escalation("1h", "managers")])],
            b=[stage("risk")],
        )
    )
    request = world.submit()
    move_clock(61 * MINUTE)
    sweep()
    assert world.vote(world.company.charlie, request).is_pending
    assert world.vote(world.company.bob, request).status == RequestStatus.APPROVED


def test_after_an_outage_only_the_latest_level_fires(move_clock: MoveClock) -> None:
    world = make_world(BUSY)
    request = world.submit()
    move_clock(200 * MINUTE)
    assert sweep() == 4
    assert timers(world) == [
        ("remind", 0, "skipped"),
        ("escalate", 0, "skipped"),
        ("remind", 1, "fired"),
        ("escalate", 1, "fired"),
        ("expire", 0, "armed"),
    ]
    assert types(world, "timer.") == [
        "timer.skipped_late",
        "timer.skipped_late",
        "timer.reminded",
        "timer.escalated",
    ]
    # Whom the policy names for an hour that passed unattended may vote all the same.
    assert world.vote(world.company.bob, request).status == RequestStatus.APPROVED


def test_silence_expires_and_never_approves(move_clock: MoveClock) -> None:
    world = make_world(BUSY)
    request = world.submit()
    for shift in (HOUR, 90 * MINUTE, 2 * HOUR, 3 * HOUR, 4 * HOUR):
        assert status(world, request) == RequestStatus.PENDING
        move_clock(shift + SECOND)
        assert sweep() == 1
    assert status(world, request) == RequestStatus.EXPIRED
    assert types(world, "timer.") == [
        "timer.reminded",
        "timer.escalated",
        "timer.reminded",
        "timer.escalated",
    ]
    assert types(world, "action_request.") == ["action_request.submitted", "action_request.expired"]


def test_expiry_wins_over_everything_that_is_due_with_it(move_clock: MoveClock) -> None:
    world = make_world(BUSY)
    request = world.submit()
    move_clock(30 * HOUR)
    assert sweep() == 5
    assert status(world, request) == RequestStatus.EXPIRED
    assert [each[2] for each in timers(world)] == ["skipped"] * 4 + ["fired"]
    with tenant_transaction(world.company.id):
        assert RequirementStage.objects.get().status == StageStatus.CLOSED


def test_one_vote_short_of_the_quorum_expires(move_clock: MoveClock) -> None:
    world = make_world(FOUR_EYES)
    request = world.submit()
    world.vote(world.company.alice, request)
    move_clock(4 * HOUR)
    sweep()
    assert status(world, request) == RequestStatus.EXPIRED


@pytest.mark.parametrize("verdict", list(Verdict))
def test_timers_of_a_request_that_moved_on_are_superseded(verdict: Verdict) -> None:
    world = make_world(BUSY)
    world.vote(world.company.alice, world.submit(), verdict)
    assert {each[2] for each in timers(world)} == {"superseded"}


def test_a_timer_left_armed_after_the_end_is_closed_and_does_nothing(
    move_clock: MoveClock,
) -> None:
    world = make_world(BUSY)
    request = world.submit()
    world.vote(world.company.alice, request)
    with tenant_transaction(world.company.id):
        Timer.objects.update(status=TimerStatus.ARMED)
    move_clock(5 * HOUR)
    assert sweep() == 5
    assert {each[2] for each in timers(world)} == {"superseded"}
    assert status(world, request) == RequestStatus.APPROVED
    assert types(world, "timer.") == []


@pytest.mark.parametrize(("shift", "due"), [(HOUR, 1), (4 * HOUR, 5)])
def test_a_timer_of_an_earlier_version_is_superseded_and_does_nothing(
    move_clock: MoveClock, shift: timedelta, due: int
) -> None:
    world = make_world(BUSY)
    request = world.submit()
    with tenant_transaction(world.company.id):
        assert set(Timer.objects.values_list("request_version", flat=True)) == {1}
        ActionRequest.objects.update(version=2)
    move_clock(shift + SECOND)
    assert sweep() == due
    assert [each[2] for each in timers(world)].count("superseded") == due
    assert status(world, request) == RequestStatus.PENDING
    assert types(world, "timer.") == []


def test_the_next_stage_has_a_deadline_of_its_own(move_clock: MoveClock) -> None:
    world = make_world(
        policy(stage("finance", name="one", deadline="4h"), stage("risk", name="two"))
    )
    request = world.submit()
    move_clock(3 * HOUR)
    moved = world.vote(world.company.alice, request)
    assert moved.deadline_at is not None
    assert request.deadline_at is not None
    assert moved.deadline_at - request.deadline_at > 3 * HOUR - MINUTE
    move_clock(5 * HOUR)
    assert sweep() == 0
    assert world.vote(world.company.bob, request).status == RequestStatus.APPROVED


def test_the_sweep_works_for_every_tenant(move_clock: MoveClock) -> None:
    worlds = [make_world(FOUR_EYES, slug=name) for name in ("one", "two", "three")]
    requests = [world.submit() for world in worlds]
    move_clock(4 * HOUR)
    assert sweep() == 3
    assert [status(*each) for each in zip(worlds, requests, strict=True)] == ["expired"] * 3


def test_the_sweep_takes_the_oldest_first_and_no_more_than_asked(move_clock: MoveClock) -> None:
    world = make_world(FOUR_EYES)
    first, second = world.submit(), world.submit()
    move_clock(4 * HOUR)
    assert sweep(at_most=1) == 1
    assert [status(world, first), status(world, second)] == ["expired", "pending"]


def test_more_failures_than_a_round_looks_at_stop_nobody(move_clock: MoveClock) -> None:
    world, other = make_world(BUSY), make_world(BUSY, slug="other")
    bad = [world.submit() for _ in range(3)]
    world.submit()
    other.submit()
    with tenant_transaction(world.company.id):
        # A reference that cannot be read.
        spoiled = RequirementStage.objects.filter(request__in=bad)
        spoiled.update(added=[{"kind": "group"}])
    move_clock(HOUR + SECOND)
    assert [sweep(at_most=2) for _ in range(2)] == [2, 0]
    for where in (world, other):
        assert [each[2] for each in timers(where)].count("fired") == 1


def test_a_tenant_with_a_backlog_lets_the_others_have_their_turn(
    move_clock: MoveClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, other = make_world(BUSY), make_world(BUSY, slug="other")
    requests = [busy.submit() for _ in range(3)]
    one = other.submit()
    move_clock(4 * HOUR + MINUTE)
    order: list[ActionRequest] = []

    def fire(*, tenant_id: UUID, request_id: UUID) -> int:
        order.append(next(each for each in [*requests, one] if each.pk == request_id))
        return fire_due_timers(tenant_id=tenant_id, request_id=request_id)

    monkeypatch.setattr(timers_service, "_TURN_SECONDS", 0.0)
    monkeypatch.setattr(timers_service, "fire_due_timers", fire)
    assert sweep() == 5 * 4
    assert order == [requests[0], one, requests[1], requests[2]]
    assert sweep() == 0


def test_an_outcome_that_is_not_reported_becomes_unknown(move_clock: MoveClock) -> None:
    world = make_world(BUSY)
    request = world.vote(world.company.alice, world.submit())
    with tenant_transaction(world.company.id):
        now = clock.now()
        for state in ("granted", "redeemed"):
            move_execution(request=request, to=state, now=now)  # type: ignore[arg-type]
        Timer.objects.create(
            request=request,
            request_version=request.version,
            kind=TimerKind.RECONCILE,
            due_at=now + HOUR,
        )
    move_clock(HOUR + SECOND)
    assert sweep() == 1
    with tenant_transaction(world.company.id):
        found = ActionRequest.objects.get(pk=request.pk)
    assert (found.status, found.execution_state) == ("approved", "unknown")
    assert types(world, "execution.") == ["execution.overdue"]
