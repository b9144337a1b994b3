"""How many statements the hot paths take: the same for a few people and for many.

Inside the caller's transaction; what is written goes as one statement.
"""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.enums import Verdict
from approvals.models import ActionRequest
from approvals.selectors.board import load_boards
from approvals.services.submission import Submission, submit_action
from approvals.services.timers import fire_due_timers
from approvals.services.votes import cast_vote
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tests.approvals.world import FOUR_EYES, HOUR, World, make_world, policy, stage
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db


def statements(world: World, call: Callable[[], object]) -> int:
    with tenant_transaction(world.company.id), CaptureQueriesContext(connection) as seen:
        call()
    return len(seen)


def submit(world: World) -> Callable[[], ActionRequest]:
    submission = Submission("payments.transfer", "Pay", {"amount": "1.00"})
    return lambda: submit_action(agent=world.agent, submission=submission)


def vote(member: Membership, request: ActionRequest) -> Callable[[], ActionRequest]:
    return lambda: cast_vote(
        member=member,
        request_id=request.pk,
        verdict=Verdict.APPROVE,
        payload_digest=request.payload_digest,
        request_version=request.version,
    )


@pytest.fixture(params=[0, 12], ids=["few", "many"])
def world(request: pytest.FixtureRequest) -> World:
    made = make_world(FOUR_EYES)
    made.approvers(made.company.finance, request.param)
    return made


def test_submitting_what_needs_approval(world: World) -> None:
    world.submit()  # compiles the policy, once in a process
    # How the tenant stands; people; everything that is written.
    assert statements(world, submit(world)) == 3


def test_submitting_costs_no_more_with_many_rules_and_stages() -> None:
    world = make_world(
        policy(**{f"r{n}": [stage("finance"), stage("risk", name="b")] for n in "1"})
    )
    one = statements(world, submit(world))
    world.publish(policy(**{f"r{n}": [stage("finance"), stage("risk", name="b")] for n in "123"}))
    assert statements(world, submit(world)) == one


def test_the_votes(world: World) -> None:
    request = world.submit()
    # The lock; stages and time; votes; people; settings; everything that is written.
    assert statements(world, vote(world.company.alice, request)) == 6
    # And who has to hear how it ended.
    assert statements(world, vote(world.company.bob, request)) == 7


def test_reminding_costs_the_same_for_many(move_clock: MoveClock) -> None:
    counts = []
    for people in (0, 12):
        world = make_world(policy(stage("finance", reminders=["1h"])), slug=f"acme{people}")
        world.approvers(world.company.finance, people)
        request = world.submit()
        move_clock(HOUR)
        counts.append(
            statements(
                world,
                lambda world=world, request=request: fire_due_timers(  # type: ignore[misc]
                    tenant_id=world.company.id, request_id=request.pk
                ),
            )
        )
        move_clock(0 * HOUR)
    assert counts[0] == counts[1]


def test_what_is_missing_of_one_and_of_many(world: World) -> None:
    requests = [world.submit() for _ in range(3)]
    for some in (requests[:1], requests):
        assert statements(world, lambda some=some: load_boards(some)) == 2  # type: ignore[misc]
