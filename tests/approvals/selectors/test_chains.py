"""Requests that replace one another."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.enums import Verdict
from approvals.models import ActionRequest
from approvals.selectors.chains import read_chain, successors_of
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import FOUR_EYES, World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world(FOUR_EYES)


def sent_back(world: World, former: ActionRequest | None, summary: str) -> ActionRequest:
    supersedes = former.pk if former else None
    made = world.submit(summary=summary, supersedes=supersedes)
    return world.vote(world.company.alice, made, Verdict.RETURN)


def chain(world: World, request: ActionRequest) -> list[tuple[str, int]]:
    with tenant_transaction(world.company.id):
        return [(link.summary, link.depth) for link in read_chain(request)]


def test_a_request_alone_has_no_chain(world: World) -> None:
    assert chain(world, world.submit()) == []


def test_a_chain_reads_the_same_from_each_end(world: World) -> None:
    first = sent_back(world, None, "first")
    second = sent_back(world, first, "second")
    third = sent_back(world, second, "third")
    assert chain(world, first) == [("first", 0), ("second", 1), ("third", 2)]
    assert chain(world, second) == [("first", -1), ("second", 0), ("third", 1)]
    assert chain(world, third) == [("first", -2), ("second", -1), ("third", 0)]
    with tenant_transaction(world.company.id), CaptureQueriesContext(connection) as queries:
        read_chain(second)
        assert successors_of(first) == [second.public_id]
    assert len([each for each in queries if "approvals_actionrequest" in each["sql"]]) == 2


def test_several_may_replace_one(world: World) -> None:
    first = sent_back(world, None, "first")
    sent_back(world, first, "second")
    sent_back(world, first, "other")
    assert chain(world, first) == [("first", 0), ("second", 1), ("other", 1)]


def test_nothing_of_another_tenant_is_in_a_chain(world: World) -> None:
    other = make_world(FOUR_EYES, slug="umbrella")
    sent_back(other, sent_back(other, None, "theirs"), "theirs too")
    assert chain(world, sent_back(world, sent_back(world, None, "a"), "b")) == [("a", -1), ("b", 0)]
