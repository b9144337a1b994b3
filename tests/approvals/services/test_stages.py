"""Empty, impossible, unreachable (domain page, section 7)."""

import pytest

from approvals.enums import NotificationKind, RequestStatus
from approvals.models import ActionRequest, Notification, RequirementStage, Timer
from approvals.policies import Evaluation, RuleTrace
from approvals.policies.obligations import NO_OBLIGATIONS
from approvals.selectors.health import QUORUM_UNREACHABLE
from approvals.services import stages
from approvals.services.timers import sweep
from approvals.services.watch import watch
from audit.models import LedgerEvent
from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent, GroupMember, Tenant
from tests.approvals.world import FOUR_EYES, HOUR, World, make_world, policy, stage
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db


def fall_back_to(world: World, group: str) -> None:
    with tenant_transaction(world.company.id):
        Tenant.objects.update(fallback_group=group)


def empty(world: World, group: str) -> None:
    with tenant_transaction(world.company.id):
        GroupMember.objects.filter(approver_group__slug=group).delete()


def added(world: World) -> list[list[dict[str, object]]]:
    with tenant_transaction(world.company.id):
        found = RequirementStage.objects.order_by("requirement__rule_id", "position")
        return list(found.values_list("added", flat=True))


def fallbacks(world: World) -> int:
    with tenant_transaction(world.company.id):
        return LedgerEvent.objects.filter(type="stage.fallback_added").count()


def alerts(world: World) -> list[str]:
    with tenant_transaction(world.company.id):
        found = Notification.objects.filter(kind=NotificationKind.ALERT)
        return list(found.values_list("member__user__name", flat=True))


MANAGERS = [{"kind": "group", "ref": "managers", "count": 1}]


def test_a_quorum_that_becomes_impossible_gets_the_fallback_group_once() -> None:
    world = make_world(FOUR_EYES)
    fall_back_to(world, "managers")
    request = world.submit()
    assert added(world) == [[]]
    empty(world, "risk")
    assert [finding.kind for finding in watch()] == [QUORUM_UNREACHABLE]
    assert added(world) == [MANAGERS]
    assert watch() == []
    assert (added(world), fallbacks(world), alerts(world)) == ([MANAGERS], 1, ["Carl"])
    world.vote(world.company.alice, request)
    assert world.vote(world.company.charlie, request).status == RequestStatus.APPROVED


def test_an_impossible_quorum_without_a_fallback_expires(move_clock: MoveClock) -> None:
    world = make_world(FOUR_EYES)
    request = world.submit()
    empty(world, "risk")
    watch()
    world.vote(world.company.alice, request)
    move_clock(4 * HOUR)
    sweep()
    with tenant_transaction(world.company.id):
        assert ActionRequest.objects.get().status == RequestStatus.EXPIRED


def test_an_empty_group_at_submission_gets_the_fallback_at_once() -> None:
    world = make_world(FOUR_EYES)
    fall_back_to(world, "managers")
    empty(world, "risk")
    assert world.submit().is_pending
    assert added(world) == [MANAGERS]


def test_only_the_agents_owner_in_a_group_is_nobody() -> None:
    world = make_world(policy(stage("finance")))
    fall_back_to(world, "risk")
    with tenant_transaction(world.company.id):
        Agent.objects.update(owner=world.company.alice)
        world.agent.refresh_from_db()
    request = world.submit()
    assert added(world) == [[{"kind": "group", "ref": "risk", "count": 1}]]
    assert world.vote(world.company.bob, request).status == RequestStatus.APPROVED


def test_a_later_stage_that_is_impossible_is_found_before_it_opens() -> None:
    world = make_world(policy(stage("finance", name="one"), stage("finance", name="two")))
    fall_back_to(world, "managers")
    request = world.submit()
    # Alice alone is in Finance: she can fill one of the two stages, and Charlie the other.
    assert fallbacks(world) == 1
    world.vote(world.company.alice, request)
    assert world.vote(world.company.charlie, request).status == RequestStatus.APPROVED


def test_people_for_two_seats_are_counted_once() -> None:
    world = make_world(policy(stage("finance", {"role": "approver", "count": 3})))
    world.submit()
    assert [finding.kind for finding in watch()] == [QUORUM_UNREACHABLE]
    world.approvers(world.company.risk, 1)
    assert watch() == []


def test_nothing_is_approved_by_there_being_no_stages() -> None:
    world = make_world(FOUR_EYES)
    request = world.submit()
    with tenant_transaction(world.company.id):
        Timer.objects.all().delete()
        RequirementStage.objects.all().delete()
        assert stages.advance(request=request, now=request.submitted_at) is False


class Odd:
    """Explains what no policy says."""

    def because(self) -> str:
        return "odd"

    def trace(self, *, every: bool) -> tuple[RuleTrace, ...]:
        return ()


def test_an_evaluation_that_demands_nothing_is_blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    def demands_nothing(*_: object) -> Evaluation:
        return Evaluation("require_approval", (), False, NO_OBLIGATIONS, Odd())

    world = make_world(FOUR_EYES)
    monkeypatch.setattr("approvals.services.judging.evaluate", demands_nothing)
    assert world.submit().status == RequestStatus.BLOCKED
