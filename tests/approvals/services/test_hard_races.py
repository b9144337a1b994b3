"""The races of the domain page with real threads: one decision, one permission, nothing stuck.

Who wins is left to the machine, and is told in the report of the tests (`outcomes`).
"""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import connection, transaction

from approvals.enums import ExecutionState, RequestStatus, TimerStatus, Verdict
from approvals.models import ActionRequest, BreakGlassReview, ExecutionGrant, Timer, Vote
from approvals.services.execution import issue_grant, redeem_grant, revoke_grant
from approvals.services.step_up import BREAK_GLASS, bound_to
from approvals.services.submission import cancel_action
from approvals.services.timers import sweep
from audit.models import LedgerEvent
from govapp.common.errors import Conflict
from govapp.common.tenancy import tenant_transaction
from tenants.enums import AgentStatus
from tenants.models import Agent
from tenants.services.agents import pause_agent, resume_agent
from tenants.services.second_factor import PasskeyProof, begin_passkey
from tests.approvals.emergencies import approve_alone, may_act_alone
from tests.approvals.racing import PARTS, check_one_end, race
from tests.approvals.world import FOUR_EYES, HOUR, World, make_world, policy, stage
from tests.support.committed import CommittedDatabase
from tests.support.passkey import HOST, Passkey

Report = Callable[[str, object], None]
SECOND = timedelta(seconds=1)
ONE = policy(stage("finance"))


def is_done(outcome: object) -> bool:
    return isinstance(outcome, ActionRequest)


@PARTS
def test_a_vote_and_an_expiry_at_once(
    committed_db: CommittedDatabase, rounds: int, record_property: Report
) -> None:
    """The clock is a few milliseconds before the deadline when a vote and two sweepers start."""
    world, requests = make_world(ONE), []
    for number in range(rounds):
        committed_db.move_clock(number * SECOND)
        requests.append(world.submit())

    def vote(request: ActionRequest) -> object:
        return world.vote(world.company.alice, request)

    def come_close(number: int) -> None:
        lead = timedelta(milliseconds=3 * (number % 10))
        shift_to(committed_db, requests[number], HOUR * 4 - lead)

    acts = [vote, lambda _: sweep(), lambda _: sweep()]
    outcomes = race(committed_db, world, acts, requests, before=come_close)
    shift_to(committed_db, requests[-1], HOUR * 4 + SECOND)
    sweep()
    with tenant_transaction(world.company.id):
        seen = Counter(
            check_side(request, voted)
            for request, (voted, *_) in zip(requests, outcomes, strict=True)
        )
    record_property("outcomes", dict(seen))
    assert set(seen) <= {"approved", "expired"}


def shift_to(committed_db: CommittedDatabase, request: ActionRequest, age: timedelta) -> None:
    """Set the clock so that a request is of this age now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (real,) = cursor.fetchone()
    committed_db.move_clock(request.submitted_at + age - real)


def check_side(request: ActionRequest, voted: object) -> str:
    now = check_one_end(request)
    timer = Timer.objects.get(request=request)
    cast = [each.cast_at < timer.due_at for each in Vote.objects.filter(request=request)]
    if now.status == RequestStatus.APPROVED:
        assert (is_done(voted), cast, timer.status) == (True, [True], TimerStatus.SUPERSEDED)
    else:
        assert (voted, cast, timer.status) == (Conflict, [], TimerStatus.FIRED)
        assert now.decided_at is not None
        assert now.decided_at >= timer.due_at
    return str(now.status)


@PARTS
def test_two_votes_at_once(
    committed_db: CommittedDatabase, rounds: int, record_property: Report
) -> None:
    """For one seat: two approvals, or an approval and a denial. Then two ask for the permission."""
    world = make_world(ONE)
    (dora,) = world.approvers(world.company.finance, 1)
    requests = [world.submit() for _ in range(rounds)]
    verdicts = {each.pk: list(Verdict)[number % 2] for number, each in enumerate(requests)}
    acts = [
        lambda request: world.vote(world.company.alice, request),
        lambda request: world.vote(dora, request, verdicts[request.pk]),
    ]
    outcomes = race(committed_db, world, acts, requests)
    issued = race(committed_db, world, [issuing(world), issuing(world)], requests)
    seen: Counter[str] = Counter()
    with tenant_transaction(world.company.id):
        for request, voted, given in zip(requests, outcomes, issued, strict=True):
            now = check_one_end(request)
            assert sorted(map(is_done, voted)) == [False, True]
            assert Conflict in voted
            (vote,) = Vote.objects.filter(request=request)
            first, second = (world.company.alice.pk, dora.pk)
            assert vote.member_id == (first if is_done(voted[0]) else second)
            is_approved = now.status == RequestStatus.APPROVED
            assert (vote.verdict == Verdict.APPROVE) == is_approved
            assert Counter(given)[Conflict] == (1 if is_approved else 2)
            assert ExecutionGrant.objects.filter(request=request).count() == is_approved
            seen.update([f"{now.status}, {'first' if vote.member_id == first else 'second'} won"])
    record_property("outcomes", dict(seen))


def issuing(world: World) -> Callable[[ActionRequest], object]:
    def issue(request: ActionRequest) -> object:
        with transaction.atomic():
            return issue_grant(agent=world.agent, request_id=request.pk).token

    return issue


@PARTS
def test_a_vote_and_a_cancellation_at_once(
    committed_db: CommittedDatabase, rounds: int, record_property: Report
) -> None:
    world = make_world(ONE)
    requests = [world.submit() for _ in range(rounds)]
    acts = [
        lambda request: world.vote(world.company.alice, request),
        lambda request: cancel_action(actor=world.agent, request_id=request.pk),
    ]
    outcomes = race(committed_db, world, acts, requests)
    seen: Counter[str] = Counter()
    with tenant_transaction(world.company.id):
        for request, (voted, cancelled) in zip(requests, outcomes, strict=True):
            now = check_one_end(request)
            is_approved = now.status == RequestStatus.APPROVED
            assert (is_done(voted), is_done(cancelled)) == (is_approved, not is_approved)
            assert Conflict in (voted, cancelled)
            assert Vote.objects.filter(request=request).count() == is_approved
            seen.update([str(now.status)])
    record_property("outcomes", dict(seen))
    assert set(seen) <= {"approved", "cancelled"}


@PARTS
def test_an_emergency_and_a_vote_at_once(
    committed_db: CommittedDatabase, rounds: int, record_property: Report
) -> None:
    """The last vote that is missing, for or against, and somebody who approves alone."""
    world = make_world(FOUR_EYES)
    company = world.company
    may_act_alone(world, company.charlie)
    with transaction.atomic():
        passkey = Passkey(company.charlie)
    requests = [world.submit() for _ in range(rounds)]
    for request in requests:
        world.vote(company.alice, request)
    proofs = {each.pk: sign(world, passkey, each) for each in requests}
    verdicts = {each.pk: list(Verdict)[number % 3] for number, each in enumerate(requests)}
    acts = [
        lambda request: approve_alone(world, company.charlie, request, proof=proofs[request.pk]),
        lambda request: world.vote(company.bob, request, verdicts[request.pk]),
    ]
    outcomes = race(committed_db, world, acts, requests)
    seen: Counter[str] = Counter()
    with tenant_transaction(company.id):
        for request, pair in zip(requests, outcomes, strict=True):
            now = check_one_end(request)
            assert sorted(map(is_done, pair)) == [False, True]
            assert Conflict in pair
            assert is_done(pair[0]) == now.is_break_glass
            alone = Vote.objects.filter(request=request, is_break_glass=True).count()
            reviews = BreakGlassReview.objects.filter(request=request).count()
            assert (alone, reviews) == (int(now.is_break_glass),) * 2
            assert Vote.objects.filter(request=request).count() == 2
            seen.update(["alone" if now.is_break_glass else str(now.status)])
    record_property("outcomes", dict(seen))
    assert set(seen) <= {"alone", "approved", "denied", "returned"}


def sign(world: World, passkey: Passkey, request: ActionRequest) -> PasskeyProof:
    bound = bound_to(request, BREAK_GLASS)
    asked = begin_passkey(user=world.company.charlie.user, bound_to=bound, rp_id=HOST)
    return PasskeyProof(passkey.answer(asked))


def permitted(world: World, rounds: int) -> tuple[list[ActionRequest], dict[Any, str]]:
    """So many approved requests, each with the token of its permission."""
    requests, tokens = [], {}
    for _ in range(rounds):
        request = world.vote(world.company.alice, world.submit())
        with tenant_transaction(world.company.id):
            tokens[request.pk] = issue_grant(agent=world.agent, request_id=request.pk).token
        requests.append(request)
    return requests, tokens


@PARTS
def test_a_withdrawal_and_two_uses_of_a_permission_at_once(
    committed_db: CommittedDatabase, rounds: int, record_property: Report
) -> None:
    world = make_world(ONE)
    requests, tokens = permitted(world, rounds)

    def use(request: ActionRequest) -> object:
        return redeem_grant(token=tokens[request.pk], redeemed_by="bank")

    def withdraw(request: ActionRequest) -> object:
        return revoke_grant(actor=world.company.olivia, request_id=request.pk, reason="Stop")

    outcomes = race(committed_db, world, [withdraw, use, use], requests, spread=0.03)
    seen: Counter[str] = Counter()
    with tenant_transaction(world.company.id):
        for request, found in zip(requests, outcomes, strict=True):
            assert Counter(found)[Conflict] == 2
            state = check_one_end(request).execution_state
            (grant,) = ExecutionGrant.objects.filter(request=request)
            is_withdrawn = state == ExecutionState.REVOKED
            assert is_done(found[0]) == is_withdrawn == (grant.redeemed_at is None)
            assert (grant.revoked_at is not None) == is_withdrawn
            used = LedgerEvent.objects.filter(request_id=request.pk, type="grant.redeemed")
            assert used.count() == (not is_withdrawn)
            seen.update([str(state)])
    record_property("outcomes", dict(seen))
    assert set(seen) <= {"revoked", "redeemed"}


@PARTS
def test_stopping_the_agent_and_using_a_permission_at_once(
    committed_db: CommittedDatabase, rounds: int, record_property: Report
) -> None:
    """In the record, no permission is used between a pause and the next start."""
    world = make_world(ONE)
    requests, tokens = permitted(world, rounds)
    olivia = world.company.olivia

    def start(_: int) -> None:
        with tenant_transaction(world.company.id):
            if Agent.objects.get().status == AgentStatus.PAUSED:
                resume_agent(actor=olivia, agent=world.agent)

    acts = [
        lambda _: pause_agent(actor=olivia, agent=world.agent, reason="Stop"),
        lambda request: redeem_grant(token=tokens[request.pk], redeemed_by="bank"),
    ]
    outcomes = race(committed_db, world, acts, requests, before=start, spread=0.06)
    assert all(isinstance(paused, Agent) for paused, _ in outcomes)
    seen: Counter[str] = Counter()
    with tenant_transaction(world.company.id):
        for request, (_, used) in zip(requests, outcomes, strict=True):
            grant = ExecutionGrant.objects.get(request=request)
            assert (grant.redeemed_at is None) == (used is Conflict)
            seen.update([str(check_one_end(request).execution_state)])
        check_record()
    record_property("outcomes", dict(seen))
    assert set(seen) <= {"granted", "redeemed"}


def check_record() -> None:
    kinds = ["agent.paused", "agent.resumed", "grant.redeemed"]
    is_paused = False
    for kind in LedgerEvent.objects.filter(type__in=kinds).order_by("pk").values_list("type"):
        is_paused = kind != ("agent.resumed",) and (is_paused or kind == ("agent.paused",))
        assert not (is_paused and kind == ("grant.redeemed",))
