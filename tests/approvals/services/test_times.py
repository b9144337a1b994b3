"""The times that one journey leaves behind, in transactions that are told the time and commit."""

from datetime import datetime

from django.db import connection

from approvals.models import ActionRequest, ExecutionGrant, Notification, Vote
from approvals.services.execution import issue_grant, redeem_grant
from audit.models import LedgerEvent, LedgerQueueItem
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import FOUR_EYES, make_world
from tests.support.committed import CommittedDatabase

Times = list[tuple[str, datetime]]


def happened() -> Times:
    """From the submission to the redemption, by the rows that hold the state."""
    request, grant = ActionRequest.objects.get(), ExecutionGrant.objects.get()
    first, second = Vote.objects.order_by("pk")
    assert request.decided_at is not None
    assert grant.redeemed_at is not None
    return [
        ("submitted", request.submitted_at),
        ("first vote", first.cast_at),
        ("second vote", second.cast_at),
        ("decided", request.decided_at),
        ("issued", grant.issued_at),
        ("redeemed", grant.redeemed_at),
    ]


def in_order(times: Times) -> Times:
    """The same by time; what is simultaneous stays as it is."""
    return sorted(times, key=lambda each: each[1])


def test_a_journey_that_is_told_the_time_is_in_order(committed_db: CommittedDatabase) -> None:
    world = make_world(FOUR_EYES)
    before = clock.now()
    request = world.submit()
    world.vote(world.company.alice, request)
    world.vote(world.company.bob, request)
    with tenant_transaction(world.company.id):
        assert connection.time_in_transaction() is not None  # type: ignore[attr-defined]
        token = issue_grant(agent=world.agent, request_id=request.pk).token
    redeem_grant(token=token, redeemed_by="payer")
    after = clock.now()

    with tenant_transaction(world.company.id):
        times = [("before", before), *happened(), ("after", after)]
        assert in_order(times) == times

        about = LedgerEvent.objects.filter(request_id=request.pk)
        recorded = about.order_by("pk").values_list("type", "occurred_at")
        assert in_order(list(recorded)) == list(recorded)
        queued_at = dict(LedgerQueueItem.objects.values_list("event", "queued_at"))
        assert len(recorded) == 8
        for event in about:
            known = [before, event.occurred_at, queued_at[event.pk], after]
            assert sorted(known) == known, event.type

        messages = Notification.objects.order_by("pk")
        assert [message.kind for message in messages] == ["requested"] * 2 + ["decided"] * 2
        for message in messages:
            known = [before, message.created_at, message.next_attempt_at, after]
            assert sorted(known) == known, message.kind
