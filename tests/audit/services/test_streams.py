"""Setting up a stream: what is refused, and that everything is an event without secrets."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import ProgrammingError, connection, transaction

from audit.models import AuditStream, LedgerEvent
from audit.selectors.events import EventFilter
from audit.selectors.streams import Start
from audit.services.stream_checks import Wanted
from audit.services.streams import (
    MOST,
    ask_for_test,
    change_stream,
    pause_stream,
    remove_stream,
    replay_stream,
    resume_stream,
    rotate_stream_secret,
)
from govapp.common.errors import Conflict, DomainError, Invalid, NotFound
from govapp.common.sealing import unseal
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import ALICE, sequenced_tenant
from tests.audit.streaming import fresh, make_stream, recorded

pytestmark = pytest.mark.django_db
URL = "https://siem.example.com/services/collector/raw?token=open-sesame"


@pytest.fixture
def tenant_id() -> UUID:
    return sequenced_tenant(3)


def refused(tenant_id: UUID, address: str = URL, **wanted: Any) -> str:
    with pytest.raises(DomainError) as caught:
        make_stream(tenant_id, address, **wanted)
    with tenant_transaction(tenant_id):
        assert AuditStream.objects.count() == 0
    error = caught.value
    return error.errors[0].detail if error.errors else error.detail


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"name": ""}, "Give it a name of at most 80 characters."),
        ({"name": "x" * 81}, "Give it a name of at most 80 characters."),
        ({"name": "a\u202eb"}, "Use visible characters only."),
        ({"format": "csv"}, "Choose a format that there is for this kind of stream."),
        ({"format": "cef"}, "Choose a format that there is for this kind of stream."),
        ({"at_once": 0}, "Send 1 to 500 events at once."),
        ({"at_once": 501}, "Send 1 to 500 events at once."),
        ({"roots": "x"}, "Certificates of your own are for syslog over TLS."),
        ({"authorization": "a\r\nb: c"}, "Write visible ASCII characters on one line."),
        ({"only": {"since": "soon"}}, "A day is written as YYYY-MM-DD."),
        ({"kind": "carrier pigeon"}, "Choose how events travel."),
        ({"start": Start("index", "4")}, "The record has 3 events; the next one has the index 3."),
        ({"start": Start("index", "-1")}, "An index is a number from 0 on."),
        ({"start": Start("date", "soon")}, "A day is written as YYYY-MM-DD."),
        ({"start": Start("later")}, "Choose where the stream begins."),
    ],
)
def test_what_makes_no_sense_is_refused(
    tenant_id: UUID, wanted: dict[str, Any], words: str
) -> None:
    assert refused(tenant_id, **wanted) == words


@pytest.mark.parametrize(
    "address",
    [
        "https://10.0.0.1/x", "https://169.254.169.254/", "ftp://siem.example.com/", "",
        "https://me:pw@siem.example.com/", "tls://siem.example.com:6514",
    ],
)  # fmt: skip
def test_a_webhook_goes_to_the_public_internet_only(tenant_id: UUID, address: str) -> None:
    assert refused(tenant_id, address)


def test_certificates_that_are_none_are_refused(tenant_id: UUID) -> None:
    said = refused(tenant_id, "tls://siem.example.com:6514", kind="syslog", roots="certificate")
    assert said == "These are no certificates in PEM."
    said = refused(tenant_id, "tls://siem.example.com", kind="syslog", authorization="Splunk 1")
    assert said == "Only a webhook has headers."


def test_ten_and_no_two_of_a_name(tenant_id: UUID) -> None:
    stream, _ = make_stream(tenant_id, URL)
    with pytest.raises(Conflict, match="of this name"):
        make_stream(tenant_id, URL)
    with tenant_transaction(tenant_id):
        remove_stream(actor=ALICE, stream_id=stream.pk)
    for number in range(MOST):
        make_stream(tenant_id, URL, name="SIEM" if number == 0 else f"SIEM {number}")
    with pytest.raises(Conflict, match="There are 10 streams"):
        make_stream(tenant_id, URL, name="One more")


def test_everything_that_is_done_is_an_event_and_none_has_a_secret(tenant_id: UUID) -> None:
    stream, secret = make_stream(
        tenant_id, URL, authorization="Splunk 1111-2222", only={"type": "vote.cast"}
    )
    changed = Wanted(
        name="Splunk", address="https://other.example.com/hook/hidden_words", format="ocsf",
        discloses=True, filter=EventFilter(), at_once=100, authorization="",
    )  # fmt: skip
    with tenant_transaction(tenant_id):
        change_stream(actor=ALICE, stream_id=stream.pk, wanted=changed)
        new = rotate_stream_secret(actor=ALICE, stream_id=stream.pk, overlap=timedelta(hours=1))
        pause_stream(actor=ALICE, stream_id=stream.pk)
        resume_stream(actor=ALICE, stream_id=stream.pk)
        replay_stream(actor=ALICE, stream_id=stream.pk, start=Start("index", "2"))
        ask_for_test(actor=ALICE, stream_id=stream.pk)
        remove_stream(actor=ALICE, stream_id=stream.pk)
    told = recorded(tenant_id)
    assert [kind.partition(".")[2] for kind, _ in told] == [
        "created", "changed", "secret_rotated", "paused", "resumed", "replayed", "test_asked",
        "removed",
    ]  # fmt: skip
    created, changes = told[0][1], told[1][1]["changes"]
    assert (created["host"], created["query"], created["from_index"]) == (
        "https://siem.example.com", {"type": "vote.cast"}, 0,
    )  # fmt: skip
    assert changes == {
        "name": {"from": "SIEM", "to": "Splunk"},
        "host": {"from": "https://siem.example.com", "to": "https://other.example.com"},
        "format": {"from": "jsonl", "to": "ocsf"},
        "discloses": {"from": False, "to": True},
        "query": {"from": {"type": "vote.cast"}, "to": {}},
        "at_once": {"from": 500, "to": 100},
        "authorization": {"from": "", "to": "none"},
    }
    with tenant_transaction(tenant_id):
        rows = LedgerEvent.objects.filter(type__startswith="audit_stream.")
        everything = b"".join(bytes(body) for body in rows.values_list("body", flat=True))
    for word in (secret, new, "open-sesame", "hidden_words", "1111-2222"):
        assert word.encode() not in everything


def test_secrets_are_sealed_and_kept_until_somebody_gives_others(tenant_id: UUID) -> None:
    stream, secret = make_stream(tenant_id, URL, authorization="Splunk 1111")
    assert secret.startswith("whsec_")
    assert secret.encode() not in bytes(stream.secret_sealed or b"")
    assert unseal(bytes(stream.secret_sealed or b"")) == secret.encode()
    same = Wanted(name="SIEM", address=URL)
    with tenant_transaction(tenant_id):
        change_stream(actor=ALICE, stream_id=stream.pk, wanted=same)
    assert unseal(bytes(fresh(stream).authorization_sealed or b"")) == b"Splunk 1111"


def test_what_cannot_be_done_now_is_refused(tenant_id: UUID) -> None:
    stream, _ = make_stream(tenant_id, "tls://siem.example.com", kind="syslog")
    with tenant_transaction(tenant_id):
        with pytest.raises(Conflict, match="not signed"):
            rotate_stream_secret(actor=ALICE, stream_id=stream.pk, overlap=timedelta(0))
        with pytest.raises(Conflict, match="active already"):
            resume_stream(actor=ALICE, stream_id=stream.pk)
        pause_stream(actor=ALICE, stream_id=stream.pk)
        with pytest.raises(Conflict, match="sends nothing"):
            pause_stream(actor=ALICE, stream_id=stream.pk)
        ask_for_test(actor=ALICE, stream_id=stream.pk)
        with pytest.raises(Conflict, match="on its way"):
            ask_for_test(actor=ALICE, stream_id=stream.pk)
        remove_stream(actor=ALICE, stream_id=stream.pk)
        with pytest.raises(NotFound):
            pause_stream(actor=ALICE, stream_id=stream.pk)


def test_an_overlap_has_an_end(tenant_id: UUID) -> None:
    stream, _ = make_stream(tenant_id, URL)
    with tenant_transaction(tenant_id), pytest.raises(Invalid, match="30 days"):
        rotate_stream_secret(actor=ALICE, stream_id=stream.pk, overlap=timedelta(days=31))


def test_what_was_sent_where_is_never_removed(tenant_id: UUID) -> None:
    make_stream(tenant_id, URL)
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        tenant_transaction(tenant_id),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM audit_auditstream")
