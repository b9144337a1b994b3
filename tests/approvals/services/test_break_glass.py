"""One person approves alone: what it takes, what it leaves behind, and who hears of it."""

from datetime import timedelta
from typing import Any

import pytest

from approvals.enums import StageStatus, TimerKind, TimerStatus, Verdict, VoidedBecause
from approvals.models import ActionRequest, BreakGlassReview, RequirementStage, Timer, Vote
from approvals.selectors.reviews import BREAK_GLASS
from approvals.services.categories import give_right, take_right
from approvals.services.execution import issue_grant
from approvals.services.exercises import Sample, start_drill
from approvals.services.step_up import BREAK_GLASS as ACT
from approvals.services.step_up import bound_to
from govapp.common.errors import Conflict, Forbidden, Invalid, Stale
from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent
from tenants.services.people import suspend_member
from tenants.services.second_factor import CodeRefused, PasskeyProof, begin_passkey
from tests.approvals.emergencies import WHY, approve_alone, events, may_act_alone, told
from tests.approvals.world import FOUR_EYES, HOUR, World, make_world
from tests.conftest import MoveClock
from tests.support.authenticator import App
from tests.support.passkey import HOST, Passkey

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    made = make_world(FOUR_EYES)
    may_act_alone(made, made.company.charlie)
    return made


def test_one_person_approves_alone_and_it_is_loud(world: World) -> None:
    charlie = world.company.charlie
    request = world.submit()
    decided = approve_alone(world, charlie, request, App(charlie))
    assert (decided.status, decided.is_break_glass, decided.decided_by_name) == (
        "approved",
        True,
        "Charlie",
    )
    assert decided.decision_reason == f"in an emergency, alone: {WHY}"
    with tenant_transaction(world.company.id):
        vote = Vote.objects.get()
        review = BreakGlassReview.objects.get()
        stages = RequirementStage.objects.values_list("status", flat=True)
        assert list(stages) == [StageStatus.CLOSED]
    assert (vote.is_break_glass, vote.verdict, vote.reason) == (True, "approve", WHY)
    assert (vote.right["rights"], vote.right["second_factor"]) == (["break_glass:person"], "totp")
    assert (review.member_id, review.reason, review.outcome) == (charlie.pk, WHY, "")
    assert review.due_at - review.opened_at == timedelta(hours=72)
    (event,) = events(world, "break_glass.approved")
    assert (
        event["data"]
        | {
            "reason": WHY,
            "second_factor": "totp",
            "rights": ["break_glass:person"],
            "payload_digest": request.payload_digest,
            "missing": "1 from Finance, 1 from Risk",
            "review": review.public_id,
        }
        == event["data"]
    )
    assert events(world, "vote.cast") == []


def test_it_gives_the_permission_like_any_approval(world: World) -> None:
    charlie = world.company.charlie
    decided = approve_alone(world, charlie, world.submit(), App(charlie))
    with tenant_transaction(world.company.id):
        assert issue_grant(agent=world.agent, request_id=decided.pk).token


def test_everybody_concerned_is_told_once(world: World) -> None:
    """Who was asked, the agent's owner, owners, compliance, and whoever it was."""
    charlie = world.company.charlie
    with tenant_transaction(world.company.id):
        Agent.objects.update(owner=world.company.audrey)
    approve_alone(world, charlie, world.submit(), App(charlie))
    assert told(world, "break_glass") == ["Alice", "Audrey", "Bob", "Carl", "Charlie", "Olivia"]
    assert told(world, "decided") == []


def test_a_group_can_have_the_right_and_lose_it(world: World) -> None:
    company, bob = world.company, world.company.bob
    request, app = world.submit(), App(bob)
    with pytest.raises(Forbidden, match="not been given the right"):
        approve_alone(world, bob, request, app)
    with tenant_transaction(company.id):
        right: dict[str, Any] = {"category": world.category, "group": company.risk}
        give_right(actor=company.carl, right=BREAK_GLASS, **right)
        give_right(actor=company.carl, right=BREAK_GLASS, **right)
        take_right(actor=company.carl, right=BREAK_GLASS, **right)
    with pytest.raises(Forbidden, match="not been given the right"):
        approve_alone(world, bob, request, app)
    with tenant_transaction(company.id):
        give_right(actor=company.carl, right=BREAK_GLASS, **right)
    approve_alone(world, bob, request, app)
    with tenant_transaction(company.id):
        assert Vote.objects.get().right["rights"] == ["break_glass:group:risk"]
    assert len(events(world, "category.break_glass_right_given")) == 2
    (taken,) = events(world, "category.break_glass_right_taken")
    assert taken["summary"] == (
        "Carl took from the group Risk the right to approve payments.transfer alone,"
        " in an emergency."
    )


def test_the_right_to_vote_is_not_the_right_to_act_alone(world: World) -> None:
    alice = world.company.alice
    with pytest.raises(Forbidden, match="alone"):
        approve_alone(world, alice, world.submit(), App(alice))
    charlie = world.company.charlie  # and the other way round
    with pytest.raises(Forbidden):
        world.vote(charlie, world.submit())


@pytest.mark.parametrize("how", ["owner", "former owner", "on behalf of"])
def test_never_on_the_agents_side(world: World, how: str) -> None:
    """Whether or not the rule separates duties."""
    company, charlie = world.company, world.company.charlie
    fields = {"on_behalf_of": "charlie@acme.example"} if how == "on behalf of" else {}
    with tenant_transaction(company.id):
        if how == "former owner":
            Agent.objects.update(owner=charlie)
    request = World(company, agent_of(world), world.category).submit(**fields)
    with tenant_transaction(company.id):
        Agent.objects.update(owner=charlie if how == "owner" else company.olivia)
    with pytest.raises(Forbidden, match="nobody approves their own side alone"):
        approve_alone(world, charlie, request, App(charlie))


def agent_of(world: World) -> Agent:
    with tenant_transaction(world.company.id):
        return Agent.objects.select_related("owner__user").get(pk=world.agent.pk)


@pytest.mark.parametrize("reason", ["", "too short", "x" * 19, " " * 30, "x" * 4001])
def test_it_takes_a_reason(world: World, reason: str) -> None:
    charlie = world.company.charlie
    with pytest.raises(Invalid) as refused:
        approve_alone(world, charlie, world.submit(), App(charlie), reason=reason)
    assert [error.pointer for error in refused.value.errors] == ["/reason"]


def test_it_takes_a_second_factor(world: World) -> None:
    """Also where no rule asks for step-up; a refusal changes nothing and is recorded."""
    charlie, request = world.company.charlie, world.submit()
    with pytest.raises(Forbidden, match="have not set one up"):
        approve_alone(world, charlie, request)
    App(charlie)
    with pytest.raises(CodeRefused):
        approve_alone(world, charlie, request)
    assert status(world, request) == ("pending", False)
    refused = events(world, "vote.refused")
    assert [each["data"]["is_break_glass"] for each in refused] == [True, True]


def test_a_passkey_is_asked_for_this_act(world: World) -> None:
    charlie, request = world.company.charlie, world.submit()
    passkey = Passkey(charlie)

    def answer(act: str) -> PasskeyProof:
        bound = bound_to(request, act)
        return PasskeyProof(
            passkey.answer(begin_passkey(user=charlie.user, bound_to=bound, rp_id=HOST))
        )

    with pytest.raises(CodeRefused, match="asked for something else"):
        approve_alone(world, charlie, request, proof=answer(Verdict.APPROVE))
    approve_alone(world, charlie, request, proof=answer(ACT))
    (event,) = events(world, "break_glass.approved")
    assert event["data"]["second_factor"] == "passkey"


def test_only_what_was_seen_and_only_in_time(world: World, move_clock: MoveClock) -> None:
    charlie, request = world.company.charlie, world.submit()
    app = App(charlie)
    with pytest.raises(Stale):
        approve_alone(world, charlie, request, app, request_version=2)
    with pytest.raises(Stale):
        approve_alone(world, charlie, request, app, payload_digest="sha256-other")
    move_clock(4 * HOUR)
    with pytest.raises(Conflict, match="time to decide has ended"):
        approve_alone(world, charlie, request, app)
    assert status(world, request) == ("pending", False)


def test_not_after_the_end(world: World) -> None:
    charlie, request = world.company.charlie, world.submit()
    world.vote(world.company.alice, request, Verdict.DENY)
    with pytest.raises(Conflict, match="has been denied by Alice"):
        approve_alone(world, charlie, request, App(charlie))


def test_a_suspended_person_has_no_emergencies(world: World) -> None:
    charlie, request = world.company.charlie, world.submit()
    app = App(charlie)
    with tenant_transaction(world.company.id):
        suspend_member(actor=world.company.olivia, member=charlie, reason="left")
    with pytest.raises(Forbidden, match="not an active approver"):
        approve_alone(world, charlie, request, app)


def test_whoever_is_no_approver_has_none_either(world: World) -> None:
    may_act_alone(world, world.company.audrey)
    audrey = world.company.audrey
    with pytest.raises(Forbidden, match="not an active approver"):
        approve_alone(world, audrey, world.submit(), App(audrey))


def test_a_drill_is_no_emergency(world: World) -> None:
    company, charlie = world.company, world.company.charlie
    with tenant_transaction(company.id):
        sample = Sample(world.agent, world.category, "Pay Acme Ltd", {"amount": "900.00"})
        request = start_drill(actor=company.carl, sample=sample).request
    with pytest.raises(Forbidden, match="This is a drill"):
        approve_alone(world, charlie, request, App(charlie))


def test_ones_own_vote_is_replaced_and_those_of_others_stay(world: World) -> None:
    alice, bob = world.company.alice, world.company.bob
    may_act_alone(world, alice)
    request = world.submit()
    world.vote(alice, request)
    approve_alone(world, alice, request, App(alice))
    with tenant_transaction(world.company.id):
        former, alone = Vote.objects.order_by("cast_at")
    assert (former.voided_because, former.voided_at) == (VoidedBecause.WITHDRAWN, alone.cast_at)
    assert (alone.is_break_glass, alone.voided_at) == (True, None)
    assert bob.user.name in told(world, "break_glass")
    (taken,) = events(world, "vote.withdrawn")
    assert (taken["data"]["member"], taken["data"]["voided_because"]) == (
        alice.public_id,
        "withdrawn",
    )


def test_the_timers_of_the_stages_end_and_those_of_the_review_begin(world: World) -> None:
    charlie = world.company.charlie
    decided = approve_alone(world, charlie, world.submit(), App(charlie))
    with tenant_transaction(world.company.id):
        rows = Timer.objects.order_by("due_at").values_list("kind", "status", "request_version")
        assert list(rows) == [
            (TimerKind.EXPIRE, TimerStatus.SUPERSEDED, 1),
            *[(TimerKind.REVIEW, TimerStatus.ARMED, decided.version)] * 5,
        ]


def status(world: World, request: ActionRequest) -> tuple[str, bool]:
    with tenant_transaction(world.company.id):
        found = ActionRequest.objects.get(pk=request.pk)
        return found.status, found.is_break_glass
