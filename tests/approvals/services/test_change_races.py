"""An edit against a vote, a vote against its own withdrawal, with real threads.

Whoever was first, the rows have to fit together.
"""

from collections import Counter

from approvals.enums import RequestStatus, Verdict, VoidedBecause
from approvals.models import ActionRequest, RequestRevision, Requirement, Timer, Vote
from approvals.services.changes import approve_with_changes
from approvals.services.votes import cast_vote, withdraw_vote
from audit.models import LedgerEvent
from govapp.common.errors import Conflict, Stale
from govapp.common.tenancy import tenant_transaction
from tests.approvals.racing import PARTS, race
from tests.approvals.world import FOUR_EYES, World, make_world, policy, stage
from tests.support.committed import CommittedDatabase


@PARTS
def test_an_edit_and_a_vote_at_once(committed_db: CommittedDatabase, rounds: int) -> None:
    """Either vote stands on what it saw: never one for the former action on the changed one."""
    world = make_world(FOUR_EYES)
    with tenant_transaction(world.company.id):
        world.category.editable_fields = ["amount"]
        world.category.save()
    alice, bob = world.company.alice, world.company.bob

    def edit(request: ActionRequest) -> object:
        return approve_with_changes(
            member=alice,
            request_id=request.pk,
            changes={"amount": "800.00"},
            payload_digest=request.payload_digest,
            request_version=request.version,
        ).status

    def vote(request: ActionRequest) -> object:
        return cast_vote(
            member=bob,
            request_id=request.pk,
            verdict=Verdict.APPROVE,
            payload_digest=request.payload_digest,
            request_version=request.version,
        ).status

    requests = [world.submit() for _ in range(rounds)]
    pairs = race(committed_db, world, [edit, vote], requests)
    assert {edited for edited, _ in pairs} == {RequestStatus.PENDING}
    assert {voted for _, voted in pairs} == {RequestStatus.PENDING, Stale}
    with tenant_transaction(world.company.id):
        for request, (_, voted) in zip(requests, pairs, strict=True):
            check_changed(world, request, was_first=voted == RequestStatus.PENDING)


def check_changed(world: World, request: ActionRequest, *, was_first: bool) -> None:
    now = ActionRequest.objects.get(pk=request.pk)
    assert (now.version, now.status, now.payload) == (2, "pending", {"amount": "800.00"})
    assert RequestRevision.objects.filter(request=request).count() == 2
    assert Requirement.objects.filter(request=request, replaced_at=None).count() == 1
    armed = Timer.objects.filter(request=request, status="armed")
    assert {timer.request_version for timer in armed} == {2}
    votes = Vote.objects.filter(request=request).order_by("cast_at")
    counting = [vote for vote in votes if vote.voided_at is None]
    fallen = [vote for vote in votes if vote.voided_at is not None]
    assert [vote.payload_digest for vote in counting] == [now.payload_digest]
    assert [vote.member_id for vote in counting] == [world.company.alice.pk]
    assert [vote.voided_because for vote in fallen] == [VoidedBecause.CHANGED] * was_first


@PARTS
def test_a_last_vote_and_a_withdrawal_at_once(committed_db: CommittedDatabase, rounds: int) -> None:
    """Two approvals are needed: a request is approved only by two that count."""
    world = make_world(policy(stage(("finance", 2))))
    alice = world.company.alice
    (dora,) = world.approvers(world.company.finance, 1)

    def vote(request: ActionRequest) -> object:
        return cast_vote(
            member=dora,
            request_id=request.pk,
            verdict=Verdict.APPROVE,
            payload_digest=request.payload_digest,
            request_version=request.version,
        ).status

    def withdraw(request: ActionRequest) -> object:
        return withdraw_vote(member=alice, request_id=request.pk).status

    requests = [world.submit() for _ in range(rounds)]
    for request in requests:
        world.vote(alice, request)
    pairs = race(committed_db, world, [vote, withdraw], requests)
    with tenant_transaction(world.company.id):
        seen = Counter(
            check_counted(request, pair) for request, pair in zip(requests, pairs, strict=True)
        )
    assert set(seen) == {"approved", "pending"}


def check_counted(request: ActionRequest, pair: tuple[object, ...]) -> str:
    now = ActionRequest.objects.get(pk=request.pk)
    counting = Vote.objects.filter(request=request, voided_at=None).count()
    told = LedgerEvent.objects.filter(request_id=request.pk).values_list("type", flat=True)
    ends = [kind for kind in told if kind in ("action_request.approved", "vote.withdrawn")]
    found = (now.status, counting, ends)
    if now.status == RequestStatus.APPROVED:
        assert found == ("approved", 2, ["action_request.approved"])
        assert pair == (RequestStatus.APPROVED, Conflict)
    else:
        assert found == ("pending", 1, ["vote.withdrawn"])
        assert pair == (RequestStatus.PENDING, RequestStatus.PENDING)
    return str(now.status)
