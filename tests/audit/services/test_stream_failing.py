"""What goes wrong on the way: it is tried again, given up and told; nobody else is blocked."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audit.models import AuditStream, LedgerLeaf
from audit.selectors import streams as reading
from audit.selectors.streams import Start, get_stream, streams_in_trouble
from audit.services import stream_outcomes
from audit.services.sequencer import sequence_tenant
from audit.services.stream_claims import LEASE, claim_batch
from audit.services.stream_outcomes import pause_after, settle
from audit.services.streams import (
    pause_stream,
    replay_stream,
    resume_stream,
)
from audit.signals import stream_stopped
from audit.transports.webhook import read_retry_after
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import ALICE, sequenced_tenant, write_events
from tests.audit.streaming import (
    deliver,
    fresh,
    indexes_of,
    make_stream,
    recorded,
)
from tests.conftest import MoveClock
from tests.support.receiver import Receiver

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_an_answer_that_is_lost_has_the_same_events_sent_again(
    receiver: Receiver, move_clock: MoveClock
) -> None:
    tenant_id = sequenced_tenant(3)
    stream, _ = make_stream(tenant_id, receiver.url)
    receiver.statuses.append(0)  # it takes everything and says nothing
    assert deliver(stream) == 0
    write_events(tenant_id, 4)
    sequence_tenant(tenant_id=tenant_id)
    assert fresh(stream).cursor == 0
    move_clock(timedelta(minutes=1))
    assert deliver(stream) == 8
    lost, again, rest = receiver.received
    assert (lost.body, lost.headers["webhook-id"]) == (again.body, again.headers["webhook-id"])
    assert indexes_of([again, rest]) == [(0, 2), (3, 7)]


def test_a_worker_that_dies_leaves_the_same_batch_to_the_next(
    receiver: Receiver, move_clock: MoveClock
) -> None:
    tenant_id = sequenced_tenant(3)
    stream, _ = make_stream(tenant_id, receiver.url)
    with tenant_transaction(tenant_id):
        dead = claim_batch(stream.pk)
    assert dead is not None
    assert dead.batch is not None
    write_events(tenant_id, 1)
    sequence_tenant(tenant_id=tenant_id)
    assert deliver(stream) == 0  # nobody knows yet that it is dead
    move_clock(LEASE)
    assert deliver(stream) == 5
    assert indexes_of(receiver.received) == [(0, 2), (3, 4)]
    with tenant_transaction(tenant_id):
        assert settle(dead, None) == 0  # it was only slow: the stream is not its own any more
    assert fresh(stream).cursor == 5


def test_it_is_tried_again_after_pauses_and_says_when_it_fails_and_recovers(
    receiver: Receiver, move_clock: MoveClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_outcomes, "FIRST_PAUSE", timedelta(minutes=1))
    tenant_id = sequenced_tenant(2)
    stream, _ = make_stream(tenant_id, receiver.url)
    receiver.usual_status = 503
    states = []
    for number in range(4):
        move_clock(timedelta(minutes=10 * number))
        deliver(stream)
        assert deliver(stream) == 0  # not before its time
        states.append((fresh(stream).state, fresh(stream).attempts))
    assert states == [("active", 1), ("active", 2), ("failing", 3), ("failing", 4)]
    row = fresh(stream)
    assert row.last_error == "The receiver answered 503."
    assert pause_after(4) * 0.75 <= row.next_at - clock.now() + timedelta(minutes=1)
    receiver.usual_status = 204
    move_clock(timedelta(hours=2))
    assert deliver(stream) == 2
    row = fresh(stream)
    assert (row.state, row.attempts, row.failing_since, row.last_error) == ("active", 0, None, "")
    kinds = [kind for kind, _ in recorded(tenant_id)]
    assert kinds == ["audit_stream.created", "audit_stream.failing", "audit_stream.recovered"]


def test_pauses_grow_up_to_an_hour() -> None:
    assert [pause_after(number).total_seconds() for number in (1, 2, 3, 10, 11, 1000)] == [
        5, 10, 20, 2560, 3600, 3600,
    ]  # fmt: skip


def test_a_receiver_says_when_it_wants_to_be_asked_again(receiver: Receiver) -> None:
    tenant_id = sequenced_tenant(2)
    stream, _ = make_stream(tenant_id, receiver.url)
    receiver.usual_status, receiver.headers = 429, {"retry-after": "7200"}
    before = clock.now()
    deliver(stream)
    assert fresh(stream).next_at >= before + timedelta(hours=2)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120), ("0", 0), ("999999999999", 86_400), ("Mon, 04 May 2026 10:05:00 GMT", 300),
        ("Mon, 04 May 2026 09:00:00 GMT", 0), ("", None), ("soon", None), ("-5", None),
    ],
)  # fmt: skip
def test_retry_after_is_read(text: str, seconds: int | None) -> None:
    wait = read_retry_after(text, datetime(2026, 5, 4, 10, tzinfo=UTC))
    assert (None if wait is None else wait.total_seconds()) == seconds


@pytest.fixture
def told() -> Iterator[list[str]]:
    """The names of the streams of which somebody above was told that they were given up."""
    names: list[str] = []

    def hear(*, stream: AuditStream, **_: Any) -> None:
        names.append(stream.name)

    stream_stopped.connect(hear)
    yield names
    stream_stopped.disconnect(hear)


def test_after_seven_days_it_is_given_up_and_told(
    receiver: Receiver, move_clock: MoveClock, told: list[str]
) -> None:
    tenant_id = sequenced_tenant(2)
    stream, _ = make_stream(tenant_id, receiver.url)
    receiver.usual_status = 500
    for days in (0, 1, 2, 6):
        move_clock(DAY * days)
        deliver(stream)
    assert (fresh(stream).state, told) == ("failing", [])
    move_clock(DAY * 7)
    deliver(stream)
    assert (fresh(stream).state, told) == ("stopped", ["SIEM"])
    move_clock(DAY * 8)
    assert deliver(stream) == 0
    receiver.usual_status = 204
    with tenant_transaction(tenant_id):
        resume_stream(actor=ALICE, stream_id=stream.pk)
    assert deliver(stream) == 2  # nothing was lost
    assert [kind for kind, _ in recorded(tenant_id)] == [
        "audit_stream.created", "audit_stream.failing", "audit_stream.stopped",
        "audit_stream.resumed",
    ]  # fmt: skip


def test_410_stops_at_once(receiver: Receiver, told: list[str]) -> None:
    tenant_id = sequenced_tenant(2)
    stream, _ = make_stream(tenant_id, receiver.url)
    receiver.usual_status = 410
    deliver(stream)
    assert (fresh(stream).state, fresh(stream).cursor, told) == ("stopped", 0, ["SIEM"])


def test_redirects_are_not_followed(receiver: Receiver) -> None:
    tenant_id = sequenced_tenant(2)
    stream, _ = make_stream(tenant_id, receiver.url)
    receiver.usual_status = 307
    deliver(stream)
    assert len(receiver.received) == 1
    assert fresh(stream).last_error == "The receiver answered 307; redirects are not followed."


def test_whoever_pauses_while_it_is_sent_keeps_it_paused(receiver: Receiver) -> None:
    tenant_id = sequenced_tenant(2)
    stream, _ = make_stream(tenant_id, receiver.url)
    with tenant_transaction(tenant_id):
        claimed = claim_batch(stream.pk)
    assert claimed is not None
    with tenant_transaction(tenant_id):
        pause_stream(actor=ALICE, stream_id=stream.pk)
    with tenant_transaction(tenant_id):
        assert settle(claimed, None) == 2
    row = fresh(stream)
    assert (row.state, row.cursor) == ("paused", 2)
    assert deliver(stream) == 0


def test_whoever_moves_it_while_it_is_sent_has_the_last_word(receiver: Receiver) -> None:
    tenant_id = sequenced_tenant(4)
    stream, _ = make_stream(tenant_id, receiver.url, start=Start("index", "2"))
    with tenant_transaction(tenant_id):
        claimed = claim_batch(stream.pk)
    assert claimed is not None
    with tenant_transaction(tenant_id):
        replay_stream(actor=ALICE, stream_id=stream.pk, start=Start("index", "1"))
    with tenant_transaction(tenant_id):
        assert settle(claimed, None) == 0
    assert fresh(stream).cursor == 1
    deliver(stream)
    assert indexes_of(receiver.received) == [(1, 3)]


def test_a_fault_of_ours_is_a_failure_and_blocks_nobody(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant_id = sequenced_tenant(2)
    stream, _ = make_stream(tenant_id, receiver.url)
    with tenant_transaction(tenant_id):
        AuditStream.objects.update(secret_sealed=b"not sealed by us")
    assert deliver(stream) == 0
    row = fresh(stream)
    assert (row.attempts, row.lease_until) == (1, None)
    assert row.last_error == "It could not be sent: a fault of this installation, in its log."


def test_how_far_it_is_behind(receiver: Receiver, move_clock: MoveClock) -> None:
    tenant_id = sequenced_tenant(5)
    stream, _ = make_stream(tenant_id, receiver.url, start=Start("index", "3"))
    with tenant_transaction(tenant_id):
        row = get_stream(stream.pk)
        leaf = LedgerLeaf.objects.select_related("event").get(index=3)
        assert (row.behind, row.oldest_at) == (2, leaf.event.occurred_at)
        assert not reading.is_late(row, clock.now())
        assert reading.is_late(row, clock.now() + timedelta(minutes=6))
    deliver(stream)
    with tenant_transaction(tenant_id):
        row = get_stream(stream.pk)
        assert (row.behind, row.oldest_at) == (0, None)


def test_trouble_begins_after_an_hour(receiver: Receiver, move_clock: MoveClock) -> None:
    tenant_id = sequenced_tenant(2)
    stream, _ = make_stream(tenant_id, receiver.url)
    receiver.usual_status = 500
    for minutes in (0, 10, 20):
        move_clock(timedelta(minutes=minutes))
        deliver(stream)
    since = fresh(stream).failing_since
    assert since is not None
    with tenant_transaction(tenant_id):
        assert streams_in_trouble(since) == []
        assert streams_in_trouble(since + timedelta(seconds=1)) == [stream]
