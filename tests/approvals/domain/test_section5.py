"""Who may vote, and how votes count: section 5 of the domain page, sentence by sentence."""

from functools import partial
from itertools import permutations
from typing import Any

import pytest

from approvals.enums import Verdict
from approvals.models import ExecutionGrant
from approvals.services.timers import sweep
from govapp.common.errors import Conflict, Forbidden, Stale
from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent, Membership
from tenants.services.groups import add_to_group
from tests.approvals.domain.acts import (
    ask_for_permission,
    counted,
    go_away,
)
from tests.approvals.standing import fresh, recorded
from tests.approvals.world import FOUR_EYES, HOUR, MINUTE, World, make_world, policy, stage
from tests.conftest import MoveClock
from tests.support.committed import CommittedDatabase

ONE = policy(stage("finance"))


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
