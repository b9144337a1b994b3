"""Somebody away votes and their stand-in votes for them: never both, in whatever order."""

from collections import Counter
from functools import partial
from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approvals.models import ActionRequest, Vote
from approvals.selectors.board import load_board
from govapp.common.errors import DomainError
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tests.approvals.services.test_stand_ins import away
from tests.approvals.standing import missing
from tests.approvals.world import World, make_world, policy, stage
from tests.support.committed import CommittedDatabase

ROUNDS = 60


def words_given(world: World, request: ActionRequest) -> Counter[str]:
    """How often each person's word has been given on a request."""
    with tenant_transaction(world.company.id):
        rows = Vote.objects.filter(request=request, voided_at=None)
        given: Counter[str] = Counter()
        for row in rows.select_related("member__user", "stands_for__user"):
            given.update([row.member.user.name])
            given.update([row.stands_for.user.name] if row.stands_for else [])
        return given


def seats_filled(world: World, request: ActionRequest) -> int:
    with tenant_transaction(world.company.id):
        board = load_board(ActionRequest.objects.get(pk=request.pk))
        return len(board.tally(board.stages[0]).seated)


def test_an_absent_person_and_their_stand_in_at_once(committed_db: CommittedDatabase) -> None:
    world = make_world(policy(stage(("finance", 3))))
    alice, bob = world.company.alice, world.company.bob
    world.approvers(world.company.finance, 2)
    away(world, alice, bob)
    for _ in range(ROUNDS):
        request = world.submit()
        outcomes = committed_db.at_once(
            [partial(world.vote, alice, request), partial(world.vote, bob, request)]
        )
        kinds = sorted(type(outcome).__name__ for outcome in outcomes)
        assert kinds == ["ActionRequest", "Conflict"]
        assert words_given(world, request)["Alice"] == 1
        assert seats_filled(world, request) == 1


def test_a_stand_in_for_two_at_once_gives_one_word(committed_db: CommittedDatabase) -> None:
    world = make_world(policy(stage("finance", "managers", "risk")))
    company = world.company
    away(world, company.alice, company.bob)
    away(world, company.charlie, company.bob)
    for _ in range(ROUNDS):
        request = world.submit()
        outcomes = committed_db.at_once(
            [
                partial(world.vote, company.bob, request, stands_for=each)
                for each in (company.alice, company.charlie, company.bob)
            ]
        )
        kinds = Counter(type(outcome).__name__ for outcome in outcomes)
        assert kinds == {"ActionRequest": 1, "Conflict": 2}
        assert words_given(world, request)["Bob"] == 1
        assert seats_filled(world, request) == 1


@pytest.mark.django_db
def test_no_order_of_votes_lets_one_absence_count_twice() -> None:
    """Everybody votes in every name they could claim, in any order."""
    world = make_world(policy(stage(("finance", 3), "risk", "managers")))
    company = world.company
    dora, erin = world.approvers_named(company.finance, "dora", "erin")
    away(world, company.alice, company.bob)
    away(world, company.charlie, company.bob)
    away(world, dora, erin)
    people = [company.alice, company.bob, company.charlie, dora, erin]
    claims = [(voter, whom) for voter in people for whom in [None, *people]]

    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(st.permutations(range(len(claims))).map(lambda order: order[:12]))
    def in_any_order(order: list[int]) -> None:
        request = world.submit()
        for index in order:
            attempt(world, request, *claims[index])
        given_words = words_given(world, request)
        assert all(times == 1 for times in given_words.values()), given_words
        with tenant_transaction(company.id):
            cast = Vote.objects.filter(request=request).count()
        assert seats_filled(world, request) <= cast

    in_any_order()


@pytest.mark.django_db
def test_the_order_of_votes_changes_nothing_about_what_is_filled() -> None:
    world = make_world(policy(stage("finance", "risk", "managers")))
    company = world.company
    dora = world.approvers_named(company.risk, "dora")[0]
    away(world, company.alice, company.bob)
    ballots = [(company.bob, company.alice), (dora, dora), (company.charlie, company.charlie)]
    found = set()
    for first, second in combinations(range(3), 2):
        for order in ((first, second), (second, first)):
            request = world.submit()
            for index in order:
                attempt(world, request, *ballots[index])
            (said,) = missing(request)
            found.add((frozenset(order), said))
    assert found == {
        (frozenset({0, 1}), "1 from Managers"),
        (frozenset({0, 2}), "1 from Risk"),
        (frozenset({1, 2}), "1 from Finance"),
    }


def attempt(
    world: World, request: ActionRequest, voter: Membership, whom: Membership | None
) -> None:
    try:
        world.vote(voter, request, stands_for=whom)
    except DomainError:
        return
