"""Any order of submissions, votes, hours, sweeps and cancellations keeps what must hold.

Hypothesis chooses the steps; the invariants are counted here anew, by brute force and from the
rows alone, so that they share no code with what they check.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from approvals.enums import RequestStatus, StageStatus, TimerKind, TimerStatus, Verdict
from approvals.models import ActionRequest, RequirementStage, Timer, Vote
from approvals.services.submission import cancel_action
from approvals.services.timers import sweep
from approvals.services.watch import watch_tenant
from audit.models import LedgerEvent
from govapp.common.clock import shift_clock
from govapp.common.errors import DomainError
from govapp.common.tenancy import tenant_transaction
from tenants.models import GroupMember, Membership, Tenant
from tenants.services.groups import add_to_group
from tests.approvals.world import Document, World, add_approver, make_world, policy
from tests.approvals.world import stage as make_stage

pytestmark = pytest.mark.django_db

_ESCALATION: Document = {"escalations": [{"after": "2h", "add": [{"group": "managers"}]}]}
POLICIES: list[Document] = [
    policy(make_stage("finance", "risk", reminders=["1h"])),
    policy(make_stage(("finance", 2), **_ESCALATION)),
    policy(make_stage("finance", name="one", **_ESCALATION), make_stage("risk", name="two")),
    policy(
        a=[make_stage("finance"), make_stage("finance", name="two")],
        b=[make_stage("risk", deadline="2h")],
    ),
]
PEOPLE = ("alice", "bob", "charlie", "dora")
_slugs = count()


class Approvals(RuleBasedStateMachine):
    """One tenant, up to three requests."""

    world: World
    people: dict[str, Membership]

    @initialize(document=st.sampled_from(POLICIES), fallback=st.sampled_from(["", "managers"]))
    def begin(self, document: Document, fallback: str) -> None:
        self.savepoint = transaction.savepoint()
        self.shift = timedelta(0)
        self.requests: list[ActionRequest] = []
        self.world = make_world(document, slug=f"machine{next(_slugs)}")
        company = self.world.company
        with tenant_transaction(company.id):
            Tenant.objects.update(fallback_group=fallback)
            dora = add_approver(company, company.finance, "dora")
            add_to_group(actor=company.olivia, group=company.risk, member=dora)
        self.people = {
            "alice": company.alice, "bob": company.bob, "charlie": company.charlie, "dora": dora,
        }  # fmt: skip
        self.submit()

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            transaction.savepoint_rollback(self.savepoint)

    @precondition(lambda self: len(self.requests) < 3)
    @rule()
    def submit(self) -> None:
        self.requests.append(self.world.submit())

    @rule(who=st.sampled_from(PEOPLE), which=st.integers(0, 2))
    def approve(self, who: str, which: int) -> None:
        self.vote(who, which, Verdict.APPROVE)

    @rule(who=st.sampled_from(PEOPLE))
    def approve_the_newest(self, who: str) -> None:
        self.vote(who, -1, Verdict.APPROVE)

    @rule(
        who=st.sampled_from(PEOPLE),
        which=st.integers(0, 2),
        verdict=st.sampled_from(list(Verdict)),
        version=st.sampled_from([1, 2]),
    )
    def object(self, who: str, which: int, verdict: Verdict, version: int) -> None:
        self.vote(who, which, verdict, request_version=version)

    def vote(self, who: str, which: int, verdict: Verdict, **fields: Any) -> None:
        request = self.requests[which % len(self.requests)]
        refused_or(lambda: self.world.vote(self.people[who], request, verdict, **fields))

    @rule(minutes=st.sampled_from([1, 61, 119, 121]), then_sweep=st.booleans())
    def wait(self, minutes: int, then_sweep: bool) -> None:
        self.shift += timedelta(minutes=minutes)
        shift_clock(self.shift)
        if then_sweep:
            sweep()

    @rule(which=st.integers(0, 2), actor=st.sampled_from(["agent", "carl", "bob"]))
    def cancel(self, which: int, actor: str) -> None:
        request = self.requests[which % len(self.requests)]
        world = self.world
        who = world.agent if actor == "agent" else getattr(world.company, actor)
        with tenant_transaction(world.company.id):
            refused_or(lambda: cancel_action(actor=who, request_id=request.pk))

    @rule(who=st.sampled_from(PEOPLE), leaves=st.booleans())
    def lose_a_person_and_look(self, who: str, leaves: bool) -> None:
        member = self.people[who]
        with tenant_transaction(self.world.company.id):
            if leaves:
                GroupMember.objects.filter(membership=member).delete()
            other = {"active": "suspended", "suspended": "active"}
            now = Membership.objects.get(pk=member.pk).status
            Membership.objects.filter(pk=member.pk).update(status=other[now])
        watch_tenant(self.world.company.id)

    @invariant()
    def what_must_hold(self) -> None:
        with tenant_transaction(self.world.company.id):
            for request in ActionRequest.objects.prefetch_related("votes", "stages", "timers"):
                check(request)


def refused_or(call: Callable[[], Any]) -> None:
    """Do it, or be refused in words; anything else is a fault."""
    with suppress(DomainError):
        call()


def check(request: ActionRequest) -> None:
    votes: list[Vote] = list(request.votes.all())
    stages: list[RequirementStage] = list(request.stages.all())
    timers: list[Timer] = list(request.timers.all())
    verdicts = [vote.verdict for vote in votes]
    pending = request.status == RequestStatus.PENDING
    assert request.version == (1 if pending else 2)
    assert len({vote.member_id for vote in votes}) == len(votes)
    assert (Verdict.DENY in verdicts) == (request.status == RequestStatus.DENIED)
    assert (Verdict.RETURN in verdicts) == (request.status == RequestStatus.RETURNED)
    assert all(
        vote.cast_at < stage.deadline_at for vote in votes for stage in opened_by(vote, stages)
    )
    if request.status == RequestStatus.APPROVED:
        assert all(stage.status == StageStatus.SATISFIED for stage in stages)
        assert is_filled(stages, votes)
    if pending:
        # Nothing got stuck: a requirement whose stages are filled this far has moved on.
        for requirement in {each.requirement_id for each in stages}:
            reached = [
                each
                for each in stages
                if each.requirement_id == requirement and each.status != StageStatus.WAITING
            ]
            is_done = all(each.status == StageStatus.SATISFIED for each in reached)
            assert is_filled(reached, votes) == is_done
        for stage in stages:
            expiring = [
                timer.status
                for timer in timers
                if timer.stage_id == stage.pk and timer.kind == TimerKind.EXPIRE
            ]
            armed = [TimerStatus.ARMED] if stage.status == StageStatus.OPEN else []
            assert [each for each in expiring if each == TimerStatus.ARMED] == armed
    else:
        assert TimerStatus.ARMED not in {timer.status for timer in timers}
        assert StageStatus.OPEN not in {stage.status for stage in stages}
    check_expiry(request, stages, timers)
    ended = LedgerEvent.objects.filter(
        request_id=request.pk, type__startswith="action_request."
    ).exclude(type="action_request.submitted")
    expected = [] if pending else [f"action_request.{request.status}"]
    assert list(ended.values_list("type", flat=True)) == expected


def check_expiry(
    request: ActionRequest, stages: list[RequirementStage], timers: list[Timer]
) -> None:
    fired = [
        timer
        for timer in timers
        if timer.kind == TimerKind.EXPIRE and timer.status == TimerStatus.FIRED
    ]
    assert len(fired) == (1 if request.status == RequestStatus.EXPIRED else 0)
    if fired:
        assert request.decided_at is not None
        assert request.decided_at >= fired[0].due_at
        assert fired[0].stage_id in {stage.pk for stage in stages}


def opened_by(vote: Vote, stages: list[RequirementStage]) -> Iterator[Any]:
    """The stages that were open when the vote was cast."""
    for stage in stages:
        until = stage.satisfied_at or vote.cast_at
        if stage.opened_at is not None and stage.opened_at <= vote.cast_at <= until:
            yield stage


def is_filled(stages: list[RequirementStage], votes: list[Vote]) -> bool:
    """Whether the approvals fill all these stages, each person one seat in a requirement."""
    approvals = [vote for vote in votes if vote.verdict == Verdict.APPROVE]
    by_requirement: dict[Any, list[tuple[set[str], str]]] = {}
    for stage in stages:
        added = {f"{each['kind']}:{each['ref']}" for each in stage.added}
        for seat in stage.seats:
            for _ in range(seat["count"]):
                places = by_requirement.setdefault(stage.requirement_id, [])
                places.append((added, f"{seat['kind']}:{seat['ref']}"))
    return bool(by_requirement) and all(
        can_seat(places, approvals) for places in by_requirement.values()
    )


def can_seat(places: list[tuple[set[str], str]], approvals: list[Vote]) -> bool:
    """Try every way of seating: small numbers only."""
    if not places:
        return True
    (added, seat), *others = places
    return any(
        can_seat(others, [each for each in approvals if each is not vote])
        for vote in approvals
        if seat in vote.right["keys"] or added & set(vote.right["keys"])
    )


def test_any_order_of_steps_keeps_what_must_hold() -> None:
    run_state_machine_as_test(
        Approvals,
        settings=settings(
            max_examples=30,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
