"""One key, one answer."""

from datetime import timedelta
from functools import partial

import pytest

from approvals.models import ActionRequest, IdempotencyKey
from approvals.services.idempotency import Answer, answer_once, forget_old_keys
from approvals.services.submission import Submission, submit_action
from govapp.common.errors import Conflict, Invalid, RateLimited, Unavailable
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import FOUR_EYES, World, make_world
from tests.conftest import MoveClock
from tests.people import make_agent
from tests.support.committed import CommittedDatabase


@pytest.fixture
def world(db: None) -> World:
    return make_world(FOUR_EYES)


def submit_once(world: World, key: str = "k1", digest: str = "sha256:1") -> Answer:
    """What the API does with a submission."""

    def produce() -> Answer:
        submission = Submission("payments.transfer", "Pay Acme Ltd", {"amount": "900.00"})
        request = submit_action(agent=world.agent, submission=submission)
        return Answer(202, {"id": request.public_id}, location=f"/x/{request.public_id}")

    with tenant_transaction(world.company.id):
        return answer_once(agent=world.agent, key=key, body_digest=digest, produce=produce)


def count(world: World) -> int:
    with tenant_transaction(world.company.id):
        return ActionRequest.objects.count()


def test_the_same_key_and_body_get_the_first_answer_again(world: World) -> None:
    first, second = submit_once(world), submit_once(world)
    assert (first.replayed, second.replayed) == (False, True)
    assert (first.status, first.body, first.location) == (
        second.status, second.body, second.location
    )  # fmt: skip
    assert count(world) == 1


def test_the_same_key_with_another_body_is_refused(world: World) -> None:
    submit_once(world)
    with pytest.raises(Invalid) as refused:
        submit_once(world, digest="sha256:2")
    assert refused.value.code == "idempotency_key_reused"
    assert count(world) == 1


def test_keys_belong_to_one_agent(world: World) -> None:
    submit_once(world)
    other, _ = make_agent(world.company, "other")
    with tenant_transaction(world.company.id):
        answer = answer_once(
            agent=other, key="k1", body_digest="sha256:9", produce=lambda: Answer(201, {})
        )
    assert answer.replayed is False


def test_a_refusal_is_an_answer_and_what_was_written_is_undone(world: World) -> None:
    def produce() -> Answer:
        submission = Submission("payments.transfer", "Pay Acme Ltd", {"amount": "900.00"})
        submit_action(agent=world.agent, submission=submission)
        raise Invalid("No.", code="no")

    for replayed in (False, True):
        with tenant_transaction(world.company.id):
            answer = answer_once(
                agent=world.agent, key="k", body_digest="sha256:1", produce=produce
            )
        assert (answer.status, answer.body["type"], answer.replayed) == (
            422, "urn:govapp:problem:no", replayed
        )  # fmt: skip
    assert count(world) == 0


@pytest.mark.parametrize(
    "error",
    [RateLimited("Slow.", retry_after=1), Unavailable("Come again."), RuntimeError("a fault")],
)
def test_what_passes_leaves_the_key_free(world: World, error: Exception) -> None:
    def produce() -> Answer:
        raise error

    with pytest.raises(type(error)), tenant_transaction(world.company.id):
        answer_once(agent=world.agent, key="k1", body_digest="sha256:1", produce=produce)
    assert submit_once(world).replayed is False


def test_ten_at_once_make_one_request(committed_db: CommittedDatabase) -> None:
    world = make_world(FOUR_EYES)
    outcomes = committed_db.at_once([partial(submit_once, world)] * 10)
    answers = [each for each in outcomes if isinstance(each, Answer)]
    refused = [each for each in outcomes if isinstance(each, Conflict)]
    assert len(answers) + len(refused) == 10
    assert [each.replayed for each in answers].count(False) == 1
    assert len({each.body["id"] for each in answers}) == 1
    assert {each.code for each in refused} <= {"idempotency_key_in_use"}
    assert count(world) == 1


def test_while_the_first_is_in_flight_the_key_is_taken(committed_db: CommittedDatabase) -> None:
    world = make_world(FOUR_EYES)
    seen: list[object] = []

    def produce() -> Answer:
        seen.extend(committed_db.at_once([partial(submit_once, world)]))
        return Answer(201, {})

    with tenant_transaction(world.company.id):
        answer_once(agent=world.agent, key="k1", body_digest="sha256:1", produce=produce)
    (refused,) = seen
    assert isinstance(refused, Conflict)
    assert refused.code == "idempotency_key_in_use"


def test_keys_are_kept_for_two_days(world: World, move_clock: MoveClock) -> None:
    submit_once(world)
    move_clock(timedelta(hours=47))
    forget_old_keys()
    with tenant_transaction(world.company.id):
        assert IdempotencyKey.objects.count() == 1
    move_clock(timedelta(hours=49))
    assert forget_old_keys() == 1
    with tenant_transaction(world.company.id):
        assert IdempotencyKey.objects.count() == 0
