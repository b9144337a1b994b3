"""Times, load and signals, counted from what happened."""

from datetime import timedelta
from typing import Any

import pytest

from approvals.enums import Verdict
from approvals.models import ActionRequest
from approvals.selectors.insights import Insights, Period, read_insights
from approvals.services.exercises import Sample, start_drill
from approvals.services.timers import sweep
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tests.approvals.views.conftest import Login
from tests.approvals.world import HOUR, World, make_world, policy, stage
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db
ESCALATED: dict[str, Any] = {"escalations": [{"after": "2h", "add": [{"group": "managers"}]}]}
DAY = timedelta(days=1)


@pytest.fixture
def world() -> World:
    return make_world(policy(stage("finance", **ESCALATED), stage("risk", name="second")))


def read(world: World, *, with_canaries: bool = True) -> Insights:
    with tenant_transaction(world.company.id):
        now = clock.now()
        period = Period(now - 30 * DAY, now + DAY, "UTC")
        return read_insights(period, with_canaries=with_canaries)


def test_a_stage_says_how_long_it_took(world: World, move_clock: MoveClock) -> None:
    request = world.submit()
    move_clock(HOUR)
    world.vote(world.company.alice, request)
    move_clock(3 * HOUR)
    world.vote(world.company.bob, request)
    first, second = sorted(read(world).stages, key=lambda row: row.name)
    assert (first.name, first.opened, first.satisfied) == ("review", 1, 1)
    assert (second.name, second.opened, second.satisfied) == ("second", 1, 1)
    assert first.median is not None
    assert second.median is not None
    assert (round(first.median / 3600), round(second.median / 3600)) == (1, 2)


def test_escalations_and_expiry_are_counted(world: World, move_clock: MoveClock) -> None:
    world.submit()
    answered = world.submit(summary="Answered")
    world.vote(world.company.alice, answered, Verdict.DENY)
    move_clock(3 * HOUR)
    sweep()
    move_clock(5 * HOUR)
    sweep()
    found = read(world)
    (row,) = found.stages
    assert (row.opened, row.escalated, row.expired) == (2, 1, 1)
    assert (found.asked, found.escalated) == (2, 1)
    assert (found.count(), found.count("expired"), found.count("denied")) == (2, 1, 1)


def test_people_carry_what_they_were_asked_and_answered(
    world: World, move_clock: MoveClock
) -> None:
    for number in range(3):
        world.submit(summary=f"Pay {number}")
    with tenant_transaction(world.company.id):
        first, second, _ = ActionRequest.objects.order_by("pk")
    move_clock(HOUR)
    world.vote(world.company.alice, first, seconds_viewed=1)
    world.vote(world.company.alice, second, Verdict.DENY, seconds_viewed=30)
    people = {row.name: row for row in read(world).people}
    alice = people["Alice"]
    assert (alice.asked, alice.votes, alice.approved, alice.denied) == (3, 2, 1, 1)
    assert alice.fast == 1
    assert alice.median is not None
    assert round(alice.median / 3600) == 1
    assert (people["Bob"].asked, people["Bob"].votes) == (1, 0)


def nods(world: World, count: int, seconds: int, verdict: Verdict = Verdict.APPROVE) -> list[str]:
    for number in range(count):
        request = world.submit(summary=f"Pay {number}")
        world.vote(world.company.alice, request, verdict, seconds_viewed=seconds)
    return {row.name: row for row in read(world).people}["Alice"].signals


def test_who_decides_in_no_time_is_named(world: World) -> None:
    assert nods(world, 10, 2) == ["10 of 10 decided within 3 seconds"]


def test_who_always_says_the_same_is_named(world: World) -> None:
    assert nods(world, 20, 60) == ["all 20 approved"]


def test_a_few_votes_are_no_habit(world: World) -> None:
    assert nods(world, 9, 1) == []


def test_drills_are_no_actions(world: World) -> None:
    with tenant_transaction(world.company.id):
        sample = Sample(world.agent, world.category, "Drill", {"amount": "1.00"})
        request = start_drill(actor=world.company.carl, sample=sample).request
    world.vote(world.company.alice, request)
    found = read(world)
    assert (found.count(), found.people, found.stages, found.agents) == (0, (), (), ())


def test_agents_are_ordered_by_how_often_they_are_refused(world: World) -> None:
    request = world.submit()
    world.vote(world.company.alice, request, Verdict.DENY)
    world.submit(summary="Waits")
    world.submit(summary="Blocked", category="unheard.of")
    (row,) = read(world).agents
    assert (row.requests, row.denied, row.blocked, row.refused) == (3, 1, 1, 2)


@pytest.mark.parametrize(
    ("who", "status"), [("olivia", 200), ("carl", 200), ("audrey", 200), ("alice", 403)]
)
def test_who_reads_them(world: World, login: Login, who: str, status: int) -> None:
    assert login(getattr(world.company, who)).get("/t/acme/insights/").status_code == status


@pytest.mark.parametrize("query", ["", "?days=7", "?days=90", "?days=evil"])
def test_a_tenant_without_requests_has_a_page(world: World, login: Login, query: str) -> None:
    page = login(world.company.carl).get(f"/t/acme/insights/{query}")
    assert page.status_code == 200
    assert "Nobody was asked in this period" in page.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_for_many(
    world: World, login: Login, count: int, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        world.vote(world.company.alice, world.submit(summary=f"Pay {number}"))
    carl = login(world.company.carl)
    carl.get("/t/acme/insights/")
    with django_assert_num_queries(20):
        carl.get("/t/acme/insights/")
