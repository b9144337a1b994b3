"""Many requests at once: the same as one by one, with a constant number of statements."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.enums import RequestStatus, TimerStatus
from approvals.models import ActionRequest, Notification, RequirementStage, Timer
from approvals.services import timers
from approvals.services.locking import lock_request
from approvals.services.timers import fire_due_timers, sweep
from audit.models import LedgerEvent, LedgerQueueItem
from govapp.common.ids import parse_public_id, public_id
from govapp.common.tenancy import tenant_transaction
from tenants.models import GroupMember, Tenant
from tests.approvals.world import HOUR, MINUTE, World, make_world, policy, stage
from tests.conftest import MoveClock
from tests.support.committed import CommittedDatabase
from tests.support.recorded import read

ESCALATION = {"after": "1h", "add": [{"group": "managers"}]}
BOTH = policy(stage("finance", "risk", reminders=["1h"], escalations=[ESCALATION]))


def told(world: World, kind: str) -> list[tuple[Any, str, Any]]:
    """Each message of a kind: about which request, to whom, and whether they are new to it."""
    with tenant_transaction(world.company.id):
        rows = Notification.objects.filter(kind=kind).select_related("member__user")
        return [
            (row.request_id, str(row.member), row.content.get("is_new"))
            for row in rows.order_by("request_id", "member__user__name")
        ]


def statuses(world: World, request: ActionRequest) -> set[str]:
    with tenant_transaction(world.company.id):
        return set(
            Timer.objects.filter(request=request)
            .exclude(kind="expire")
            .values_list("status", flat=True)
        )


@pytest.mark.django_db
def test_each_request_is_prompted_by_its_own_votes(move_clock: MoveClock) -> None:
    world = make_world(BOTH)
    requests = [world.submit() for _ in range(4)]
    world.vote(world.company.alice, requests[1])
    move_clock(HOUR + MINUTE)
    assert sweep() == 8
    # Whoever is told that it was escalated is not reminded at the same time.
    assert told(world, "reminder") == []
    first: list[tuple[str, bool | None]] = [("Alice", False), ("Bob", False), ("Charlie", True)]
    people = [first, first[1:], first, first]
    assert told(world, "escalated") == [
        (request.pk, *each) for request, some in zip(requests, people, strict=True) for each in some
    ]
    with tenant_transaction(world.company.id):
        events = LedgerEvent.objects.filter(type__in=["timer.reminded", "timer.escalated"])
        bodies = [bytes(each.body) for each in events]
        assert sum(b"still missing: 1 from Finance, 1 from Risk" in body for body in bodies) == 6
        assert sum(b"still missing: 1 from Risk" in body for body in bodies) == 2
        assert {str(each.added) for each in RequirementStage.objects.all()} == {
            "[{'ref': 'managers', 'kind': 'group', 'count': 1}]"
        }
        assert LedgerQueueItem.objects.filter(event__in=events).count() == 8


@pytest.mark.django_db
def test_everybody_who_has_not_voted_is_reminded(move_clock: MoveClock) -> None:
    world = make_world(policy(stage("finance", "risk", reminders=["1h"])))
    requests = [world.submit() for _ in range(2)]
    world.vote(world.company.alice, requests[1])
    move_clock(HOUR + MINUTE)
    assert sweep() == 2
    assert told(world, "reminder") == [
        (requests[0].pk, "Alice", None),
        (requests[0].pk, "Bob", None),
        (requests[1].pk, "Bob", None),
    ]


TIMES = ("due_at", "opened_at", "deadline_at")


def reminders(world: World) -> dict[str, tuple[Any, ...]]:
    """What the record says of each request's reminder, without what is its own; and its times."""
    found = {}
    with tenant_transaction(world.company.id):
        for event in LedgerEvent.objects.filter(type="timer.reminded"):
            body = read(event)
            own = {name: body.pop(name) for name in ("id", "at", "subject", "request")}
            times = [body["data"].pop(name) for name in TIMES]
            assert own["id"] == public_id("ev", event.pk)
            assert own["request"] == own["subject"]["id"] == event.subject_id
            assert event.request_id == parse_public_id("ar", own["request"])
            columns = (event.actor_kind, event.actor_id, event.subject_type)
            assert own["subject"]["label"] == ""
            found[own["request"]] = (own["request"], times, columns, body)
    return found


@pytest.mark.django_db
def test_of_many_that_are_alike_each_is_told_what_it_is_told_alone(move_clock: MoveClock) -> None:
    world = make_world(policy(stage("finance", "risk", reminders=["1h"])))
    requests = [world.submit(summary=f'Pay n\u00ba\u00a0{number} "x"') for number in range(4)]
    move_clock(HOUR + MINUTE)
    assert fire_due_timers(tenant_id=world.company.id, request_id=requests[0].pk) == 1
    assert sweep() == 3
    found = reminders(world)
    assert [found[request.public_id][0] for request in requests] == [
        request.public_id for request in requests
    ]
    alone, *others = [found[request.public_id] for request in requests]
    assert [other[2:] for other in others] == [alone[2:]] * 3
    with tenant_transaction(world.company.id):
        for request in requests:
            timer = Timer.objects.select_related("stage").get(request=request, kind="remind")
            assert timer.stage is not None
            moments = (timer.due_at, timer.stage.opened_at, timer.stage.deadline_at)
            assert found[request.public_id][1] == [
                f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in moments if moment
            ]
            sent = Notification.objects.filter(kind="reminder", request=request)
            assert [
                (each.dedup_key, each.channel, each.content, each.status, each.held_for)
                for each in sent
            ] == [(f"reminder:{timer.pk}", "email", {}, "queued", "")] * 2
    assert told(world, "reminder") == [
        (request.pk, name, None) for request in requests for name in ("Alice", "Bob")
    ]


@pytest.mark.django_db
def test_when_nobody_is_left_all_that_are_alike_get_the_fallback(move_clock: MoveClock) -> None:
    world = make_world(policy(stage("finance", reminders=["1h"])))
    requests = [world.submit() for _ in range(3)]
    with tenant_transaction(world.company.id):
        Tenant.objects.update(fallback_group="managers")
        GroupMember.objects.filter(approver_group__slug="finance").delete()
    move_clock(HOUR + MINUTE)
    assert sweep() == 3
    with tenant_transaction(world.company.id):
        added = LedgerEvent.objects.filter(type="stage.fallback_added")
        assert {each.request_id for each in added} == {request.pk for request in requests}


@pytest.mark.django_db
def test_somebody_whom_two_rules_ask_is_reminded_once(move_clock: MoveClock) -> None:
    stages = [stage("finance", reminders=["1h"])]
    world = make_world(policy(one=stages, two=stages))
    request = world.submit()
    move_clock(HOUR + MINUTE)
    assert sweep() == 2
    assert told(world, "reminder") == [(request.pk, "Alice", None)]


@pytest.mark.django_db
def test_prompting_many_takes_no_more_statements_than_a_few(move_clock: MoveClock) -> None:
    counts = []
    for requests in (10, 40):
        move_clock(0 * HOUR)
        world = make_world(BOTH, slug=f"acme{requests}")
        for _ in range(requests):
            world.submit()
        move_clock(HOUR + MINUTE)
        with CaptureQueriesContext(connection) as seen:
            assert sweep() == 2 * requests
        counts.append(len(seen))
    assert counts[0] == counts[1]


@pytest.mark.django_db
def test_what_fails_is_left_alone_and_stops_no_other(move_clock: MoveClock) -> None:
    world = make_world(BOTH)
    requests = [world.submit() for _ in range(5)]
    with tenant_transaction(world.company.id):
        # A reference that cannot be read.
        RequirementStage.objects.filter(request=requests[2]).update(added=[{"kind": "group"}])
    move_clock(HOUR + MINUTE)
    assert sweep() == 8
    assert [statuses(world, request) for request in requests] == (
        [{"fired"}] * 2 + [{"armed"}] + [{"fired"}] * 2
    )


@pytest.mark.django_db
def test_what_expires_and_what_is_reminded_go_in_one_round(move_clock: MoveClock) -> None:
    world = make_world(BOTH)
    old = [world.submit() for _ in range(2)]
    move_clock(3 * HOUR)
    young = [world.submit() for _ in range(2)]
    move_clock(4 * HOUR + MINUTE)
    assert sweep() == 3 * 2 + 2 * 2
    assert [statuses(world, request) for request in (*old, *young)] == (
        [{"skipped"}] * 2 + [{"fired"}] * 2
    )
    with tenant_transaction(world.company.id):
        found = ActionRequest.objects.order_by("pk").values_list("status", flat=True)
        assert list(found) == [RequestStatus.EXPIRED] * 2 + [RequestStatus.PENDING] * 2


def test_a_request_that_somebody_holds_is_passed_over(committed_db: CommittedDatabase) -> None:
    world = make_world(BOTH)
    held, free = world.submit(), world.submit()
    committed_db.move_clock(HOUR + MINUTE)
    with tenant_transaction(world.company.id):
        lock_request(held.pk)
        assert committed_db.at_once([sweep]) == [2]
    assert [statuses(world, held), statuses(world, free)] == [{"armed"}, {"fired"}]
    assert sweep() == 2


def test_a_lock_that_somebody_keeps_holds_up_no_sweep(
    committed_db: CommittedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(BOTH)
    for _ in range(2):
        world.submit()
    committed_db.move_clock(HOUR + MINUTE)
    monkeypatch.setattr(timers, "_LONGEST_STATEMENT", "200ms")
    with tenant_transaction(world.company.id):
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE approvals_notification IN SHARE ROW EXCLUSIVE MODE")
        assert committed_db.at_once([sweep]) == [0]
    monkeypatch.setattr(timers, "_LONGEST_STATEMENT", "0")
    assert sweep() == 4


def test_votes_that_end_requests_race_the_reminders(committed_db: CommittedDatabase) -> None:
    """Nobody is reminded of a request after it has ended."""
    world = make_world(policy(stage("finance", reminders=["1h"])))
    requests = [world.submit() for _ in range(20)]
    committed_db.move_clock(HOUR + timedelta(seconds=1))
    race: list[Callable[[], object]] = [
        partial(world.vote, world.company.alice, request) for request in requests
    ]
    outcomes = committed_db.at_once([*race, sweep, sweep])
    assert [each for each in outcomes if isinstance(each, Exception)] == []
    with tenant_transaction(world.company.id):
        for request in ActionRequest.objects.all():
            assert request.status == RequestStatus.APPROVED
            assert request.decided_at is not None
            timer = Timer.objects.get(request=request, kind="remind")
            reminded = LedgerEvent.objects.filter(request_id=request.pk, type="timer.reminded")
            fired = timer.status == TimerStatus.FIRED
            assert reminded.count() == fired
            assert timer.closed_at is not None
            assert not fired or timer.closed_at < request.decided_at
            assert timer.status in (TimerStatus.FIRED, TimerStatus.SUPERSEDED)
