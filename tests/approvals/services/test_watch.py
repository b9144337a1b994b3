"""The watchman finds what must not exist (domain page, section 6)."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from approvals.doors import tenants_to_watch
from approvals.enums import NotificationKind, TimerKind, TimerStatus
from approvals.models import (
    ActionRequest,
    CallbackDelivery,
    CallbackEndpoint,
    Finding,
    Notification,
    Timer,
)
from approvals.selectors.health import KINDS
from approvals.services.timers import sweep
from approvals.services.watch import watch
from audit.models import LedgerEvent
from audit.services.directory import grow_directory
from audit.services.sequencer import sequence_tenant
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import FOUR_EYES, HOUR, World, make_world, policy, stage
from tests.audit.vouched import Witness
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db

NOTHING = dict.fromkeys(KINDS, 0)


@pytest.fixture
def world() -> World:
    return make_world(FOUR_EYES)


def open_findings(world: World) -> dict[str, int]:
    with tenant_transaction(world.company.id):
        kinds = Finding.objects.filter(cleared_at=None).values_list("kind", flat=True)
        return NOTHING | Counter(kinds)


def recorded(world: World) -> list[str]:
    with tenant_transaction(world.company.id):
        events = LedgerEvent.objects.filter(type__startswith="finding.").order_by("id")
        return list(events.values_list("type", flat=True))


def seal(world: World) -> None:
    while sequence_tenant(tenant_id=world.company.id):
        pass


def sent_away(world: World) -> None:
    """Whatever the submission queued has reached its people, and the record."""
    with tenant_transaction(world.company.id):
        Notification.objects.update(status="sent")
    seal(world)


def test_a_healthy_tenant_has_no_findings(world: World) -> None:
    world.submit()
    assert watch() == []
    assert open_findings(world) == NOTHING


def test_an_open_stage_without_an_armed_expiry_is_found(world: World) -> None:
    request = world.submit()
    with tenant_transaction(world.company.id):
        Timer.objects.filter(kind=TimerKind.EXPIRE).update(status=TimerStatus.SUPERSEDED)
    (finding,) = watch()
    assert (finding.kind, finding.request_id) == ("stage_without_timer", request.pk)
    assert watch() == [finding]
    with tenant_transaction(world.company.id):
        alerts = Notification.objects.filter(kind=NotificationKind.ALERT)
        assert [alert.member_id for alert in alerts] == [world.company.carl.pk]
    assert open_findings(world) == NOTHING | {"stage_without_timer": 1}


def test_a_timer_of_an_earlier_version_ends_nothing_and_is_found(world: World) -> None:
    request = world.submit()
    with tenant_transaction(world.company.id):
        ActionRequest.objects.update(version=2)
    (finding,) = watch()
    assert (finding.kind, finding.request_id) == ("stage_without_timer", request.pk)


def test_a_timer_that_is_more_than_thirty_seconds_late_is_found(
    world: World, move_clock: MoveClock
) -> None:
    world.submit()
    sent_away(world)
    move_clock(4 * HOUR + timedelta(seconds=1))
    assert watch() == []
    move_clock(4 * HOUR + timedelta(seconds=40))
    assert [finding.kind for finding in watch()] == ["timer_overdue"]
    sweep()
    sent_away(world)
    assert watch() == []


def queue_message(world: World, kind: NotificationKind) -> None:
    seal(world)
    with tenant_transaction(world.company.id):
        Notification.objects.create(member=world.company.alice, kind=kind, dedup_key=kind)


def test_a_message_unsent_for_two_minutes_is_found(world: World, move_clock: MoveClock) -> None:
    queue_message(world, NotificationKind.REQUESTED)
    move_clock(timedelta(seconds=60))
    assert watch() == []
    move_clock(timedelta(seconds=130))
    (finding,) = watch()
    assert finding.kind == "message_unsent"
    assert finding.text.startswith("1 notifications and 0 callbacks have been waiting")


def test_an_unsent_alert_raises_no_further_alert(world: World, move_clock: MoveClock) -> None:
    queue_message(world, NotificationKind.ALERT)
    move_clock(HOUR)
    assert watch() == []


def test_a_callback_unsent_for_two_minutes_is_found(world: World, move_clock: MoveClock) -> None:
    request = world.submit()
    sent_away(world)
    with tenant_transaction(world.company.id):
        endpoint = CallbackEndpoint.objects.create(url="https://example.com", secret_sealed=b"x")
        CallbackDelivery.objects.create(
            endpoint=endpoint, request=request, event_type="action_request.approved", body={}
        )
    move_clock(timedelta(seconds=130))
    assert [finding.kind for finding in watch()] == ["message_unsent"]


def test_findings_name_their_own_tenant(world: World) -> None:
    other = make_world(FOUR_EYES, slug="other")
    other.submit()
    world.submit()
    with tenant_transaction(other.company.id):
        Timer.objects.all().delete()
    assert [finding.tenant_id for finding in watch()] == [other.company.id]


def test_what_is_found_is_kept_until_it_is_found_no_more(
    world: World, move_clock: MoveClock
) -> None:
    world.submit()
    sent_away(world)
    move_clock(4 * HOUR + timedelta(seconds=40))
    watch()
    move_clock(4 * HOUR + timedelta(seconds=100))
    watch()
    with tenant_transaction(world.company.id):
        (kept,) = Finding.objects.filter(cleared_at=None)
    assert kept.kind == "timer_overdue"
    assert kept.last_seen_at - kept.found_at >= timedelta(seconds=60)
    sweep()
    sent_away(world)
    assert watch() == []
    with tenant_transaction(world.company.id):
        (gone,) = Finding.objects.all()
    assert gone.cleared_at is not None
    assert recorded(world) == ["finding.opened", "finding.cleared"]


def test_the_same_thing_again_is_a_finding_of_its_own(world: World) -> None:
    world.submit()
    with tenant_transaction(world.company.id):
        expiry = Timer.objects.filter(kind=TimerKind.EXPIRE)
    for status in (TimerStatus.SUPERSEDED, TimerStatus.ARMED) * 2:
        with tenant_transaction(world.company.id):
            expiry.update(status=status)
        watch()
    assert recorded(world) == ["finding.opened", "finding.cleared"] * 2


def test_an_approval_that_nobody_gave_is_found(world: World) -> None:
    request = world.submit()
    sent_away(world)
    with tenant_transaction(world.company.id):
        # What no service does: somebody with the database in their hands.
        ActionRequest.objects.update(status="approved", decided_at=clock.now(), version=2)
        Timer.objects.update(status=TimerStatus.SUPERSEDED)
    (fault,) = watch()
    assert (fault.kind, fault.request_id) == ("approved_without_vote", request.pk)


def test_an_approval_that_was_given_is_none(world: World) -> None:
    request = world.submit()
    for member in (world.company.alice, world.company.bob):
        world.vote(member, request)
    assert watch() == []


def test_a_timer_that_outlives_its_request_is_found(world: World) -> None:
    world.submit()
    sent_away(world)
    with tenant_transaction(world.company.id):
        ActionRequest.objects.update(status="cancelled", decided_at=clock.now(), version=2)
    (fault,) = watch()
    assert fault.kind == "ended_but_armed"


def test_a_record_that_nobody_seals_is_found(world: World, move_clock: MoveClock) -> None:
    world.submit()
    with tenant_transaction(world.company.id):
        Notification.objects.update(status="sent")
    move_clock(timedelta(seconds=60))
    assert watch() == []
    move_clock(timedelta(seconds=130))
    assert [fault.kind for fault in watch()] == ["record_unsealed"]


def test_a_record_that_a_witness_does_not_vouch_for_is_found(
    world: World, move_clock: MoveClock, settings: Settings
) -> None:
    world.submit()
    sent_away(world)
    sequence_tenant(tenant_id=world.company.id)
    grow_directory()
    move_clock(timedelta(minutes=125))
    assert watch() == []  # nobody is asked to
    witness = Witness()
    settings.LEDGER_WITNESSES = [witness.setting]
    (fault,) = watch()
    assert fault.kind == "record_unanchored"
    assert "is not vouched for by witness.example/w1 yet" in fault.text
    witness.cosign(1)
    assert watch() == []


def test_a_message_that_is_held_is_unsent_only_after_its_time(
    world: World, move_clock: MoveClock
) -> None:
    with tenant_transaction(world.company.id):
        Notification.objects.create(
            member=world.company.alice, kind="decided", dedup_key="held", held_for="quiet",
            next_attempt_at=clock.now() + 8 * HOUR,
        )  # fmt: skip
    seal(world)
    move_clock(7 * HOUR)
    assert watch() == []
    move_clock(8 * HOUR + timedelta(seconds=130))
    assert [fault.kind for fault in watch()] == ["message_unsent"]


def test_a_tenant_that_sleeps_is_not_looked_at(world: World) -> None:
    asleep = make_world(FOUR_EYES, slug="asleep")
    world.submit()
    for each in (world, asleep):
        sent_away(each)
    assert [row["tenant_id"] for row in tenants_to_watch.call()] == [world.company.id]


def test_many_of_one_kind_are_one_alert(world: World, move_clock: MoveClock) -> None:
    for number in range(3):
        world.submit(summary=f"Pay {number}")
    sent_away(world)
    move_clock(4 * HOUR + timedelta(seconds=40))
    watch()
    assert open_findings(world)["timer_overdue"] == 3
    with tenant_transaction(world.company.id):
        (alert,) = Notification.objects.filter(kind=NotificationKind.ALERT)
    assert alert.content["text"].endswith("And 2 more.")


def test_a_stage_that_an_escalation_filled_is_found(move_clock: MoveClock) -> None:
    joins: dict[str, Any] = {"escalations": [{"after": "1h", "add": [{"group": "risk"}]}]}
    world = make_world(
        policy(
            one=[stage("finance", **joins)],
            two=[stage("risk"), stage("finance", name="second")],
        )
    )
    request = world.submit()
    world.vote(world.company.bob, request)
    move_clock(HOUR + timedelta(seconds=1))
    sweep()
    sent_away(world)
    (fault,) = watch()
    assert (fault.kind, fault.request_id) == ("stage_full", request.pk)
    assert world.vote(world.company.alice, request).status == "approved"
