"""Approving with changes (domain page, section 5; docs/decisions/0014)."""

import pytest

from approvals.enums import RequestStatus, StageStatus, VoidedBecause
from approvals.models import (
    Notification,
    RequestRevision,
    Requirement,
    RequirementStage,
    Timer,
    Vote,
)
from approvals.selectors.approvers import standing_of
from approvals.selectors.board import load_board
from approvals.selectors.inbox import decidable_by
from approvals.services.changed_action import ProposedChange
from approvals.services.changes import (
    MOST_REVISIONS,
    STILL_DEMANDED,
    preview_changes,
)
from approvals.services.withdrawals import withdraw_vote
from audit.selectors.events import events_of_request
from govapp.common.errors import Conflict
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tests.approvals.documents import asks, rule, rules, where
from tests.approvals.editable import (
    PAYLOAD,
    assert_unchanged,
    by_amount,
    change,
    open_fields,
)
from tests.approvals.standing import fresh, recorded
from tests.approvals.world import (
    FOUR_EYES,
    HOUR,
    World,
    make_world,
    policy,
    stage,
)
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return open_fields(make_world(FOUR_EYES))


def test_a_change_is_a_vote_for_what_it_is_now(world: World) -> None:
    request = world.submit(payload=PAYLOAD)
    changed = change(world, world.company.alice, request, summary="Pay Acme Ltd 800.00")
    now = fresh(request)
    assert now.payload == PAYLOAD | {"amount": "800.00"}
    assert (now.summary, now.version, now.status) == ("Pay Acme Ltd 800.00", 2, "pending")
    assert now.payload_digest == changed.payload_digest != request.payload_digest
    with tenant_transaction(world.company.id):
        vote = Vote.objects.get()
        assert (vote.payload_digest, vote.request_version) == (now.payload_digest, 2)
    assert world.vote(world.company.bob, now).status == RequestStatus.APPROVED
    assert recorded(request) == [
        "action_request.submitted",
        "stage.opened",
        "action_request.changed",
        "stage.opened",
        "vote.cast",
        "vote.cast",
        "stage.satisfied",
        "action_request.approved",
    ]


def test_both_states_are_kept(world: World) -> None:
    request = world.submit(payload=PAYLOAD)
    change(world, world.company.alice, request)
    with tenant_transaction(world.company.id):
        first, second = RequestRevision.objects.order_by("request_version")
    assert (first.request_version, first.payload, first.payload_digest) == (
        1,
        PAYLOAD,
        request.payload_digest,
    )
    assert (first.changes, first.changed_by_id) == ([], None)
    assert first.created_at == request.submitted_at
    assert (second.request_version, second.payload["amount"]) == (2, "800.00")
    assert second.changed_by_id == world.company.alice.pk
    assert second.changes == [{"field": "amount", "before": "900.00", "after": "800.00"}]


def test_votes_on_the_former_action_fall_away_and_may_be_cast_again(world: World) -> None:
    request = world.submit(payload=PAYLOAD)
    world.vote(world.company.bob, request)
    change(world, world.company.alice, request)
    with tenant_transaction(world.company.id):
        fallen = Vote.objects.get(member=world.company.bob)
        assert (fallen.voided_because, fallen.voided_at is None) == (VoidedBecause.CHANGED, False)
        assert standing_of(fresh(request), world.company.bob).may_vote
        assert list(decidable_by(world.company.bob)) == [request]
        told = Notification.objects.filter(member=world.company.bob, kind="requested")
        assert [row.content for row in told.order_by("created_at", "id")] == [
            {},
            {"changed_by": "Alice"},
        ]
    assert "vote.voided" in recorded(request)
    assert world.vote(world.company.bob, fresh(request)).status == RequestStatus.APPROVED


def test_whoever_is_not_asked_again_hears_that_their_vote_fell_away() -> None:
    world = open_fields(make_world(by_amount()))
    request = world.submit(payload=PAYLOAD | {"amount": "2000.00"})
    world.vote(world.company.charlie, request)
    change(world, world.company.alice, request)
    with tenant_transaction(world.company.id):
        told = Notification.objects.get(member=world.company.charlie, kind="informed")
        assert told.content == {"changed_by": "Alice", "fell_away": True}


def test_what_is_demanded_is_found_anew_by_the_live_policy() -> None:
    world = open_fields(make_world(by_amount()))
    request = world.submit(payload=PAYLOAD)
    change(world, world.company.alice, request, changes={"amount": "5000.00"})
    with tenant_transaction(world.company.id):
        board = load_board(fresh(request))
        assert [each.rule_id for each in board.requirements] == ["large", "payments"]
        replaced = Requirement.objects.exclude(replaced_at=None).get()
        assert replaced.rule_id == "payments"
        assert [each.status for each in replaced.stages.all()] == [StageStatus.CLOSED]
    now = fresh(request)
    assert world.vote(world.company.bob, now).status == RequestStatus.PENDING
    assert world.vote(world.company.charlie, now).status == RequestStatus.APPROVED


def test_whom_the_rules_of_the_changed_action_name_is_told() -> None:
    named = {"notify": [{"role": "auditor"}]}
    wide = asks("wide", where("payload.amount", "gt", "5000.00"), flow="large", obligations=named)
    world = open_fields(make_world(by_amount(wide)))
    request = world.submit(payload=PAYLOAD)
    change(world, world.company.alice, request, changes={"amount": "9000.00"})
    with tenant_transaction(world.company.id):
        told = Notification.objects.filter(kind="informed", request=request)
        assert list(told.values_list("member__user__name", flat=True)) == ["Audrey"]


def test_a_smaller_amount_asks_for_less() -> None:
    world = open_fields(make_world(by_amount()))
    request = world.submit(payload=PAYLOAD | {"amount": "5000.00"})
    change(world, world.company.alice, request)
    with tenant_transaction(world.company.id):
        assert [each.rule_id for each in load_board(fresh(request)).requirements] == ["payments"]


def test_what_was_demanded_stays_demanded_where_the_rules_would_allow_it() -> None:
    world = open_fields(make_world(by_amount()))
    request = world.submit(payload=PAYLOAD)
    world.publish(rules(rule("small", "allow")))
    changed = change(world, world.company.alice, request, changes={"amount": "5.00"})
    assert (changed.status, changed.because) == (RequestStatus.PENDING, STILL_DEMANDED)
    assert fresh(request).trace["outcome"] == "allow"
    assert world.vote(world.company.bob, fresh(request)).status == RequestStatus.APPROVED


def test_a_single_seat_is_filled_by_the_change_itself() -> None:
    world = open_fields(make_world(policy(stage("finance"))))
    request = world.submit(payload=PAYLOAD)
    changed = change(world, world.company.alice, request)
    assert (changed.status, changed.version) == (RequestStatus.APPROVED, 3)
    assert fresh(request).payload["amount"] == "800.00"


def test_a_change_counts_in_a_later_stage_where_it_fits() -> None:
    world = open_fields(make_world(policy(stage("finance"))))
    request = world.submit(payload=PAYLOAD)
    world.publish(policy(stage("managers", name="first"), stage("finance", name="then")))
    change(world, world.company.alice, request)
    assert world.vote(world.company.charlie, fresh(request)).status == RequestStatus.APPROVED


def test_it_may_be_changed_again_by_the_next(world: World) -> None:
    request = world.submit(payload=PAYLOAD)
    change(world, world.company.alice, request)
    change(world, world.company.bob, fresh(request), changes={"amount": "700.00"})
    now = fresh(request)
    assert (now.payload["amount"], now.version) == ("700.00", 3)
    with tenant_transaction(world.company.id):
        assert RequestRevision.objects.count() == 3
        assert Vote.objects.filter(voided_at=None).get().member_id == world.company.bob.pk


def test_the_former_timers_are_superseded_and_new_ones_armed() -> None:
    world = open_fields(make_world(policy(stage("finance", "risk", reminders=["1h"]))))
    request = world.submit(payload=PAYLOAD)
    change(world, world.company.alice, request)
    with tenant_transaction(world.company.id):
        rows = Timer.objects.order_by("request_version", "due_at")
        found = list(rows.values_list("request_version", "kind", "status"))
    assert found == [
        (1, "remind", "superseded"),
        (1, "expire", "superseded"),
        (2, "remind", "armed"),
        (2, "expire", "armed"),
    ]
    assert fresh(request).deadline_at is not None


def test_the_stages_of_before_never_expire_it(world: World, move_clock: MoveClock) -> None:
    request = world.submit(payload=PAYLOAD)
    move_clock(3 * HOUR)
    change(world, world.company.alice, request)
    now = fresh(request)
    assert request.deadline_at is not None
    assert now.deadline_at is not None
    assert now.deadline_at - request.deadline_at >= 3 * HOUR
    move_clock(5 * HOUR)
    assert world.vote(world.company.bob, now).status == RequestStatus.APPROVED


def test_the_digest_is_that_of_a_submission(world: World) -> None:
    request = world.submit(payload=PAYLOAD)
    changed = change(world, world.company.alice, request)
    again = world.submit(payload=PAYLOAD | {"amount": "800.00"})
    assert again.payload_digest == changed.payload_digest


def test_a_preview_writes_nothing() -> None:
    world = open_fields(make_world(by_amount()))
    request = world.submit(payload=PAYLOAD)
    with tenant_transaction(world.company.id):
        seen = preview_changes(
            member=world.company.alice,
            request_id=request.pk,
            change=ProposedChange({"amount": "5000.00"}, "Pay more"),
        )
    assert [each.to_dict() for each in seen.changes] == [
        {"field": "amount", "before": "900.00", "after": "5000.00"}
    ]
    assert (seen.summary, len(seen.sentences)) == ("Pay more", 2)
    assert (seen.stays_demanded, seen.step_up) == (False, False)
    assert_unchanged(world, request)


def test_an_event_says_what_changed(world: World) -> None:
    request = world.submit(payload=PAYLOAD)
    change(world, world.company.alice, request)
    with tenant_transaction(world.company.id):
        (event,) = (each for each in events_of_request(request.pk) if "changed" in each.summary)
    assert event.summary == (
        'Alice changed “Pay Acme Ltd” while approving it: amount from "900.00" to "800.00"'
    )


def test_stages_of_before_are_left_as_they_ended(world: World) -> None:
    request = world.submit(payload=PAYLOAD)
    change(world, world.company.alice, request)
    with tenant_transaction(world.company.id):
        found = RequirementStage.objects.order_by("opened_at").values_list("status", flat=True)
        assert list(found) == [StageStatus.CLOSED, StageStatus.OPEN]


def test_changing_it_again_and_again_does_not_put_its_end_off_for_ever(world: World) -> None:
    """One person alone could: change it, take that back, change it again."""
    alice = world.company.alice
    request = world.submit(payload=PAYLOAD)
    for number in range(MOST_REVISIONS):
        request = change(world, alice, request, changes={"amount": f"{number}.00"})
        with bind_tenant(world.company.id):
            request = withdraw_vote(member=alice, request_id=request.pk)
    before = fresh(request)
    with pytest.raises(Conflict, match="has been changed 10 times"):
        change(world, alice, request, changes={"amount": "77.00"})
    with tenant_transaction(world.company.id), pytest.raises(Conflict, match="10 times"):
        preview_changes(
            member=alice, request_id=request.pk, change=ProposedChange({"amount": "77.00"})
        )
    assert fresh(request).deadline_at == before.deadline_at
    assert world.vote(alice, before).status == RequestStatus.PENDING
