"""Many at once, on committed transactions: exactly one outcome each time."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from django.db import connection

from approvals.enums import RequestStatus, TimerStatus, Verdict
from approvals.models import ActionRequest, Timer, Vote
from approvals.services.submission import cancel_action
from approvals.services.timers import sweep
from audit.models import LedgerEvent
from govapp.common import clock
from govapp.common.errors import Conflict
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tests.approvals.world import HOUR, World, make_world, policy, stage
from tests.support.committed import CommittedDatabase

SECOND = timedelta(seconds=1)


def ends(world: World, request: ActionRequest) -> list[str]:
    """The events with which a request ended, in the record."""
    with tenant_transaction(world.company.id):
        found = LedgerEvent.objects.filter(request_id=request.pk, type__startswith="action_request")
        return sorted(found.exclude(type="action_request.submitted").values_list("type", flat=True))


def reread(world: World, request: ActionRequest) -> ActionRequest:
    with tenant_transaction(world.company.id):
        return ActionRequest.objects.get(pk=request.pk)


def test_fifty_votes_at_once_on_a_quorum_of_two(committed_db: CommittedDatabase) -> None:
    world = make_world(policy(stage(("finance", 2))))
    people = [world.company.alice, *world.approvers(world.company.finance, 49)]
    request = world.submit()
    outcomes = committed_db.at_once([partial(world.vote, member, request) for member in people])
    kinds = Counter(
        outcome.status if isinstance(outcome, ActionRequest) else type(outcome).__name__
        for outcome in outcomes
    )
    assert kinds == {"pending": 1, "approved": 1, "Conflict": 48}
    with tenant_transaction(world.company.id):
        assert Vote.objects.count() == 2
        refused = LedgerEvent.objects.filter(type="vote.refused").count()
    assert (ends(world, request), refused) == (["action_request.approved"], 48)
    assert reread(world, request).version == 2


def test_one_person_voting_many_times_at_once_has_one_vote(
    committed_db: CommittedDatabase,
) -> None:
    world = make_world(policy(stage(("finance", 2))))
    world.approvers(world.company.finance, 1)
    request = world.submit()
    outcomes = committed_db.at_once([partial(world.vote, world.company.alice, request)] * 10)
    assert sum(isinstance(outcome, ActionRequest) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 9
    assert reread(world, request).is_pending


def test_opposite_votes_at_once_end_it_one_way(committed_db: CommittedDatabase) -> None:
    world = make_world(policy(stage("finance")))
    (dora,) = world.approvers(world.company.finance, 1)
    for _ in range(15):
        request = world.submit()
        approve = partial(world.vote, world.company.alice, request)
        deny = partial(world.vote, dora, request, Verdict.DENY)
        outcomes = committed_db.at_once([approve, deny])
        assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1
        status = reread(world, request).status
        assert ends(world, request) == [f"action_request.{status}"]
        assert status in (RequestStatus.APPROVED, RequestStatus.DENIED)


def test_a_vote_and_a_cancellation_at_once(committed_db: CommittedDatabase) -> None:
    world = make_world(policy(stage("finance")))

    def cancel(request: ActionRequest) -> ActionRequest:
        with bind_tenant(world.company.id):
            return cancel_action(actor=world.agent, request_id=request.pk)

    for _ in range(15):
        request = world.submit()
        outcomes = committed_db.at_once(
            [partial(world.vote, world.company.alice, request), partial(cancel, request)]
        )
        assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1
        status = reread(world, request).status
        assert ends(world, request) == [f"action_request.{status}"]


def test_a_vote_racing_the_deadline_is_on_one_side_or_the_other(
    committed_db: CommittedDatabase,
) -> None:
    """The clock is set a few milliseconds before the deadline; votes and sweepers then race it."""
    world = make_world(policy(stage("finance", deadline="1h")))
    seen: Counter[str] = Counter()
    for lead in range(0, 60, 2):
        committed_db.move_clock(timedelta(0))
        request = world.submit()
        before = timedelta(milliseconds=lead)
        committed_db.move_clock(request_age(request) + HOUR - before)
        race: list[Callable[[], object]] = [
            partial(world.vote, world.company.alice, request),
            sweep,
            sweep,
        ]
        vote, swept, again = committed_db.at_once(race)
        assert isinstance(swept, int)
        assert isinstance(again, int)
        committed_db.move_clock(request_age(request) + HOUR + SECOND)
        sweep()
        check_side(world, request, vote, seen)
    assert set(seen) <= {"approved", "expired"}


def request_age(request: ActionRequest) -> timedelta:
    """How far the unshifted clock is from the submission, so that a shift hits an instant."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (real,) = cursor.fetchone()
    age: timedelta = request.submitted_at - real
    return age


def check_side(world: World, request: ActionRequest, vote: object, seen: Counter[str]) -> None:
    ended = reread(world, request)
    seen[ended.status] += 1
    with tenant_transaction(world.company.id):
        votes = list(Vote.objects.filter(request=request))
        timer = Timer.objects.get(request=request)
    assert ends(world, request) == [f"action_request.{ended.status}"]
    if ended.status == RequestStatus.APPROVED:
        assert isinstance(vote, ActionRequest)
        assert [each.cast_at < timer.due_at for each in votes] == [True]
        assert timer.status == TimerStatus.SUPERSEDED
    else:
        assert isinstance(vote, Conflict)
        assert votes == []
        assert timer.status == TimerStatus.FIRED
        assert ended.decided_at is not None
        assert ended.decided_at >= timer.due_at


def test_eight_sweepers_fire_two_hundred_timers_once_each(
    committed_db: CommittedDatabase,
) -> None:
    world = make_world(policy(stage("finance", reminders=["1h"])))
    for _ in range(200):
        world.submit()
    committed_db.move_clock(HOUR + SECOND)

    def sweep_until_done() -> int:
        done = 0
        while due(world):
            done += sweep()
        return done

    closed = committed_db.at_once([sweep_until_done] * 8)
    assert sum(each for each in closed if isinstance(each, int)) == 200
    assert [each for each in closed if isinstance(each, Exception)] == []
    with tenant_transaction(world.company.id):
        assert LedgerEvent.objects.filter(type="timer.reminded").count() == 200
        assert Timer.objects.filter(status=TimerStatus.FIRED).count() == 200


def due(world: World) -> bool:
    with tenant_transaction(world.company.id):
        return Timer.objects.filter(status=TimerStatus.ARMED, due_at__lte=clock.now()).exists()
