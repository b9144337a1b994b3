"""A kill switch against submissions, votes and permissions that come at the same moment.

What is accepted was accepted before `throw` returned. Who wins is left to the machine, and is told
in the report of the tests (`outcomes`).
"""

from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import cycle
from threading import Event
from typing import Any

from django.db import connections

from approvals.enums import RequestStatus
from approvals.models import ActionRequest, ExecutionGrant, Vote
from approvals.services.execution import IssuedGrant, issue_grant, redeem_grant
from audit.models import LedgerEvent
from govapp.common.errors import Conflict, DomainError
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tenants.enums import KillScope
from tenants.models import KillSwitch
from tenants.services.kill import resume, throw
from tests.approvals.racing import PARTS, race
from tests.approvals.world import World, make_world, policy, stage
from tests.support.committed import CommittedDatabase

Report = Callable[[str, object], None]
ONE = policy(stage("finance"))
# In turn: what is thrown, and which column of a request it is about.
TURNS = (
    (KillScope.TENANT, ""), (KillScope.AGENT, "payer"), (KillScope.INTEGRATION, "bank"),
    (KillScope.CATEGORY, "payments.*"),
)  # fmt: skip


class Thrower:
    """Throws one switch in each round, and has it resumed before the next."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.turns = cycle(TURNS)
        self.switch: KillSwitch | None = None

    def __call__(self, _: object) -> KillSwitch:
        scope, ref = next(self.turns)
        ref = self.world.agent.public_id if ref == "payer" else ref
        self.switch = throw(
            actor=self.world.company.olivia, scope=scope, ref=ref, reason="It pays twice"
        )
        return self.switch

    def let_go(self, _: int) -> None:
        """Resume what the round before has thrown."""
        if self.switch is not None:
            with tenant_transaction(self.world.company.id):
                resume(actor=self.world.company.carl, switch=self.switch, reason="Next round")


def make_requests(world: World, rounds: int) -> list[ActionRequest]:
    return [world.submit(integration="bank") for _ in range(rounds)]


def switch_of(outcome: object) -> KillSwitch:
    assert isinstance(outcome, KillSwitch)
    return outcome


@PARTS
def test_a_throw_and_a_permission_being_used(
    committed_db: CommittedDatabase, rounds: int, record_property: Report
) -> None:
    world = make_world(ONE)
    world.reach("bank")
    requests = make_requests(world, rounds)
    grants: dict[Any, IssuedGrant] = {}
    thrower = Thrower(world)

    def issue(number: int) -> None:
        thrower.let_go(number)
        request = requests[number]
        world.vote(world.company.alice, request)
        with tenant_transaction(world.company.id):
            grants[request.pk] = issue_grant(agent=world.agent, request_id=request.pk)

    def redeem(request: ActionRequest) -> object:
        return redeem_grant(token=grants[request.pk].token, redeemed_by="bank")

    outcomes = race(committed_db, world, [thrower, redeem], requests, before=issue)
    seen: Counter[str] = Counter()
    with tenant_transaction(world.company.id):
        for request, (threw, used) in zip(requests, outcomes, strict=True):
            switch, grant = switch_of(threw), ExecutionGrant.objects.get(request=request)
            if grant.redeemed_at is None:
                assert used is Conflict
                told = LedgerEvent.objects.get(request_id=request.pk, type="grant.redeem_refused")
                assert told.occurred_at is not None
            else:
                assert isinstance(used, ExecutionGrant)
                assert grant.redeemed_at <= switch.thrown_at
            seen["used" if grant.redeemed_at else "refused"] += 1
    record_property("outcomes", {str(status): count for status, count in seen.items()})


@PARTS
def test_a_throw_and_a_vote(
    committed_db: CommittedDatabase, rounds: int, record_property: Report
) -> None:
    world = make_world(ONE)
    world.reach("bank")
    requests = make_requests(world, rounds)
    thrower = Thrower(world)

    def vote(request: ActionRequest) -> object:
        return world.vote(world.company.alice, request)

    outcomes = race(committed_db, world, [thrower, vote], requests, before=thrower.let_go)
    seen: Counter[str] = Counter()
    with tenant_transaction(world.company.id):
        for request, (threw, voted) in zip(requests, outcomes, strict=True):
            switch, now = switch_of(threw), ActionRequest.objects.get(pk=request.pk)
            votes = Vote.objects.filter(request=request)
            if now.status == RequestStatus.PENDING:
                assert voted is Conflict
                assert not votes.exists()
            else:
                assert now.status == RequestStatus.APPROVED
                assert votes.get().cast_at <= switch.thrown_at
            seen[now.status] += 1
    record_property("outcomes", {str(status): count for status, count in seen.items()})
    assert set(seen) <= {"pending", "approved"}


@PARTS
def test_a_throw_and_a_submission(
    committed_db: CommittedDatabase, rounds: int, record_property: Report
) -> None:
    world = make_world(ONE)
    world.reach("bank")
    first = make_requests(world, rounds)
    thrower = Thrower(world)

    def submit(_: ActionRequest) -> object:
        return world.submit(integration="bank")

    outcomes = race(committed_db, world, [thrower, submit, submit], first, before=thrower.let_go)
    seen: Counter[str] = Counter()
    for threw, *made in outcomes:
        switch = switch_of(threw)
        for each in made:
            assert isinstance(each, ActionRequest)
            if each.status == RequestStatus.PENDING:
                assert each.submitted_at <= switch.thrown_at
            seen[each.status] += 1
    record_property("outcomes", {str(status): count for status, count in seen.items()})
    assert set(seen) <= {"pending", "blocked"}


def test_nothing_is_accepted_after_a_throw_has_returned(committed_db: CommittedDatabase) -> None:
    """Three submit and three redeem all the time, until each was refused after the throw."""
    world = make_world(ONE)
    world.reach("bank")
    tokens = make_tokens(world, 24)
    returned = Event()

    def submit() -> bool:
        return world.submit().status != RequestStatus.BLOCKED

    def redeem() -> bool:
        try:
            return bool(redeem_grant(token=tokens.pop(0), redeemed_by="bank"))
        except (DomainError, IndexError):  # refused, or none is left
            return False

    def stop() -> list[bool]:
        connections["default"].ensure_connection()
        with bind_tenant(world.company.id):
            throw(actor=world.company.olivia, scope="tenant", reason="It pays twice")
        returned.set()
        return []

    acts: list[Callable[[], list[bool]]] = [
        partial(until_after, world, returned, act) for act in (submit, redeem) for _ in "123"
    ]
    for late in committed_db.at_once([*acts, stop]):
        assert isinstance(late, list), late
        assert not any(late)
    with tenant_transaction(world.company.id):
        thrown_at = KillSwitch.objects.get().thrown_at
        after = ActionRequest.objects.filter(submitted_at__gt=thrown_at)
        assert {each.status for each in after} <= {RequestStatus.BLOCKED}
        assert not ExecutionGrant.objects.filter(redeemed_at__gt=thrown_at).exists()


def make_tokens(world: World, number: int) -> list[str]:
    tokens = []
    for request in make_requests(world, number):
        world.vote(world.company.alice, request)
        with tenant_transaction(world.company.id):
            tokens.append(issue_grant(agent=world.agent, request_id=request.pk).token)
    return tokens


def until_after(world: World, returned: Event, act: Callable[[], bool]) -> list[bool]:
    """Act until once after the throw; return whether what began after it was accepted."""
    with bind_tenant(world.company.id):
        while not returned.is_set():
            act()
        return [act()]
