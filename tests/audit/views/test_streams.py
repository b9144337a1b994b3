"""The pages of streams: for owners and compliance, secrets once, refusals where they were typed."""

import re
from typing import Any

import pytest
from django.test import Client

from audit.models import AuditStream, LedgerEvent
from audit.services.sequencer import sequence_tenant
from audit.services.stream_tests import send_test
from govapp.common.tenancy import tenant_transaction
from tests.audit.streaming import deliver, lines_of
from tests.audit.views.test_explorer import signed_in
from tests.people import Company, make_company
from tests.support.receiver import running_receiver

pytestmark = pytest.mark.django_db
PAGE = "/t/acme/audit/streams/"
FORM = {
    "name": "SIEM", "address": "https://siem.example.com/hook", "format": "jsonl",
    "at_once": "500", "where": "beginning",
}  # fmt: skip


@pytest.fixture
def acme() -> Company:
    return make_company()


@pytest.fixture
def olivia(acme: Company) -> Client:
    return signed_in(acme.olivia)


def only(company: Company) -> AuditStream:
    with tenant_transaction(company.id):
        return AuditStream.objects.get()


def made(client: Client, kind: str = "webhook", **changed: str) -> Any:
    return client.post(f"{PAGE}new?kind={kind}", FORM | changed)


@pytest.mark.parametrize("name", ["alice", "audrey"])
def test_others_are_kept_out(acme: Company, olivia: Client, name: str) -> None:
    made(olivia)
    client, ident = signed_in(getattr(acme, name)), only(acme).public_id
    for path in ("", "new", f"{ident}/", f"{ident}/change"):
        assert client.get(PAGE + path).status_code == 403
    for word in ("change", "rotate", "switch", "test", "replay", "remove"):
        assert client.post(f"{PAGE}{ident}/{word}").status_code == 403
    assert PAGE.encode() not in client.get("/t/acme/audit/").content
    assert only(acme).state == "active"


@pytest.mark.parametrize("name", ["olivia", "carl"])
def test_owners_and_compliance_find_them(acme: Company, name: str) -> None:
    client = signed_in(getattr(acme, name))
    assert PAGE.encode() in client.get("/t/acme/audit/").content
    assert b"Nothing is sent on" in client.get(PAGE).content
    assert b"UDP is not used" in client.get(f"{PAGE}new").content


def test_a_stream_is_made_and_its_secret_shown_once(acme: Company, olivia: Client) -> None:
    answer = made(olivia, discloses="on", authorization="Splunk 1111-2222")
    (secret,) = re.findall(r"whsec_[\w+/=]+", answer.content.decode())
    assert (answer.status_code, "no-store" in answer["Cache-Control"]) == (200, True)
    stream = only(acme)
    assert (stream.discloses, stream.cursor, stream.kind) == (True, 0, "webhook")
    for path in ("", f"{stream.public_id}/", f"{stream.public_id}/change"):
        page = olivia.get(PAGE + path).content.decode()
        assert secret not in page
        assert "1111-2222" not in page


def test_refusals_stand_where_they_were_typed(acme: Company, olivia: Client) -> None:
    answer = made(olivia, address="https://10.0.0.1/", where="index", value="7")
    assert answer.status_code == 422
    assert b"not on the public Internet" in answer.content
    answer = made(olivia, where="index", value="999999")
    assert (answer.status_code, b"The record has" in answer.content) == (422, True)
    answer = made(olivia, "syslog", address="udp://siem.example.com:514")
    assert (answer.status_code, b"UDP is not used" in answer.content) == (422, True)
    with tenant_transaction(acme.id):
        assert AuditStream.objects.count() == 0


def test_from_the_first_test_to_the_removal(acme: Company, olivia: Client) -> None:
    with running_receiver() as receiver:
        made(olivia, address=receiver.url, only_type="group.created")
        stream = only(acme)
        detail = f"{PAGE}{stream.public_id}/"
        asked = olivia.post(f"{detail}test", follow=True)
        assert (asked["Refresh"], b"A test is on its way" in asked.content) == ("2", True)
        send_test(tenant_id=acme.id, stream_id=stream.pk)
        assert ("Refresh" in olivia.get(detail), only(acme).test_state) == (False, "accepted")
        sequence_tenant(tenant_id=acme.id)
        assert deliver(stream) == 3
        assert len(lines_of(receiver.received)) == 4
        olivia.post(f"{detail}switch", {"to": "paused"})
        assert b"Resume the stream" in olivia.get(detail).content
        olivia.post(f"{detail}replay", {"where": "beginning"})
        olivia.post(f"{detail}switch", {"to": "active"})
        assert deliver(stream) == 3
    again = olivia.post(f"{detail}switch", {"to": "active"}, follow=True)
    assert b"This stream is active already." in again.content
    moved = olivia.post(f"{detail}replay", {"where": "date", "value": "soon"})
    assert (moved.status_code, b"YYYY-MM-DD" in moved.content) == (422, True)
    assert b"whsec_" in olivia.post(f"{detail}rotate", {"hours": "24"}).content
    olivia.post(f"{detail}remove")
    assert olivia.get(detail).status_code == 404
    assert b"Nothing is sent on" in olivia.get(PAGE).content
    with tenant_transaction(acme.id):
        rows = LedgerEvent.objects.filter(subject_type="audit_stream").order_by("id")
        assert list(rows.values_list("type", flat=True)) == [
            f"audit_stream.{word}"
            for word in ("created", "test_asked", "tested", "paused", "replayed", "resumed",
                         "secret_rotated", "removed")
        ]  # fmt: skip


def test_a_change_keeps_what_is_not_shown(acme: Company, olivia: Client) -> None:
    made(olivia, authorization="Splunk 1")
    stream = only(acme)
    path = f"{PAGE}{stream.public_id}/change"
    assert b"Send no Authorization header" in olivia.get(path).content
    answer = olivia.post(path, FORM | {"name": "Splunk", "format": "ocsf"})
    assert answer.status_code == 302
    stream = only(acme)
    assert (stream.name, stream.format) == ("Splunk", "ocsf")
    assert stream.authorization_sealed is not None
    olivia.post(path, FORM | {"no_authorization": "on"})
    assert only(acme).authorization_sealed is None


def test_the_list_asks_as_often_for_three_as_for_one(
    acme: Company, olivia: Client, django_assert_num_queries: Any
) -> None:
    made(olivia)
    sequence_tenant(tenant_id=acme.id)
    olivia.get(PAGE)
    with django_assert_num_queries(14):
        olivia.get(PAGE)
    for name in ("B", "C"):
        made(olivia, name=name)
    with django_assert_num_queries(14):
        olivia.get(PAGE)


@pytest.mark.parametrize("ident", ["ast_nobody", "ex_1", "x"])
def test_what_is_no_stream_is_not_found(olivia: Client, ident: str) -> None:
    assert olivia.get(f"{PAGE}{ident}/").status_code == 404
