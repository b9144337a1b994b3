"""A stream of the record that is not accepted: told, found, counted, and named in an erasure."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client

from approvals.models import Finding, Notification
from approvals.services.watch import watch
from audit.models import AuditStream
from audit.services.sequencer import sequence_tenant
from audit.services.streams import pause_stream
from govapp.common.tenancy import tenant_transaction
from tenants.services.erasure import preview_erasure
from tests.approvals.world import FOUR_EYES, World, make_world
from tests.audit.books import ALICE
from tests.audit.streaming import deliver, fresh, make_stream
from tests.conftest import MoveClock
from tests.support.receiver import Receiver, running_receiver

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world() -> World:
    made = make_world(FOUR_EYES)
    sequence_tenant(tenant_id=made.company.id)
    return made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An HTTP server on loopback."""
    with running_receiver() as running:
        yield running


def failing(world: World, receiver: Receiver, move_clock: MoveClock) -> AuditStream:
    """A stream that has failed for twenty minutes."""
    stream, _ = make_stream(world.company.id, receiver.url)
    receiver.usual_status = 500
    for minutes in (0, 10, 20):
        move_clock(MINUTE * minutes)
        deliver(stream)
    assert fresh(stream).state == "failing"
    return stream


def found(world: World) -> list[tuple[str, bool]]:
    with tenant_transaction(world.company.id):
        rows = Finding.objects.filter(kind="stream_failing").order_by("id")
        return [(row.text, row.cleared_at is not None) for row in rows]


def test_owners_and_compliance_are_told_of_a_stream_that_was_given_up(
    world: World, receiver: Receiver
) -> None:
    stream, _ = make_stream(world.company.id, receiver.url)
    receiver.usual_status = 410
    deliver(stream)
    with tenant_transaction(world.company.id):
        rows = Notification.objects.filter(dedup_key__startswith="stream-stopped:")
        told = {row.member.user.name: row.content for row in rows.select_related("member__user")}
    assert sorted(told) == ["Carl", "Olivia"]
    assert told["Carl"]["subject"] == "The stream SIEM was given up"
    assert f"/t/acme/audit/streams/{stream.public_id}/" in told["Carl"]["text"]
    assert "wants no more" in told["Carl"]["text"]


def test_it_is_a_finding_after_an_hour_until_somebody_does_something(
    world: World, receiver: Receiver, move_clock: MoveClock
) -> None:
    stream = failing(world, receiver, move_clock)
    watch()
    assert found(world) == []
    move_clock(MINUTE * 70)
    (fault,) = [each for each in watch() if each.kind == "stream_failing"]
    assert fault.is_tenants_own
    ((text, is_cleared),) = found(world)
    assert text.startswith(f"The stream “SIEM” to {stream.host} is not accepted since ")
    assert (text.endswith(" UTC: The receiver answered 500."), is_cleared) == (True, False)
    with tenant_transaction(world.company.id):
        pause_stream(actor=ALICE, stream_id=stream.pk)
    watch()
    assert [is_cleared for _, is_cleared in found(world)] == [True]


def test_a_stream_that_was_given_up_is_a_finding_at_once(world: World, receiver: Receiver) -> None:
    stream, _ = make_stream(world.company.id, receiver.url)
    receiver.usual_status = 410
    deliver(stream)
    watch()
    ((text, _),) = found(world)
    assert text.endswith("It was given up: resume it.")


def test_metrics_count_streams_by_state_and_how_far_the_last_is_behind(
    world: World, receiver: Receiver, move_clock: MoveClock
) -> None:
    make_stream(world.company.id, receiver.url, name="Fine")
    stream = failing(world, receiver, move_clock)
    sequence_tenant(tenant_id=world.company.id)
    with tenant_transaction(world.company.id):
        paused, _ = make_stream(world.company.id, receiver.url, name="Paused")
        pause_stream(actor=ALICE, stream_id=paused.pk)
        size = AuditStream.objects.count()
    assert size == 3
    lines = Client().get("/metrics").content.decode().splitlines()
    assert 'govapp_streams{state="active"} 1.0' in lines
    assert 'govapp_streams{state="failing"} 1.0' in lines
    assert 'govapp_streams{state="paused"} 1.0' in lines
    (behind,) = [line for line in lines if line.startswith("govapp_stream_events_behind ")]
    assert float(behind.split(" ")[1]) > fresh(stream).cursor


def test_an_erasure_says_what_was_sent_away(world: World, receiver: Receiver) -> None:
    company = world.company
    with tenant_transaction(company.id):
        before = preview_erasure(actor=company.carl, member=company.alice)
    assert before.sent_away == ()
    for name, discloses in (("Plain", False), ("Told", True)):
        stream, _ = make_stream(company.id, receiver.url, name=name, discloses=discloses)
        deliver(stream)
    with tenant_transaction(company.id):
        preview = preview_erasure(actor=company.carl, member=company.alice)
    assert [(each.name, each.hosts, each.disclosed) for each in preview.sent_away] == [
        ("Plain", (f"http://127.0.0.1:{receiver.port}",), 0),
        ("Told", (f"http://127.0.0.1:{receiver.port}",), preview.sent_away[1].delivered),
    ]
    client = Client()
    client.force_login(company.carl.user)
    page = client.get(f"/t/acme/people/{company.alice.public_id}/erase").content.decode()
    assert "Out of our hands" in page
    assert "by the stream Plain, without names or words: with ids only." in page
