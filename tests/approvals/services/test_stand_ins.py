"""Voting for somebody who is away (domain page, sections 1 and 5)."""

from datetime import timedelta

import pytest

from approvals.enums import RequestStatus, Verdict
from approvals.models import ActionRequest, Notification, Vote
from approvals.selectors.approvers import standing_of
from approvals.selectors.board import load_board
from approvals.selectors.inbox import decidable_by
from approvals.selectors.people import load_people
from audit.models import LedgerEvent
from govapp.common import clock
from govapp.common.errors import Conflict, Forbidden, Invalid
from govapp.common.tenancy import tenant_transaction
from tenants.enums import MemberStatus, Role
from tenants.models import Absence, Agent, Membership
from tenants.services.absences import cancel_absence, enter_absence
from tests.approvals.standing import missing
from tests.approvals.world import (
    FOUR_EYES,
    HOUR,
    World,
    add_approver,
    give_right,
    make_world,
    policy,
    stage,
)
from tests.conftest import MoveClock
from tests.support.recorded import read

pytestmark = pytest.mark.django_db

FINANCE = policy(stage("finance"))


def away(
    world: World,
    member: Membership,
    stand_in: Membership | None = None,
    *,
    after: timedelta = -HOUR,
    lasts: timedelta = 24 * HOUR,
) -> Absence:
    """Enter an absence that began an hour ago, or `after` another time from now."""
    with tenant_transaction(world.company.id):
        now = clock.now()
        return enter_absence(
            actor=world.company.olivia,
            member=member,
            stand_in=stand_in,
            starts_at=now + after,
            ends_at=now + after + lasts,
        )


def standing(world: World, request: ActionRequest, member: Membership) -> tuple[bool, str]:
    with tenant_transaction(world.company.id):
        found = standing_of(ActionRequest.objects.get(pk=request.pk), member)
        return found.may_vote, found.why


def votes(world: World) -> list[tuple[str, str]]:
    with tenant_transaction(world.company.id):
        rows = Vote.objects.select_related("member__user", "stands_for__user").order_by("cast_at")
        return [
            (row.member.user.name, row.stands_for.user.name if row.stands_for else "")
            for row in rows
        ]


def told(world: World, kind: str = "requested") -> list[str]:
    with tenant_transaction(world.company.id):
        rows = Notification.objects.filter(kind=kind).order_by("member__user__name")
        return list(rows.values_list("member__user__name", flat=True))


def waiting(world: World, member: Membership) -> int:
    with tenant_transaction(world.company.id):
        return decidable_by(member).count()


def test_a_stand_in_votes_for_who_is_away() -> None:
    world = make_world(FINANCE)
    alice, bob = world.company.alice, world.company.bob
    away(world, alice, bob)
    request = world.submit()
    assert world.vote(bob, request).status == RequestStatus.APPROVED
    assert votes(world) == [("Bob", "Alice")]
    with tenant_transaction(world.company.id):
        vote = Vote.objects.get()
        assert vote.right["right"] == "group:finance"
        assert vote.right["seats"] == ["group:finance"]
        event = read(LedgerEvent.objects.get(type="vote.cast"))
        assert event["actor"]["name"] == "Bob"
        assert event["data"]["stands_for"] == {"id": alice.public_id, "name": "Alice"}
        assert event["summary"].startswith("Bob, standing in for Alice, approved")


def test_a_stand_in_who_has_a_seat_votes_for_themselves_unless_they_say_otherwise() -> None:
    world = make_world(FOUR_EYES)
    alice, bob = world.company.alice, world.company.bob
    away(world, alice, bob)
    first, second = world.submit(), world.submit()
    world.vote(bob, first)
    world.vote(bob, second, stands_for=alice)
    assert votes(world) == [("Bob", ""), ("Bob", "Alice")]
    assert missing(first) == ["1 from Finance"]
    assert missing(second) == ["1 from Risk"]


def test_a_vote_for_another_uses_up_the_word_of_both() -> None:
    world = make_world(FOUR_EYES)
    alice, bob = world.company.alice, world.company.bob
    away(world, alice, bob)
    request = world.submit()
    world.vote(bob, request, stands_for=alice)
    with pytest.raises(Conflict, match="Bob has voted on this request for you"):
        world.vote(alice, request)
    with pytest.raises(Conflict, match="You have already voted"):
        world.vote(bob, request)
    assert votes(world) == [("Bob", "Alice")]
    assert [waiting(world, each) for each in (alice, bob)] == [0, 0]


def test_who_is_away_may_still_vote_and_then_the_stand_in_may_not() -> None:
    world = make_world(policy(stage(("finance", 2))))
    alice, bob = world.company.alice, world.company.bob
    world.approvers(world.company.finance, 1)
    away(world, alice, bob)
    request = world.submit()
    assert world.vote(alice, request).is_pending
    with pytest.raises(Conflict, match="The vote of Alice has been cast"):
        world.vote(bob, request)
    assert votes(world) == [("Alice", "")]


def test_it_never_cascades() -> None:
    world = make_world(FINANCE)
    alice, bob, charlie = world.company.alice, world.company.bob, world.company.charlie
    away(world, alice, bob)
    away(world, bob, charlie)
    request = world.submit()
    # Charlie stands in for Bob, who is not meant; Bob is away and gets nothing of Alice's.
    assert standing(world, request, charlie)[0] is False
    assert standing(world, request, bob)[0] is False
    assert [waiting(world, each) for each in (bob, charlie)] == [0, 0]
    with pytest.raises(Forbidden):
        world.vote(charlie, request, stands_for=alice)
    with pytest.raises(Forbidden):
        world.vote(bob, request)
    assert told(world) == ["Alice"]


@pytest.mark.parametrize("side", ["alice", "bob"])
def test_separation_of_duties_is_asked_of_both(side: str) -> None:
    world = make_world(FINANCE)
    alice, bob = world.company.alice, world.company.bob
    away(world, alice, bob)
    with tenant_transaction(world.company.id):
        Agent.objects.update(owner=getattr(world.company, side))
        agent = Agent.objects.get()
    request = World(world.company, agent, world.category).submit()
    may, why = standing(world, request, bob)
    assert (may, "on the agent's side" in why) == (False, True)
    assert waiting(world, bob) == 0
    with pytest.raises(Forbidden, match="agent's side"):
        world.vote(bob, request)


def test_both_are_looked_at_as_they_are_now() -> None:
    world = make_world(FINANCE)
    alice, bob = world.company.alice, world.company.bob
    away(world, alice, bob)
    request = world.submit()

    def change(member: Membership, **values: object) -> tuple[bool, int]:
        with tenant_transaction(world.company.id):
            Membership.objects.filter(pk=member.pk).update(**values)
            member.refresh_from_db()
        return standing(world, request, bob)[0], waiting(world, bob)

    assert change(bob) == (True, 1)
    assert change(bob, roles=[Role.AUDITOR]) == (False, 0)
    assert change(bob, roles=[Role.APPROVER]) == (True, 1)
    assert change(alice, status=MemberStatus.SUSPENDED) == (False, 0)
    assert change(alice, status=MemberStatus.ACTIVE, roles=[Role.OWNER]) == (False, 0)
    assert change(alice, roles=[Role.APPROVER]) == (True, 1)
    with tenant_transaction(world.company.id):
        alice.group_members.all().delete()
    assert change(bob) == (False, 0)


def test_it_begins_and_ends_by_the_clock_of_the_database(move_clock: MoveClock) -> None:
    world = make_world(policy(stage("finance", deadline="7d")))
    bob = world.company.bob
    away(world, world.company.alice, bob, after=2 * HOUR, lasts=4 * HOUR)
    request = world.submit()
    found = []
    for hours in (0, 3, 7):
        move_clock(hours * HOUR)
        found.append((standing(world, request, bob)[0], waiting(world, bob)))
    assert found == [(False, 0), (True, 1), (False, 0)]


def test_a_cancelled_absence_lends_nothing() -> None:
    world = make_world(FINANCE)
    absence = away(world, world.company.alice, world.company.bob)
    request = world.submit()
    with tenant_transaction(world.company.id):
        cancel_absence(actor=world.company.olivia, absence=absence)
    with pytest.raises(Forbidden):
        world.vote(world.company.bob, request)
    with pytest.raises(Forbidden, match="You do not stand in for this person now"):
        world.vote(world.company.bob, request, stands_for=world.company.alice)


def test_somebody_who_stands_in_for_several_says_for_whom() -> None:
    world = make_world(policy(stage("finance", "managers")))
    company = world.company
    away(world, company.alice, company.bob)
    away(world, company.charlie, company.bob)
    request = world.submit()
    with pytest.raises(Invalid, match="Say for whom you vote: Alice or Charlie"):
        world.vote(company.bob, request)
    assert world.vote(company.bob, request, stands_for=company.charlie).is_pending
    assert missing(request) == ["1 from Finance"]


def test_a_vote_in_the_own_name_is_never_taken_for_another() -> None:
    world = make_world(FINANCE)
    away(world, world.company.alice, world.company.bob)
    request = world.submit()
    with pytest.raises(Forbidden, match="The open seats are for others"):
        world.vote(world.company.bob, request, stands_for=world.company.bob)
    assert votes(world) == []


def test_a_stand_in_can_deny() -> None:
    world = make_world(FINANCE)
    away(world, world.company.alice, world.company.bob)
    request = world.submit()
    assert world.vote(world.company.bob, request, Verdict.DENY).status == RequestStatus.DENIED


def test_one_vote_fills_one_seat_whomever_it_is_for() -> None:
    # Bob is of risk and stands in for finance: four eyes stay four.
    world = make_world(FOUR_EYES)
    away(world, world.company.alice, world.company.bob)
    request = world.submit()
    world.vote(world.company.bob, request, stands_for=world.company.alice)
    assert missing(request) == ["1 from Risk"]
    with pytest.raises(Conflict):
        world.vote(world.company.bob, request, stands_for=world.company.bob)


def test_the_stand_in_is_told_instead_of_who_is_away() -> None:
    world = make_world(FOUR_EYES)
    away(world, world.company.alice, world.company.charlie)
    world.submit()
    assert told(world) == ["Bob", "Charlie"]


def test_who_is_away_is_told_when_nobody_stands_in() -> None:
    world = make_world(FOUR_EYES)
    away(world, world.company.alice)
    world.submit()
    assert told(world) == ["Alice", "Bob"]


def test_who_is_away_is_told_when_the_stand_in_may_not() -> None:
    world = make_world(FINANCE)
    away(world, world.company.alice, world.company.bob)
    with tenant_transaction(world.company.id):
        Agent.objects.update(owner=world.company.bob)
        agent = Agent.objects.get()
    World(world.company, agent, world.category).submit()
    assert told(world) == ["Alice"]


def test_a_stand_in_who_is_asked_anyway_is_asked_once() -> None:
    world = make_world(FOUR_EYES)
    away(world, world.company.alice, world.company.bob)
    world.submit()
    assert told(world) == ["Bob"]


def unreachable(world: World, request: ActionRequest) -> list[str]:
    with tenant_transaction(world.company.id):
        found = ActionRequest.objects.select_related("agent").get(pk=request.pk)
        people = load_people(world.category.pk)
        return [each.name for each in load_board(found).find_unreachable(people)]


def test_a_quorum_is_out_of_reach_when_everybody_is_away_beyond_the_deadline() -> None:
    world = make_world(FINANCE)  # four hours
    request = world.submit()
    assert unreachable(world, request) == []
    absence = away(world, world.company.alice)
    assert unreachable(world, request) == ["review"]
    with tenant_transaction(world.company.id):
        cancel_absence(actor=world.company.olivia, absence=absence)
    away(world, world.company.alice, world.company.bob)
    assert unreachable(world, request) == []


def test_who_is_back_before_the_deadline_is_counted_on() -> None:
    world = make_world(FINANCE)
    request = world.submit()
    away(world, world.company.alice, lasts=3 * HOUR)
    assert unreachable(world, request) == []


def test_a_stand_in_fills_one_seat_of_two() -> None:
    world = make_world(FOUR_EYES)
    request = world.submit()
    away(world, world.company.alice, world.company.bob)
    assert unreachable(world, request) == ["review"]
    with tenant_transaction(world.company.id):
        add_approver(world.company, world.company.risk, "dora")
    assert unreachable(world, request) == []


def test_compliance_is_alerted_when_absences_make_a_request_impossible() -> None:
    world = make_world(FINANCE)
    away(world, world.company.alice)
    world.submit()
    assert told(world, "alert") == ["Carl"]


def test_a_persons_own_right_counts_through_a_person_seat() -> None:
    world = make_world(policy(stage({"person": "alice@acme.example"})))
    with tenant_transaction(world.company.id):
        give_right(world.category, world.company.alice)
    away(world, world.company.alice, world.company.bob)
    request = world.submit()
    assert world.vote(world.company.bob, request).status == RequestStatus.APPROVED
