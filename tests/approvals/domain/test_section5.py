"""Who may vote, and how votes count: section 5 of the domain page, sentence by sentence."""

from datetime import timedelta
from functools import partial
from itertools import permutations
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
from govapp.common.errors import Conflict, Forbidden, Invalid, NotYet, Stale
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tenants.models import Agent, Membership
from tenants.services.groups import add_to_group
from tenants.services.second_factor import CodeProof, CodeRefused, PasskeyProof, begin_passkey
from tests.approvals.documents import asks, rules, where
from tests.approvals.domain.acts import (
    ask_for_permission,
    counted,
    edit,
    fresh,
    go_away,
    open_amount,
    recorded,
    reviews,
    told,
)
from tests.approvals.emergencies import WHY, approve_alone, may_act_alone
from tests.approvals.world import FOUR_EYES, HOUR, MINUTE, World, make_world, policy, stage
from tests.conftest import MoveClock
from tests.support.authenticator import App
from tests.support.committed import CommittedDatabase
from tests.support.passkey import HOST, Passkey

ONE = policy(stage("finance"))
STEP_UP = rules(asks("payments", obligations={"step_up": True}))


@pytest.fixture
def world(db: None) -> World:
    return make_world(FOUR_EYES)


def owned_by(world: World, owner: Membership) -> World:
    with tenant_transaction(world.company.id):
        Agent.objects.update(owner=owner)
        return World(world.company, Agent.objects.get(), world.category)


# Never the agent. Never the agent's owner or the person on whose behalf it acts, when the rule
# asks for separation of duties (the default).


def test_never_the_agent(world: World) -> None:
    """Never the agent."""
    request = world.submit()
    with tenant_transaction(world.company.id):  # as whoever forges it would have it
        agent = Membership(
            pk=world.agent.pk, user=world.company.olivia.user, roles=["approver"], status="active"
        )
    with pytest.raises(Forbidden, match="not an active approver"):
        world.vote(agent, request)
    assert counted(request) == []


def test_never_the_agents_owner(world: World) -> None:
    """Never the agent's owner … when the rule asks for separation of duties (the default)."""
    request = owned_by(world, world.company.alice).submit()
    with pytest.raises(Forbidden, match="this rule separates those duties"):
        world.vote(world.company.alice, request)


def test_never_the_person_on_whose_behalf_it_acts(world: World) -> None:
    """Never … the person on whose behalf it acts, when the rule asks for separation of duties."""
    request = world.submit(on_behalf_of="alice@acme.example")
    with pytest.raises(Forbidden, match="this rule separates those duties"):
        world.vote(world.company.alice, request)


def test_the_owner_may_where_the_rule_says_so(db: None) -> None:
    """… when the rule asks for separation of duties."""
    document = policy(stage("finance"))
    document["rules"][0]["separation_of_duties"] = False
    world = make_world(document)
    request = owned_by(world, world.company.alice).submit()
    assert world.vote(world.company.alice, request).status == "approved"


# One person fills one seat in a requirement, whatever groups they are in. Seats are matched to
# voters as a bipartite matching, so that the order of votes never matters.


def in_both_groups(world: World) -> Membership:
    (dora,) = world.approvers_named(world.company.finance, "dora")
    with tenant_transaction(world.company.id):
        add_to_group(actor=world.company.olivia, group=world.company.risk, member=dora)
    return dora


def test_one_person_fills_one_seat(world: World) -> None:
    """One person fills one seat in a requirement, whatever groups they are in."""
    dora, request = in_both_groups(world), world.submit()
    assert world.vote(dora, request).is_pending
    with pytest.raises(Conflict, match="already voted"):
        world.vote(dora, request)
    assert world.vote(world.company.alice, request).status == "approved"


def test_the_order_of_votes_never_matters(world: World) -> None:
    """Seats are matched to voters as a bipartite matching, so that the order … never matters."""
    dora = in_both_groups(world)
    for pair in ((dora, world.company.alice), (dora, world.company.bob)):
        for first, second in permutations(pair):
            request = world.submit()
            assert world.vote(first, request).is_pending
            assert world.vote(second, request).status == "approved"


# A vote as stand-in is recorded "B for A", counts as both B's and A's (neither can vote again),
# and separation of duties is checked for both.


def test_a_vote_as_stand_in_is_recorded_as_b_for_a(world: World) -> None:
    """A vote as stand-in is recorded "B for A"."""
    go_away(world, world.company.alice, world.company.charlie)
    request = world.submit()
    world.vote(world.company.charlie, request)
    assert counted(request) == [("Charlie", "Alice")]


@pytest.mark.parametrize("again", ["alice", "bob"])
def test_it_counts_as_both(world: World, again: str) -> None:
    """… counts as both B's and A's (neither can vote again)."""
    company = world.company
    go_away(world, company.alice, company.bob)
    request = world.submit()
    world.vote(company.bob, request, stands_for=company.alice)
    with pytest.raises(Conflict):
        world.vote(getattr(company, again), request)
    assert counted(request) == [("Bob", "Alice")]


@pytest.mark.parametrize("owner", ["alice", "charlie"])
def test_separation_of_duties_is_checked_for_both(world: World, owner: str) -> None:
    """… and separation of duties is checked for both."""
    go_away(world, world.company.alice, world.company.charlie)
    request = owned_by(world, getattr(world.company, owner)).submit()
    with pytest.raises(Forbidden, match="agent's side"):
        world.vote(world.company.charlie, request, stands_for=world.company.alice)


# One eligible `deny` ends the request. `return` ends it too, with the remark for the agent.


def test_one_eligible_deny_ends_the_request(world: World) -> None:
    """One eligible `deny` ends the request."""
    request = world.submit()
    with pytest.raises(Forbidden):
        world.vote(world.company.charlie, request, Verdict.DENY)
    world.vote(world.company.alice, request)
    assert world.vote(world.company.bob, request, Verdict.DENY).status == "denied"


def test_return_ends_it_too_with_the_remark_for_the_agent(world: World) -> None:
    """`return` ends it too, with the remark for the agent."""
    request = world.submit()
    world.vote(world.company.alice, request, Verdict.RETURN, reason="Which invoice?")
    now = fresh(request)
    assert (now.status, now.decision_reason) == ("returned", "Which invoice?")


# A vote is bound to what the voter saw: the payload digest and the request's version. If either
# differs, it is refused with "this changed while you were reading".


@pytest.mark.parametrize("seen", [{"payload_digest": "sha256-other"}, {"request_version": 2}])
def test_a_vote_is_bound_to_what_the_voter_saw(world: World, seen: dict[str, Any]) -> None:
    """… the payload digest and the request's version. If either differs, it is refused …"""
    request = world.submit()
    with pytest.raises(Stale, match="This changed while you were reading"):
        world.vote(world.company.alice, request, **seen)
    assert counted(request) == []


# A vote counts only if the database clock is before the deadline, under the request's row lock.
# A late sweeper cannot let a late vote in.


def test_a_vote_counts_only_before_the_deadline(world: World, move_clock: MoveClock) -> None:
    """A vote counts only if the database clock is before the deadline …"""
    request = world.submit()
    move_clock(4 * HOUR - MINUTE)
    assert world.vote(world.company.alice, request).is_pending
    move_clock(4 * HOUR)
    with pytest.raises(Conflict, match="time to decide ended"):
        world.vote(world.company.bob, request)


def test_a_late_sweeper_cannot_let_a_late_vote_in(world: World, move_clock: MoveClock) -> None:
    """A late sweeper cannot let a late vote in."""
    request = world.submit()
    world.vote(world.company.alice, request)
    move_clock(40 * HOUR)
    assert fresh(request).is_pending
    with pytest.raises(Conflict, match="time to decide ended"):
        world.vote(world.company.bob, request)
    sweep()
    assert fresh(request).status == "expired"


# Simultaneous votes: one row lock on the request, always taken first. Exactly one final
# transition, exactly one grant. A vote on a finished request gets a clear answer.


def test_simultaneous_votes_have_one_final_transition_and_one_grant(
    committed_db: CommittedDatabase,
) -> None:
    """Exactly one final transition, exactly one grant."""
    world = make_world(ONE)
    (dora,) = world.approvers(world.company.finance, 1)
    request = world.submit()
    votes = [partial(world.vote, each, request) for each in (world.company.alice, dora)]
    outcomes = committed_db.at_once(votes)
    assert sorted(type(each).__name__ for each in outcomes) == ["ActionRequest", "Conflict"]
    committed_db.at_once([partial(ask_for_permission, world, request)] * 4)
    assert recorded(request, "action_request.") == [
        "action_request.submitted",
        "action_request.approved",
    ]
    with tenant_transaction(world.company.id):
        assert ExecutionGrant.objects.count() == 1


def test_a_vote_on_a_finished_request_is_told_how_it_ended(world: World) -> None:
    """A vote on a finished request gets a clear answer saying how it ended."""
    request = world.submit()
    world.vote(world.company.alice, request, Verdict.DENY)
    with pytest.raises(Conflict, match="This request has been denied by Alice on 20"):
        world.vote(world.company.bob, request)


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
