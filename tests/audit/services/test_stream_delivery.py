"""Streams deliver: in order, at least once, from where they stand."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from audit.selectors import streams as reading
from audit.selectors.streams import Start
from audit.services import stream_claims
from audit.services.sequencer import sequence_tenant
from audit.services.streams import (
    replay_stream,
)
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import ALICE, sequenced_tenant, write_event, write_events
from tests.audit.streaming import (
    deliver,
    fresh,
    hashed_lines,
    indexes_of,
    lines_of,
    make_stream,
    verified,
)
from tests.conftest import MoveClock
from tests.support.receiver import Receiver

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_everything_in_order_in_batches_signed(receiver: Receiver) -> None:
    tenant_id = sequenced_tenant(7)
    stream, secret = make_stream(tenant_id, receiver.url, at_once=3)
    assert deliver(stream) == 7
    assert lines_of(receiver.received) == hashed_lines(tenant_id)
    assert indexes_of(receiver.received) == [(0, 2), (3, 5), (6, 6)]
    for batch in receiver.received:
        verified(batch, secret)
        assert batch.headers["webhook-id"] == batch.headers["idempotency-key"]
        assert batch.headers["content-type"] == "application/x-ndjson"
    assert receiver.received[1].headers["webhook-id"] == f"{stream.public_id}.3-5"
    row = fresh(stream)
    assert (row.cursor, row.delivered, row.disclosed, row.sent_to, row.lease_until) == (
        7, 7, 0, [f"http://127.0.0.1:{receiver.port}"], None,
    )  # fmt: skip
    assert deliver(stream) == 0


def test_what_comes_later_is_sent_later_and_nothing_twice(receiver: Receiver) -> None:
    tenant_id = sequenced_tenant(2)
    stream, _ = make_stream(tenant_id, receiver.url)
    deliver(stream)
    write_events(tenant_id, 3)
    assert deliver(stream) == 0  # recorded, and without a place yet
    sequence_tenant(tenant_id=tenant_id)
    assert deliver(stream) == 4  # the making of the stream is an event too
    assert lines_of(receiver.received) == hashed_lines(tenant_id)


def test_a_batch_has_a_megabyte_at_most_but_for_one_large_event(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant_id = sequenced_tenant(6)
    sizes = [len(line) + 1 for line in hashed_lines(tenant_id)]
    stream, _ = make_stream(tenant_id, receiver.url)
    monkeypatch.setattr(stream_claims, "MOST_BYTES", sizes[0] + sizes[1])
    assert deliver(stream) == 6
    assert indexes_of(receiver.received)[0] == (0, 1)
    assert lines_of(receiver.received) == hashed_lines(tenant_id)
    monkeypatch.setattr(stream_claims, "MOST_BYTES", 1)
    with tenant_transaction(tenant_id):
        replay_stream(actor=ALICE, stream_id=stream.pk, start=Start("beginning"))
    receiver.received.clear()
    deliver(stream)
    assert indexes_of(receiver.received)[:6] == [(number, number) for number in range(6)]


def test_a_filter_narrows_and_is_passed_by_in_windows(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "WINDOW", 4)
    monkeypatch.setattr(stream_claims, "_WINDOWS", 2)
    tenant_id = sequenced_tenant(40)
    stream, _ = make_stream(tenant_id, receiver.url, only={"subject": "ag_38"})
    assert deliver(stream) == 1
    (line,) = lines_of(receiver.received)
    assert json.loads(line)["subject"]["id"] == "ag_38"
    assert fresh(stream).cursor == 40


@pytest.mark.parametrize(
    ("start", "first"),
    [(Start("now"), 5), (Start("beginning"), 0), (Start("index", "3"), 3)],
)
def test_it_begins_where_it_is_told(receiver: Receiver, start: Start, first: int) -> None:
    tenant_id = sequenced_tenant(5)
    stream, _ = make_stream(tenant_id, receiver.url, start=start)
    write_events(tenant_id, 1)
    sequence_tenant(tenant_id=tenant_id)
    deliver(stream)
    assert indexes_of(receiver.received) == [(first, 6)]


def test_a_day_begins_after_what_was_signed_before_it(
    receiver: Receiver, move_clock: MoveClock
) -> None:
    now = clock.now()
    noon = datetime(now.year + 1, 3, 4, 12, tzinfo=UTC)
    move_clock(noon - DAY - now)
    tenant_id = sequenced_tenant(5)
    write_event(tenant_id)  # the day before, and sequenced on the day itself
    move_clock(noon - now)
    sequence_tenant(tenant_id=tenant_id)
    stream, _ = make_stream(tenant_id, receiver.url, start=Start("date", f"{noon:%Y-%m-%d}"))
    assert stream.cursor == 5
