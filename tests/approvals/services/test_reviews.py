"""The review of an emergency approval: by somebody else, reminded of, escalated, done once."""

from datetime import timedelta

import pytest

from approvals.enums import ReviewOutcome, TimerKind, TimerStatus
from approvals.models import BreakGlassReview, Timer
from approvals.services.execution import issue_grant, redeem_grant, report_execution
from approvals.services.reviews import review_break_glass
from approvals.services.timers import fire_due_timers, sweep
from govapp.common.errors import Conflict, Forbidden, Invalid, NotFound
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tenants.enums import Role
from tenants.models import Agent, Membership
from tenants.services.people import change_roles, suspend_member
from tenants.services.tenants import update_settings
from tests.approvals.emergencies import WHY, events, in_emergency, told
from tests.approvals.world import FOUR_EYES, HOUR, MINUTE, World, make_world
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
LOOKED = "The call log shows that nobody of risk could be reached."


@pytest.fixture
def world() -> World:
    return make_world(FOUR_EYES)


@pytest.fixture
def review(world: World) -> BreakGlassReview:
    return in_emergency(world, world.company.charlie)


def record(
    world: World,
    review: BreakGlassReview,
    actor: Membership,
    outcome: ReviewOutcome = ReviewOutcome.JUSTIFIED,
    remark: str = LOOKED,
) -> BreakGlassReview:
    with tenant_transaction(world.company.id):
        return review_break_glass(actor=actor, review_id=review.pk, outcome=outcome, remark=remark)


def give_roles(world: World, member: Membership, *roles: Role) -> Membership:
    with tenant_transaction(world.company.id):
        return change_roles(actor=world.company.olivia, member=member, roles=list(roles))


def timers(world: World) -> list[tuple[int, str]]:
    with tenant_transaction(world.company.id):
        rows = Timer.objects.filter(kind=TimerKind.REVIEW).order_by("level")
        return list(rows.values_list("level", "status"))


def fire(world: World, review: BreakGlassReview) -> int:
    return fire_due_timers(tenant_id=world.company.id, request_id=review.request_id)


def test_somebody_else_says_whether_it_was_an_emergency(
    world: World, review: BreakGlassReview
) -> None:
    found = record(world, review, world.company.carl)
    assert (found.outcome, found.remark, found.reviewer) == (
        "justified",
        LOOKED,
        world.company.carl,
    )
    (event,) = events(world, "break_glass.reviewed")
    assert event["actor"]["name"] == "Carl"
    assert (
        event["data"] | {"outcome": "justified", "remark": LOOKED, "reason": WHY} == event["data"]
    )
    assert event["data"]["by"]["name"] == "Charlie"
    assert {status for _, status in timers(world)} == {TimerStatus.SUPERSEDED}
    assert told(world, "break_glass", str(review.pk)) == ["Charlie", "Olivia"]


def test_what_was_no_emergency_is_told_to_all_who_answer_for_it(
    world: World, review: BreakGlassReview
) -> None:
    record(world, review, world.company.carl, ReviewOutcome.NOT_JUSTIFIED)
    assert told(world, "break_glass", str(review.pk)) == ["Carl", "Charlie", "Olivia"]


def test_it_is_said_once_and_for_good(world: World, review: BreakGlassReview) -> None:
    record(world, review, world.company.carl)
    with pytest.raises(Conflict, match="Carl has reviewed it"):
        record(world, review, world.company.carl, ReviewOutcome.NOT_JUSTIFIED)


def test_who_may_not_review(world: World, review: BreakGlassReview) -> None:
    company = world.company
    for member in (company.alice, company.audrey):
        with pytest.raises(Forbidden, match="Only compliance and owners"):
            record(world, review, member)
    with pytest.raises(Forbidden, match="You own this agent"):
        record(world, review, company.olivia)
    charlie = give_roles(world, company.charlie, Role.APPROVER, Role.COMPLIANCE)
    with pytest.raises(Forbidden, match="somebody else reviews it"):
        record(world, review, charlie)
    with tenant_transaction(company.id):
        carl = suspend_member(actor=company.olivia, member=company.carl, reason="left")
    with pytest.raises(Forbidden):
        record(world, review, carl)
    with tenant_transaction(company.id):
        Agent.objects.update(owner=company.bob)
    with pytest.raises(Forbidden, match="You own this agent"):  # who owned it then
        record(world, review, company.olivia)


@pytest.mark.parametrize("remark", ["", "  ", "x" * 4001, "a\0b"])
def test_a_review_says_something(world: World, review: BreakGlassReview, remark: str) -> None:
    with pytest.raises(Invalid) as refused:
        record(world, review, world.company.carl, remark=remark)
    assert [error.pointer for error in refused.value.errors] == ["/remark"]


def test_there_is_no_review_of_what_is_not_there(world: World) -> None:
    with tenant_transaction(world.company.id), pytest.raises(NotFound):
        review_break_glass(
            actor=world.company.carl,
            review_id=new_id(),
            outcome=ReviewOutcome.JUSTIFIED,
            remark=LOOKED,
        )


def test_it_is_due_when_the_tenant_says(world: World) -> None:
    with tenant_transaction(world.company.id):
        update_settings(
            actor=world.company.olivia, tenant=world.company.tenant, break_glass_review_hours=4
        )
    review = in_emergency(world, world.company.charlie)
    with tenant_transaction(world.company.id):
        due = list(Timer.objects.filter(kind="review").order_by("level").values_list("due_at"))
    after = [at - review.opened_at for (at,) in due]
    assert after == [2 * HOUR, 4 * HOUR, 28 * HOUR, 52 * HOUR, 76 * HOUR]


def test_compliance_is_reminded_before_and_owners_when_it_is_late(
    world: World, review: BreakGlassReview, move_clock: MoveClock
) -> None:
    with tenant_transaction(world.company.id):
        Agent.objects.update(owner=world.company.bob)
    review = _reload(world, review)
    move_clock(2 * DAY - MINUTE)
    assert fire(world, review) == 0
    move_clock(2 * DAY + MINUTE)
    assert fire(world, review) == 1
    assert told(world, "review_due", ":0") == ["Carl"]
    move_clock(3 * DAY + MINUTE)
    assert fire(world, review) == 1
    # Olivia owned the agent at the submission: she may not review it.
    assert told(world, "review_due", ":1") == ["Carl"]
    give_roles(world, world.company.audrey, Role.OWNER)
    move_clock(4 * DAY + MINUTE)
    assert fire(world, review) == 1
    assert told(world, "review_due", ":2") == ["Audrey", "Carl"]
    assert len(events(world, "timer.review_reminded")) == 1
    assert len(events(world, "break_glass.review_overdue")) == 2


def test_it_repeats_a_bounded_number_of_times(
    world: World, review: BreakGlassReview, move_clock: MoveClock
) -> None:
    for days in range(1, 12):
        move_clock(days * DAY + MINUTE)
        sweep()
    assert timers(world) == [(level, TimerStatus.FIRED) for level in range(5)]
    with tenant_transaction(world.company.id):
        assert BreakGlassReview.objects.get().outcome == ""


def test_after_an_outage_only_the_latest_is_sent(
    world: World, review: BreakGlassReview, move_clock: MoveClock
) -> None:
    move_clock(30 * DAY)
    assert sweep() == 5
    assert timers(world) == [
        *[(level, TimerStatus.SKIPPED) for level in range(4)],
        (4, TimerStatus.FIRED),
    ]
    assert told(world, "review_due") == ["Carl"]
    assert len(events(world, "timer.skipped_late")) == 4
    assert sweep() == 0


def test_when_nobody_may_review_those_who_can_change_that_are_told(
    world: World, review: BreakGlassReview, move_clock: MoveClock
) -> None:
    with tenant_transaction(world.company.id):
        suspend_member(actor=world.company.olivia, member=world.company.carl, reason="left")
    move_clock(3 * DAY + MINUTE)
    sweep()
    assert told(world, "review_due") == ["Olivia"]


def test_a_done_review_is_not_reminded_of(
    world: World, review: BreakGlassReview, move_clock: MoveClock
) -> None:
    record(world, review, world.company.carl)
    move_clock(10 * DAY)
    assert sweep() == 0
    assert told(world, "review_due") == []


def test_it_stays_due_whatever_comes_of_the_permission(
    world: World, review: BreakGlassReview, move_clock: MoveClock
) -> None:
    with tenant_transaction(world.company.id):
        grant = issue_grant(agent=world.agent, request_id=review.request_id)
    redeem_grant(token=grant.token, redeemed_by="bank")
    with tenant_transaction(world.company.id):
        report_execution(agent=world.agent, request_id=review.request_id, outcome="succeeded")
    assert {status for _, status in timers(world)} == {TimerStatus.ARMED}
    move_clock(3 * DAY + MINUTE)
    sweep()
    assert told(world, "review_due") == ["Carl"]


def _reload(world: World, review: BreakGlassReview) -> BreakGlassReview:
    with tenant_transaction(world.company.id):
        return BreakGlassReview.objects.get(pk=review.pk)
