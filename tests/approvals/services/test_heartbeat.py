"""Somebody outside hears that all is well, or that it is not, and nothing else."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from approvals.models import ActionRequest, CallbackDelivery, CallbackEndpoint, Notification
from approvals.services import heartbeat
from approvals.services.heartbeat import look_and_tell, look_now_and_then
from approvals.services.watch import WatchIncomplete
from audit.services.sequencer import sequence_tenant
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import FOUR_EYES, HOUR, World, make_world
from tests.conftest import MoveClock
from tests.support.receiver import Receiver, running_receiver

pytestmark = pytest.mark.django_db


@pytest.fixture
def outside(settings: Any) -> Iterator[Receiver]:
    with running_receiver() as receiver:
        settings.HEARTBEAT_URL = receiver.url
        yield receiver


@pytest.fixture
def world() -> World:
    world = make_world(FOUR_EYES)
    world.submit()
    with tenant_transaction(world.company.id):
        Notification.objects.update(status="sent")
    while sequence_tenant(tenant_id=world.company.id):
        pass
    return world


def said(receiver: Receiver) -> list[tuple[str, str]]:
    return [(each.path, each.body.decode()) for each in receiver.received]


def test_it_says_that_all_is_well(world: World, outside: Receiver) -> None:
    look_and_tell()
    assert said(outside) == [("/hook", "all is well")]


def test_it_says_by_kind_what_is_not_and_names_nobody(
    world: World, outside: Receiver, move_clock: MoveClock
) -> None:
    move_clock(4 * HOUR + timedelta(seconds=40))
    look_and_tell()
    assert said(outside) == [("/hook/fail", "timer_overdue: 1")]


def test_what_a_tenant_has_to_mend_is_not_the_operators(world: World, outside: Receiver) -> None:
    with tenant_transaction(world.company.id):
        for member in (world.company.alice, world.company.charlie):
            member.status = "suspended"
            member.save()
        Notification.objects.update(status="sent")
    found = look_and_tell()
    assert {fault.kind for fault in found} == {"quorum_unreachable"}
    assert said(outside) == [("/hook", "all is well")]


def test_a_tenants_own_endpoint_that_answers_badly_is_not_the_operators(
    world: World, outside: Receiver, move_clock: MoveClock
) -> None:
    with tenant_transaction(world.company.id):
        endpoint = CallbackEndpoint.objects.create(url="https://example.com", secret_sealed=b"x")
        row = CallbackDelivery.objects.create(
            endpoint=endpoint,
            request=ActionRequest.objects.get(),
            event_type="action_request.approved",
            body={},
        )
        # Tried, and to be tried again in half an hour.
        later = row.created_at + HOUR / 2
        CallbackDelivery.objects.update(attempts=3, last_error="500", next_attempt_at=later)
    move_clock(timedelta(minutes=3))
    assert {fault.kind for fault in look_and_tell()} == {"message_unsent"}
    # Nobody tried when it was due: that is ours.
    move_clock(HOUR / 2 + timedelta(minutes=3))
    with tenant_transaction(world.company.id):
        Notification.objects.update(status="sent")
    while sequence_tenant(tenant_id=world.company.id):
        pass
    look_and_tell()
    assert said(outside) == [("/hook", "all is well"), ("/hook/fail", "message_unsent: 1")]


def test_a_tenant_that_cannot_be_looked_at_is_not_silence(world: World, outside: Receiver) -> None:
    with tenant_transaction(world.company.id):
        # What nobody can read: a fault of ours, or of a backup.
        request = ActionRequest.objects.get()
        stage = request.stages.get()
        stage.added = [{"kind": "group"}]
        stage.save()
    with pytest.raises(WatchIncomplete):
        look_and_tell()
    assert said(outside) == [
        ("/hook/fail", "Govapp could not look at everything: WatchIncomplete.")
    ]


def test_an_outside_that_is_away_disturbs_nothing(world: World, settings: Any) -> None:
    settings.HEARTBEAT_URL = "http://127.0.0.1:9/nobody"
    assert look_and_tell() == []


def test_the_sweeper_looks_from_time_to_time(
    world: World, outside: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "_last_look", [])
    for _ in range(3):
        assert look_now_and_then(at_most=500) == 0
    assert len(outside.received) == 1
