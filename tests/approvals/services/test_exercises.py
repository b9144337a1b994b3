"""Drills and canaries go the whole way to people, and never any further."""

from datetime import timedelta
from typing import Any

import pytest

from approvals.enums import Purpose, RequestStatus, Verdict
from approvals.models import (
    ActionRequest,
    CallbackDelivery,
    CanaryPlan,
    ExecutionGrant,
    Exercise,
    Notification,
    PolicyVersion,
    ShadowResult,
)
from approvals.policies import parse_policy
from approvals.selectors.exercises import find_exercise, list_exercises
from approvals.selectors.history import HISTORY, Question, read_history
from approvals.selectors.requests import RequestFilters, get_request, list_requests
from approvals.services.execution import issue_grant
from approvals.services.exercises import (
    Sample,
    plan_canary,
    start_drill,
    sweep,
    switch_canary,
)
from approvals.services.submission import cancel_action
from approvals.services.timers import sweep as sweep_timers
from audit.models import LedgerEvent
from govapp.common import clock
from govapp.common.errors import Conflict, Forbidden, Invalid, NotFound
from govapp.common.tenancy import tenant_transaction
from tenants.models import Tenant
from tests.approvals.world import FOUR_EYES, World, make_world, policy, stage
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def world() -> World:
    return make_world(FOUR_EYES)


def sample(world: World, **fields: Any) -> Sample:
    said = {"summary": "Pay Acme Ltd EUR 900", "payload": {"amount": "900.00"}} | fields
    return Sample(world.agent, world.category, **said)


def drill(world: World, who: str = "carl", **fields: Any) -> Exercise:
    with tenant_transaction(world.company.id):
        actor = getattr(world.company, who)
        return start_drill(actor=actor, sample=sample(world, **fields))


def canary(world: World, **fields: Any) -> CanaryPlan:
    said: dict[str, Any] = {
        "name": "Strange invoice",
        "every_days": 30,
        "first_at": clock.now(),
    } | fields
    with tenant_transaction(world.company.id):
        Tenant.objects.update(canaries=True)
        return plan_canary(actor=world.company.carl, sample=sample(world), **said)


def exercises(world: World) -> list[str]:
    with tenant_transaction(world.company.id):
        return list(Exercise.objects.order_by("pk").values_list("kind", flat=True))


def types(world: World) -> list[str]:
    with tenant_transaction(world.company.id):
        return list(LedgerEvent.objects.order_by("id").values_list("type", flat=True))


def test_a_drill_asks_the_people_whom_an_action_would_ask(world: World) -> None:
    exercise = drill(world)
    assert [each["name"] for each in exercise.asked] == ["Alice", "Bob"]
    with tenant_transaction(world.company.id):
        told = Notification.objects.filter(request=exercise.request)
        assert {each.member_id for each in told} == {
            world.company.alice.pk, world.company.bob.pk,
        }  # fmt: skip


def test_an_approved_drill_permits_nothing(world: World) -> None:
    request = drill(world).request
    for member in (world.company.alice, world.company.bob):
        request = world.vote(member, request)
    assert request.status == RequestStatus.APPROVED
    with tenant_transaction(world.company.id):
        with pytest.raises(NotFound):
            issue_grant(agent=world.agent, request_id=request.pk)
        assert ExecutionGrant.objects.count() == 0
        assert CallbackDelivery.objects.count() == 0


def test_the_agent_never_hears_of_it(world: World) -> None:
    request = drill(world).request
    with tenant_transaction(world.company.id):
        mine = RequestFilters(agent_id=world.agent.pk)
        assert list_requests(mine).rows == []
        with pytest.raises(NotFound):
            get_request(request.pk, agent_id=world.agent.pk)
        with pytest.raises(NotFound):
            cancel_action(actor=world.agent, request_id=request.pk)


def test_what_rules_look_at_does_not_know_of_it(world: World) -> None:
    request = drill(world).request
    for member in (world.company.alice, world.company.bob):
        world.vote(member, request)
    with tenant_transaction(world.company.id):
        asked = Question(
            agent_id=world.agent.pk, category="payments.transfer", now=clock.now(), run="",
            target_digest="", amount=None, amount_field="",
        )  # fmt: skip
        found = read_history(asked, needs=frozenset({HISTORY}), locked=frozenset())
    assert (found.requests_last_hour, found.requests_last_day) == (0, 0)


def test_the_record_calls_it_what_it_is(world: World) -> None:
    request = drill(world).request
    world.vote(world.company.alice, request, Verdict.DENY)
    found = types(world)
    assert {"drill.submitted", "drill.started", "drill.denied", "drill.vote.cast"} <= set(found)
    counted = ("action_request.", "stage.", "vote.", "timer.")
    assert [each for each in found if each.startswith(counted)] == []


def test_reports_count_no_reminders_refusals_or_escalations_of_it(
    move_clock: MoveClock,
) -> None:
    adding = [{"after": "1h", "add": [{"group": "managers"}]}]
    world = make_world(policy(stage("finance", escalations=adding)))
    request = drill(world).request
    with pytest.raises(Forbidden):
        world.vote(world.company.bob, request)
    move_clock(timedelta(hours=1, minutes=1))
    sweep_timers()
    found = types(world)
    assert {"drill.vote.refused", "drill.timer.escalated"} <= set(found)
    assert [each for each in found if each.startswith(("stage.", "vote.", "timer."))] == []


def test_a_version_in_shadow_is_not_measured_by_it() -> None:
    world = make_world(FOUR_EYES)
    with tenant_transaction(world.company.id):
        made = parse_policy(policy(stage("finance")))
        PolicyVersion.objects.create(
            number=2, status="in_review", source="", document=made.document, digest=made.digest,
            proposed_by=world.company.carl, shadow_since=clock.now(),
        )  # fmt: skip
    drill(world)
    with tenant_transaction(world.company.id):
        assert ShadowResult.objects.count() == 0


def test_a_drill_that_would_ask_nobody_is_not_sent() -> None:
    world = make_world(policy(stage("finance")))
    allowing = policy(stage("finance"))
    allowing["rules"] = [{"id": "free", "when": {"category": "payments.transfer"}, "then": "allow"}]
    world.publish(allowing)
    with pytest.raises(Conflict, match="Nobody would be asked"):
        drill(world)
    with tenant_transaction(world.company.id):
        assert ActionRequest.objects.count() == 0


@pytest.mark.parametrize("who", ["alice", "audrey"])
def test_only_owners_and_compliance_send_drills(world: World, who: str) -> None:
    with pytest.raises(Forbidden):
        drill(world, who)


def test_the_report_says_who_answered_and_who_did_not(world: World, move_clock: MoveClock) -> None:
    exercise = drill(world)
    move_clock(timedelta(minutes=3))
    world.vote(world.company.bob, exercise.request)
    with tenant_transaction(world.company.id):
        report = find_exercise(exercise.public_id, with_canaries=False)
    assert [(each.name, each.verdict) for each in report.answers] == [
        ("Bob", "approve"), ("Alice", ""),
    ]  # fmt: skip
    assert report.median is not None
    assert report.median >= timedelta(minutes=3)


def test_a_canary_is_sent_when_it_is_due_and_not_again(world: World, move_clock: MoveClock) -> None:
    canary(world)
    assert (sweep(), sweep()) == (1, 0)
    assert exercises(world) == ["canary"]
    move_clock(31 * DAY)
    assert sweep() == 1


def test_a_sweeper_that_was_away_sends_one_and_keeps_the_days(
    world: World, move_clock: MoveClock
) -> None:
    plan = canary(world)
    first = plan.next_at
    assert first is not None
    move_clock(100 * DAY)
    assert (sweep(), sweep()) == (1, 0)
    with tenant_transaction(world.company.id):
        assert CanaryPlan.objects.get().next_at == first + 120 * DAY


def test_a_tenant_that_wants_no_canaries_gets_none(world: World) -> None:
    canary(world)
    with tenant_transaction(world.company.id):
        Tenant.objects.update(canaries=False)
    assert sweep() == 0
    assert exercises(world) == []


def test_a_canary_that_is_switched_off_is_not_sent(world: World) -> None:
    plan = canary(world)
    with tenant_transaction(world.company.id):
        switch_canary(actor=world.company.carl, plan_id=plan.pk, is_on=False)
    assert sweep() == 0
    with tenant_transaction(world.company.id):
        switch_canary(actor=world.company.carl, plan_id=plan.pk, is_on=True)
    assert sweep() == 1


def test_only_compliance_finds_canaries(world: World) -> None:
    canary(world)
    sweep()
    with tenant_transaction(world.company.id):
        (report,) = list_exercises(Purpose.CANARY)
        ident = report.exercise.public_id
        with pytest.raises(NotFound):
            find_exercise(ident, with_canaries=False)
        assert list_exercises(Purpose.DRILL) == []


def test_who_approves_a_canary_did_not_look(world: World) -> None:
    canary(world)
    sweep()
    with tenant_transaction(world.company.id):
        request = ActionRequest.objects.get()
    world.vote(world.company.alice, request)
    with tenant_transaction(world.company.id):
        (report,) = list_exercises(Purpose.CANARY)
    assert report.approved_by == ["Alice"]


@pytest.mark.parametrize("who", ["olivia", "alice", "audrey"])
def test_canaries_are_compliances_own(world: World, who: str) -> None:
    actor = getattr(world.company, who)
    with tenant_transaction(world.company.id), pytest.raises(Forbidden):
        plan_canary(actor=actor, name="x", sample=sample(world), every_days=1, first_at=clock.now())


@pytest.mark.parametrize(
    "fields", [{"name": ""}, {"name": "x" * 101}, {"every_days": 0}, {"every_days": 366}]
)
def test_a_plan_that_makes_no_sense_is_refused(world: World, fields: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        canary(world, **fields)


def test_a_name_is_used_once(world: World) -> None:
    canary(world)
    with pytest.raises(Invalid, match="of this name"):
        canary(world)
