"""Voting with more than a vote: section 5 of the domain page, from approving with changes on."""

from datetime import timedelta
from typing import Any

import pytest

from approvals.enums import Risk, Verdict, VoidedBecause
from approvals.models import ActionRequest, ExecutionGrant, RequirementStage, Vote
from approvals.selectors.board import load_boards
from approvals.services.bulk import BulkBallot, vote_in_bulk
from approvals.services.execution import revoke_grant
from approvals.services.reviews import review_break_glass
from approvals.services.step_up import bound_to
from approvals.services.timers import sweep
from govapp.common.errors import Conflict, Forbidden, Invalid, NotYet
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tenants.services.second_factor import CodeProof, CodeRefused, PasskeyProof, begin_passkey
from tests.approvals.documents import asks, rules, where
from tests.approvals.domain.acts import (
    ask_for_permission,
    counted,
    edit,
    open_amount,
    reviews,
    told,
)
from tests.approvals.emergencies import WHY, approve_alone, may_act_alone
from tests.approvals.standing import fresh, recorded
from tests.approvals.world import FOUR_EYES, HOUR, World, make_world, policy, stage
from tests.conftest import MoveClock
from tests.support.authenticator import App
from tests.support.passkey import HOST, Passkey

ONE = policy(stage("finance"))


STEP_UP = rules(asks("payments", obligations={"step_up": True}))


@pytest.fixture
def world(db: None) -> World:
    return make_world(FOUR_EYES)


# Approve-with-changes.


def by_amount() -> World:
    document = rules(
        asks("payments", flow="two"),
        asks("large", where("payload.amount", "gt", "1000.00"), flow="large"),
    )
    document["flows"]["large"] = {"stages": [stage("managers")]}
    world = make_world(document)
    open_amount(world)
    return world


def test_an_approver_edits_fields_that_the_category_marks_editable(db: None) -> None:
    """Approve-with-changes: the approver edits fields that the category marks editable."""
    world = by_amount()
    request = world.submit()
    with pytest.raises(Invalid):
        edit(world, world.company.alice, request, to="DE2")
    assert fresh(request).payload == {"amount": "900.00"}
    edit(world, world.company.alice, request, amount="800.00")
    assert fresh(request).payload == {"amount": "800.00"}


def test_the_edited_payload_gets_its_own_digest(db: None) -> None:
    """… the edited payload gets its own digest …"""
    world = by_amount()
    request = world.submit()
    changed = edit(world, world.company.alice, request, amount="800.00")
    assert changed.payload_digest != request.payload_digest
    assert changed.version == request.version + 1


def test_it_is_evaluated_again_and_goes_on_where_more_is_needed(db: None) -> None:
    """… is evaluated again as if submitted; if that needs more approvals, it goes on …"""
    world = by_amount()
    changed = edit(world, world.company.alice, world.submit(), amount="5000.00")
    assert world.vote(world.company.bob, changed).is_pending
    assert world.vote(world.company.charlie, changed).status == "approved"


def test_the_vote_counts_for_the_edited_payload_only(db: None) -> None:
    """… the vote counts for the edited payload only …"""
    world = by_amount()
    changed = edit(world, world.company.alice, world.submit(), amount="800.00")
    with tenant_transaction(world.company.id):
        vote = Vote.objects.get()
    seen = (changed.payload_digest, changed.version)
    assert (vote.payload_digest, vote.request_version) == seen


def test_earlier_votes_for_the_former_payload_fall_away(db: None) -> None:
    """… and earlier votes for the former one fall away."""
    world = by_amount()
    request = world.submit()
    world.vote(world.company.bob, request)
    changed = edit(world, world.company.alice, request, amount="800.00")
    assert (changed.is_pending, counted(request)) == (True, [("Alice", "")])
    with tenant_transaction(world.company.id):
        fallen = Vote.objects.get(member=world.company.bob)
    assert fallen.voided_because == VoidedBecause.CHANGED


# Step-up: a rule can ask for a fresh second factor (passkey or TOTP) at the vote.


def test_a_rule_can_ask_for_a_code_at_the_vote(db: None) -> None:
    """Step-up: a rule can ask for a fresh second factor ( … TOTP) at the vote."""
    world = make_world(STEP_UP)
    request, app = world.submit(), App(world.company.alice)
    with pytest.raises(CodeRefused):
        world.vote(world.company.alice, request)
    code = CodeProof(app.code())
    assert world.vote(world.company.alice, request, proof=code).status == "approved"
    with pytest.raises(CodeRefused):  # fresh: what was used once is used up
        world.vote(world.company.alice, world.submit(), proof=code)


def test_a_rule_can_ask_for_a_passkey_at_the_vote(db: None) -> None:
    """Step-up: a rule can ask for a fresh second factor (passkey …) at the vote."""
    world = make_world(STEP_UP)
    alice, request, other = world.company.alice, world.submit(), world.submit()
    passkey = Passkey(alice)

    def sign(seen: ActionRequest) -> PasskeyProof:
        bound = bound_to(seen, Verdict.APPROVE)
        return PasskeyProof(
            passkey.answer(begin_passkey(user=alice.user, bound_to=bound, rp_id=HOST))
        )

    with pytest.raises(CodeRefused):
        world.vote(alice, request, proof=sign(other))
    assert world.vote(alice, request, proof=sign(request)).status == "approved"


# Bulk: only the same category, same rule and at most low risk; each vote is recorded on its own.


def bulk(world: World, requests: list[ActionRequest]) -> list[str]:
    ballots = [BulkBallot(each.pk, each.payload_digest, each.version) for each in requests]
    with bind_tenant(world.company.id):
        with tenant_transaction(world.company.id):
            found = ActionRequest.objects.select_related("category").order_by("submitted_at", "id")
            boards = load_boards(list(found))
        member = world.company.alice
        given = vote_in_bulk(member=member, ballots=ballots, boards=boards, verdict=Verdict.APPROVE)
    return [each.refused for each in given]


def be_of_risk(world: World, risk: Risk) -> None:
    with tenant_transaction(world.company.id):
        world.category.risk = risk
        world.category.save()


def test_bulk_records_each_vote_on_its_own(db: None) -> None:
    """Bulk: … each vote is still recorded on its own."""
    world = make_world(ONE)
    be_of_risk(world, Risk.LOW)
    requests = [world.submit() for _ in range(3)]
    assert bulk(world, requests) == ["", "", ""]
    assert [recorded(each, "vote.") for each in requests] == [["vote.cast"]] * 3


def test_bulk_is_for_low_risk_only(db: None) -> None:
    """Bulk: only … at most low risk."""
    world = make_world(ONE)
    be_of_risk(world, Risk.MEDIUM)
    request = world.submit()
    with pytest.raises(Invalid, match="Only requests of low risk"):
        bulk(world, [request])
    assert counted(request) == []


def test_bulk_is_for_one_rule_only(db: None) -> None:
    """Bulk: only the same … rule."""
    big = asks("large", where("payload.amount", "gt", "1000.00"))
    world = make_world(rules(asks("payments"), big))
    be_of_risk(world, Risk.LOW)
    requests = [world.submit(), world.submit(payload={"amount": "5000.00"})]
    with pytest.raises(Invalid, match="select requests of one rule"):
        bulk(world, requests)


def test_bulk_is_for_one_category_only(db: None) -> None:
    """Bulk: only the same category."""
    document = policy(stage("finance"))
    document["rules"][0]["when"]["category"] = "payments.*"
    world = make_world(document)
    be_of_risk(world, Risk.LOW)
    with tenant_transaction(world.company.id):
        other = type(world.category).objects.create(
            key="payments.refund", name="Refund", payload_schema={"type": "object"}, risk="low"
        )
    assert other.key == "payments.refund"
    requests = [world.submit(), world.submit(category="payments.refund")]
    with pytest.raises(Invalid, match="select requests of one kind"):
        bulk(world, requests)


# Break-glass.


def in_emergency(world: World) -> ActionRequest:
    may_act_alone(world, world.company.charlie)
    return approve_alone(world, world.company.charlie, world.submit(), App(world.company.charlie))


def test_break_glass_takes_the_right(world: World) -> None:
    """Break-glass: a person with that right approves alone …"""
    request, app = world.submit(), App(world.company.alice)
    with pytest.raises(Forbidden, match="not been given the right"):
        approve_alone(world, world.company.alice, request, app)
    assert in_emergency(world).status == "approved"


def test_break_glass_takes_a_reason_and_a_second_factor(world: World) -> None:
    """… with a reason and a second factor …"""
    charlie, request = world.company.charlie, world.submit()
    may_act_alone(world, charlie)
    app = App(charlie)
    with pytest.raises(Invalid, match="why it cannot wait"):
        approve_alone(world, charlie, request, app, reason="")
    with pytest.raises(CodeRefused):
        approve_alone(world, charlie, request)
    assert fresh(request).is_pending
    assert approve_alone(world, charlie, request, app).decision_reason.endswith(WHY)


def test_break_glass_is_marked_and_everybody_concerned_is_told(world: World) -> None:
    """… it is marked, everybody concerned is told …"""
    decided = in_emergency(world)
    assert (decided.is_break_glass, recorded(decided, "break_glass.")) == (
        True,
        ["break_glass.approved"],
    )
    assert told(world, "break_glass") == ["Alice", "Bob", "Carl", "Charlie", "Olivia"]


def test_a_review_by_somebody_else_becomes_due(world: World, move_clock: MoveClock) -> None:
    """… and a review by somebody else becomes due."""
    company = world.company
    in_emergency(world)
    (review,) = reviews(world)
    assert (review.member.user.name, review.due_at - review.opened_at) == ("Charlie", 72 * HOUR)
    move_clock(73 * HOUR)
    sweep()
    assert told(world, "review_due") == ["Carl"]  # Olivia answers for the agent
    say: dict[str, Any] = {
        "review_id": review.pk,
        "outcome": "justified",
        "remark": "The bank was closing.",
    }
    with bind_tenant(company.id):
        with pytest.raises(Forbidden):
            review_break_glass(actor=company.charlie, **say)
        assert review_break_glass(actor=company.carl, **say).reviewer == company.carl


# Undo window: a rule can hold the grant back for some seconds, during which the voter can
# withdraw.


def test_a_rule_can_hold_the_grant_back(db: None, move_clock: MoveClock) -> None:
    """Undo window: a rule can hold the grant back for some seconds …"""
    world = make_world(rules(asks("payments", obligations={"delay": "30s"})))
    request = world.vote(world.company.alice, world.submit())
    with pytest.raises(NotYet):
        ask_for_permission(world, request)
    move_clock(timedelta(seconds=31))
    assert ask_for_permission(world, request)


def test_the_voter_can_withdraw_during_the_undo_window(db: None, move_clock: MoveClock) -> None:
    """… during which the voter can withdraw."""
    world = make_world(rules(asks("payments", obligations={"delay": "30s"})))
    alice = world.company.alice
    request = world.vote(alice, world.submit())
    with tenant_transaction(world.company.id):
        revoke_grant(actor=alice, request_id=request.pk, reason="Wrong invoice")
    move_clock(timedelta(seconds=31))
    with pytest.raises(Conflict):
        ask_for_permission(world, request)
    with tenant_transaction(world.company.id):
        assert RequirementStage.objects.get().status == "satisfied"
        assert ExecutionGrant.objects.count() == 0
