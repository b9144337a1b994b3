"""Streams deliver: in order, at least once, from where they stand, and say so when they cannot."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from audit.actors import Personal, Subject
from audit.merkle.canonical import encoded
from audit.models import AuditStream, LedgerLeaf
from audit.selectors import streams as reading
from audit.selectors.streams import Start, get_stream, list_streams, sent_away, streams_in_trouble
from audit.services import record, stream_claims, stream_outcomes
from audit.services.sequencer import sequence_tenant
from audit.services.stream_claims import LEASE, claim_batch
from audit.services.stream_delivery import deliver_stream, sweep_streams
from audit.services.stream_outcomes import pause_after, settle
from audit.services.stream_tests import send_test
from audit.services.streams import (
    ask_for_test,
    pause_stream,
    remove_stream,
    replay_stream,
    resume_stream,
    rotate_stream_secret,
)
from audit.signals import stream_stopped
from audit.transports.webhook import read_retry_after
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import ALICE, PAYER, sequenced_tenant, write_event, write_events
from tests.audit.streaming import (
    deliver,
    fresh,
    hashed_lines,
    indexes_of,
    lines_of,
    make_stream,
    recorded,
    verified,
)
from tests.conftest import MoveClock
from tests.support.receiver import Receiver, running_receiver
from tests.support.syslog import SyslogReceiver, running_syslog

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
PERSON = "Zelda Quist-Oberg"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An HTTP server on loopback."""
    with running_receiver() as running:
        yield running


@pytest.fixture
def syslog(tmp_path: Path) -> Iterator[SyslogReceiver]:
    """A receiver of syslog over TLS on loopback."""
    with running_syslog(tmp_path) as running:
        yield running


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


def test_a_removed_stream_sends_nothing_and_its_secrets_are_gone(receiver: Receiver) -> None:
    tenant_id = sequenced_tenant(2)
    stream, _ = make_stream(tenant_id, receiver.url, authorization="Splunk 1234")
    deliver(stream)
    with tenant_transaction(tenant_id):
        remove_stream(actor=ALICE, stream_id=stream.pk)
        assert list_streams() == []
        assert [(each.name, each.delivered) for each in sent_away()] == [("SIEM", 2)]
    assert deliver(stream) == 0
    row = fresh(stream)
    assert (row.secret_sealed, row.authorization_sealed) == (None, None)


def test_while_a_secret_is_replaced_both_sign(receiver: Receiver, move_clock: MoveClock) -> None:
    tenant_id = sequenced_tenant(2)
    stream, former = make_stream(tenant_id, receiver.url, authorization="Splunk 1234")
    with tenant_transaction(tenant_id):
        secret = rotate_stream_secret(actor=ALICE, stream_id=stream.pk, overlap=timedelta(hours=1))
    deliver(stream)
    verified(receiver.received[0], secret)
    verified(receiver.received[0], former)
    assert receiver.received[0].headers["authorization"] == "Splunk 1234"
    move_clock(timedelta(hours=2))
    sequence_tenant(tenant_id=tenant_id)
    deliver(stream)
    verified(receiver.received[1], secret)
    with pytest.raises(AssertionError):
        verified(receiver.received[1], former)


def test_names_stay_here_unless_they_are_disclosed(receiver: Receiver) -> None:
    tenant_id = sequenced_tenant(2)
    with tenant_transaction(tenant_id):
        record(
            event_type="member.joined", actor=ALICE, subject=Subject("member", "mem_9", PERSON),
            summary=f"{PERSON} joined.", data={"email": Personal("z@acme.example", "mem_9")},
        )  # fmt: skip
    sequence_tenant(tenant_id=tenant_id)
    streams = {
        (slug, discloses): make_stream(
            tenant_id, receiver.url, name=f"{slug} {discloses}", format=slug, discloses=discloses,
            only={"type": "member.joined"},
        )[0]
        for slug in ("jsonl", "ocsf", "cloudevents")
        for discloses in (False, True)
    }  # fmt: skip
    for (slug, discloses), stream in streams.items():
        receiver.received.clear()
        assert deliver(stream) == 1
        body = receiver.received[0].body.decode()
        assert (PERSON in body, slug) == (discloses, slug)
        is_whole = discloses and slug != "ocsf"  # which has no data but in the hashed line
        assert ("z@acme.example" in body, slug) == (is_whole, slug)
        assert "Alice Archer" in body if discloses else "Alice" not in body
        assert fresh(stream).disclosed == (1 if discloses else 0)


def test_the_chain_of_ocsf_goes_on_over_batches_and_failures(
    receiver: Receiver, move_clock: MoveClock
) -> None:
    tenant_id = sequenced_tenant(7)
    stream, _ = make_stream(tenant_id, receiver.url, at_once=3, format="ocsf")
    receiver.statuses += [204, 0]
    deliver(stream)
    move_clock(timedelta(minutes=1))
    deliver(stream)
    first, lost, again, rest = receiver.received
    assert lost.body == again.body
    events = [json.loads(line) for line in lines_of([first, again, rest])]
    previous = None
    for event in events:
        (attestation,) = event["attestation_list"]
        fingerprint = attestation.pop("fingerprint")["value"]
        before = attestation.get("prev_event")
        assert (before and (before["uid"], before["fingerprint"]["value"])) == previous
        assert sha256(encoded(event)).hexdigest() == fingerprint
        previous = (event["metadata"]["uid"], fingerprint)
    assert len(events) == 7


def test_syslog_over_tls(syslog: SyslogReceiver, move_clock: MoveClock) -> None:
    tenant_id = sequenced_tenant(5)
    stream, secret = make_stream(
        tenant_id, f"tls://localhost:{syslog.port}", kind="syslog", roots=syslog.roots, at_once=2
    )
    assert secret == ""
    syslog.manners += ["close", "reset"]
    assert deliver(stream) == 2
    assert fresh(stream).last_error == (
        "The receiver broke the connection off before it had taken everything."
    )
    move_clock(timedelta(minutes=1))
    assert deliver(stream) == 3
    assert [message.text for message in syslog.messages] == hashed_lines(tenant_id)
    assert [message.structured for message in syslog.messages] == [
        f'[meta sequenceId="{number}"]' for number in range(1, 6)
    ]


def test_cef_over_tcp_and_names_stay_here() -> None:
    tenant_id = sequenced_tenant(2)
    write_event(tenant_id, summary="It has | and = and \\ in it.", actor=PAYER)
    sequence_tenant(tenant_id=tenant_id)
    with running_syslog() as plain:
        stream, _ = make_stream(
            tenant_id, f"tcp://127.0.0.1:{plain.port}", kind="syslog", format="cef",
            start=Start("index", "2"),
        )  # fmt: skip
        deliver(stream)
        text = plain.messages[0].text.decode()
    assert text.startswith(
        "CEF:0|Govapp|Govapp|1|agent.changed|It has \\| and = and \\\\ in it.|2|externalId=ev_"
    )
    assert " suid=ag_payer suser=payer cs1Label=tenant " in text
    assert " cs4Label=ledgerIndex cs4=2 " in text


def test_a_test_is_no_event_of_the_record_and_says_what_came_of_it(receiver: Receiver) -> None:
    tenant_id = sequenced_tenant(2)
    stream, secret = make_stream(tenant_id, receiver.url, start=Start("now"))
    with tenant_transaction(tenant_id):
        ask_for_test(actor=ALICE, stream_id=stream.pk)
    receiver.statuses.append(401)
    assert send_test(tenant_id=tenant_id, stream_id=stream.pk)
    row = fresh(stream)
    assert (row.test_state, row.test_words) == ("failed", "The receiver answered 401.")
    assert not send_test(tenant_id=tenant_id, stream_id=stream.pk)
    with tenant_transaction(tenant_id):
        ask_for_test(actor=ALICE, stream_id=stream.pk)
    assert send_test(tenant_id=tenant_id, stream_id=stream.pk)
    assert (fresh(stream).test_state, fresh(stream).state) == ("accepted", "active")
    sent = receiver.received[1]
    verified(sent, secret)
    assert (sent.headers["govapp-test"], "govapp-first-index" in sent.headers) == ("1", False)
    assert json.loads(sent.body)["type"] == "audit_stream.test"
    assert [kind for kind, _ in recorded(tenant_id)] == [
        "audit_stream.created", "audit_stream.test_asked", "audit_stream.tested",
        "audit_stream.test_asked", "audit_stream.tested",
    ]  # fmt: skip


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


def hinted(monkeypatch: pytest.MonkeyPatch, module: str) -> list[tuple[str, UUID]]:
    """What is queued from now on by one module, instead of being sent to the broker."""
    found: list[tuple[str, UUID]] = []

    def keep(name: str, *, stream_id: UUID, tenant_id: UUID) -> None:
        found.append((name, stream_id))

    monkeypatch.setattr(f"{module}.enqueue_on_commit", keep)
    return found


def test_the_sweep_finds_what_is_due_and_tenants_take_turns(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, move_clock: MoveClock
) -> None:
    busy, quiet = sequenced_tenant(2), sequenced_tenant(2)
    first, second = (make_stream(busy, receiver.url, name=name)[0] for name in ("A", "B"))
    idle, _ = make_stream(busy, receiver.url, name="C", start=Start("index", "2"))
    paused, _ = make_stream(busy, receiver.url, name="D")
    only, _ = make_stream(quiet, receiver.url)
    with tenant_transaction(busy):
        pause_stream(actor=ALICE, stream_id=paused.pk)
        ask_for_test(actor=ALICE, stream_id=idle.pk)
    found = hinted(monkeypatch, "audit.services.stream_delivery")
    sweep = "audit.deliver_stream"
    sweep_streams()
    assert found == [(sweep, first.pk), (sweep, only.pk), (sweep, second.pk)]
    found.clear()
    sweep_streams(at_most=2)
    assert found == [(sweep, first.pk), (sweep, only.pk)]
    found.clear()
    with tenant_transaction(busy):
        claim_batch(first.pk)
    sweep_streams()
    assert (sweep, first.pk) not in found
    found.clear()
    move_clock(timedelta(minutes=2))
    sweep_streams()
    assert ("audit.test_stream", idle.pk) in found
    assert (sweep, first.pk) in found


def test_growth_of_the_record_is_a_hint(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant_id = sequenced_tenant(2)
    stream, _ = make_stream(tenant_id, receiver.url)
    taken, _ = make_stream(tenant_id, receiver.url, name="Taken")
    with tenant_transaction(tenant_id):
        claim_batch(taken.pk)
    found = hinted(monkeypatch, "audit.services.stream_hints")
    sequence_tenant(tenant_id=tenant_id)
    assert found == [("audit.deliver_stream", stream.pk)]


def test_when_the_time_is_over_others_have_a_turn(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant_id = sequenced_tenant(3)
    stream, _ = make_stream(tenant_id, receiver.url, at_once=1)
    found = hinted(monkeypatch, "audit.services.stream_delivery")
    with transaction.atomic():
        sent = deliver_stream(tenant_id=tenant_id, stream_id=stream.pk, seconds=0)
    assert (sent, found) == (1, [("audit.deliver_stream", stream.pk)])
