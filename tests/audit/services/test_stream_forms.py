"""What leaves here, and how: secrets, names, formats, protocols, tests."""

import json
from datetime import timedelta
from hashlib import sha256

import pytest

from audit.actors import Personal, Subject
from audit.merkle.canonical import encoded
from audit.selectors.streams import Start, list_streams, sent_away
from audit.services import record
from audit.services.sequencer import sequence_tenant
from audit.services.stream_tests import send_test
from audit.services.streams import (
    ask_for_test,
    remove_stream,
    rotate_stream_secret,
)
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import ALICE, PAYER, sequenced_tenant, write_event
from tests.audit.streaming import (
    deliver,
    fresh,
    hashed_lines,
    lines_of,
    make_stream,
    recorded,
    verified,
)
from tests.conftest import MoveClock
from tests.support.receiver import Receiver
from tests.support.syslog import SyslogReceiver, running_syslog

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
PERSON = "Zelda Quist-Oberg"


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
