"""Callback endpoints: their secrets, and what became of each message."""

from base64 import b64decode
from datetime import timedelta
from typing import Any, Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.enums import DeliveryStatus
from approvals.models import CallbackDelivery, CallbackEndpoint
from approvals.selectors import callbacks as selector
from approvals.services.callbacks import create_endpoint, queue_callbacks, replay_delivery
from approvals.services.delivery import deliver_callback
from audit.models import LedgerEvent
from govapp.common.errors import Conflict
from govapp.common.sealing import unseal
from govapp.common.tenancy import tenant_transaction
from tests.approvals.views.office import (
    Codes,
    Office,
    log_in,
    make_office,
    who_changes,
    who_reads,
)
from tests.conftest import MoveClock
from tests.support.receiver import running_receiver
from tests.support.recorded import text_of

pytestmark = pytest.mark.django_db

# Pages that show:        owner, compliance, approver, auditor
GET: Final[dict[str, Codes]] = {
    "settings/callbacks/": (200, 200, 403, 200),
    "settings/callbacks/new": (200, 403, 403, 403),
    "settings/callbacks/{endpoint}/": (200, 200, 403, 200),
    "settings/callbacks/{endpoint}/change": (200, 403, 403, 403),
}
POST: Final[dict[str, tuple[dict[str, Any], Codes]]] = {
    "settings/callbacks/new": ({"url": "https://a.example/x"}, (200, 403, 403, 403)),
    "settings/callbacks/{endpoint}/change": (
        {"url": "https://a.example/x"},
        (302, 403, 403, 403),
    ),
    "settings/callbacks/{endpoint}/rotate": ({"hours": "1"}, (200, 403, 403, 403)),
    "settings/callbacks/{endpoint}/switch": ({"to": "disabled"}, (302, 403, 403, 403)),
    "settings/callbacks/{endpoint}/deliveries/{delivery}/replay": ({}, (302, 403, 403, 403)),
}


@pytest.fixture
def office(db: None) -> Office:
    return make_office()


def secret_on(page: str) -> str:
    return page.partition('<code id="new-secret">')[2].partition("</code>")[0]


def settle(office: Office, **fields: Any) -> None:
    with tenant_transaction(office.company.id):
        CallbackDelivery.objects.update(**fields)


@pytest.mark.parametrize("path", GET)
def test_who_may_read(office: Office, path: str) -> None:
    assert who_reads(office, path) == GET[path]


@pytest.mark.parametrize("path", POST)
def test_who_may_change(office: Office, path: str) -> None:
    assert who_changes(office, path, POST[path][0]) == POST[path][1]


@pytest.mark.parametrize("path", [path for path in {**GET, **POST} if "{" in path])
def test_ids_of_another_tenant_are_404(office: Office, path: str) -> None:
    foreign = make_office("globex").url(path).replace("/globex/", "/acme/")
    client = log_in(office.company.olivia)
    sent = POST[path][0] if path in POST else None
    assert (client.get(foreign) if sent is None else client.post(foreign, sent)).status_code == 404


def test_a_delivery_belongs_to_its_endpoint(office: Office) -> None:
    with tenant_transaction(office.company.id):
        other, _ = create_endpoint(actor=office.company.olivia, url="https://b.example/")
    path = office.url("settings/callbacks/{endpoint}/deliveries/{delivery}/replay")
    path = path.replace(office.endpoint.public_id, other.public_id)
    assert log_in(office.company.olivia).post(path).status_code == 404


def test_a_new_secret_is_shown_once(office: Office) -> None:
    client = log_in(office.company.olivia)
    sent = {"url": "https://new.example/hook", "description": "Books"}
    answer = client.post(office.url("settings/callbacks/new"), sent)
    secret = secret_on(answer.content.decode())
    assert "no-store" in answer["Cache-Control"]
    with tenant_transaction(office.company.id):
        made = CallbackEndpoint.objects.get(url="https://new.example/hook")
    assert unseal(bytes(made.secret_sealed)).decode() == secret
    assert len(b64decode(secret.removeprefix("whsec_"))) == 32
    page = client.get(office.url(f"settings/callbacks/{made.public_id}/")).content.decode()
    assert (secret in page, "Books" in page) == (False, True)


def test_rotating_shows_the_new_secret_and_how_long_the_old_one_signs(office: Office) -> None:
    client = log_in(office.company.olivia)
    path = office.url("settings/callbacks/{endpoint}/rotate")
    answer = client.post(path, {"hours": "24"})
    with tenant_transaction(office.company.id):
        found = CallbackEndpoint.objects.get()
    assert unseal(bytes(found.secret_sealed)).decode() == secret_on(answer.content.decode())
    assert found.former_secret_sealed is not None
    assert "Messages are signed with the old secret too until" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]


def test_switching_is_said_and_shown(office: Office) -> None:
    client = log_in(office.company.olivia)
    path = office.url("settings/callbacks/{endpoint}/switch")
    off = client.post(path, {"to": "disabled"}, follow=True).content.decode()
    assert "The callback is disabled. Nothing more is sent there." in off
    assert "Enable the callback" in off
    on = client.post(path, {"to": "enabled"}, follow=True).content.decode()
    assert "The callback is enabled." in on


WRONG: Final[dict[str, tuple[dict[str, str], str, str]]] = {
    # path: what is sent, what comes back in the field, and what the page says about it
    "settings/callbacks/new": (
        {"url": "https://user:pw@a.example/", "description": "Kept"},
        'value="https://user:pw@a.example/"',
        "Leave user and password out of the address.",
    ),
    "settings/callbacks/{endpoint}/change": (
        {"url": "gopher://a.example/"},
        'value="gopher://a.example/"',
        "Write an address that begins with",
    ),
    "settings/callbacks/{endpoint}/rotate": (
        {"hours": "9999"},
        "Rotate the secret",
        "Select a valid choice.",
    ),
}


@pytest.mark.parametrize("path", WRONG)
def test_bad_input_comes_back_with_what_was_typed(office: Office, path: str) -> None:
    data, kept, said = WRONG[path]
    answer = log_in(office.company.olivia).post(office.url(path), data)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert (kept in page, said in page) == (True, True)


def test_the_log_says_how_each_message_went(office: Office) -> None:
    settle(
        office, status="failed", attempts=11, response_status=503, last_error="503 <b>from</b> them"
    )
    page = log_in(office.company.audrey).get(office.url("settings/callbacks/{endpoint}/"))
    text = page.content.decode()
    for part in ("action_request.approved", "Pay Acme Ltd", "Failed", ">503<", ">11<"):
        assert part in text
    assert "503 &lt;b&gt;from&lt;/b&gt; them" in text
    assert "Send again" not in text  # an auditor reads


@pytest.mark.parametrize("status", ["sent", "failed", "dropped"])
def test_what_is_settled_can_be_sent_again_with_the_same_id(office: Office, status: str) -> None:
    settle(office, status=status, attempts=11, next_attempt_at="2020-01-01T00:00:00Z")
    client = log_in(office.company.olivia)
    assert "Send again" in client.get(office.url("settings/callbacks/{endpoint}/")).content.decode()
    path = office.url("settings/callbacks/{endpoint}/deliveries/{delivery}/replay")
    answer = client.post(path, follow=True)
    assert "It is sent once more, with the same id." in answer.content.decode()
    with running_receiver() as receiver, tenant_transaction(office.company.id):
        CallbackEndpoint.objects.update(url=receiver.url)
        assert deliver_callback(tenant_id=office.company.id, delivery_id=office.delivery.pk)
        (received,) = receiver.received
        assert received.headers["webhook-id"] in path
        row = CallbackDelivery.objects.get()
        assert (row.status, row.attempts, row.response_status) == (DeliveryStatus.SENT, 1, 204)
        (event,) = LedgerEvent.objects.filter(type="callback.replayed")
        assert f"it was {status} before" in text_of(event)


def test_what_is_on_its_way_or_switched_off_is_not_sent_again(office: Office) -> None:
    client = log_in(office.company.olivia)
    path = office.url("settings/callbacks/{endpoint}/deliveries/{delivery}/replay")
    queued = client.post(path, follow=True).content.decode()
    assert "This callback is on its way already." in queued
    settle(office, status="sent")
    client.post(office.url("settings/callbacks/{endpoint}/switch"), {"to": "disabled"})
    off = client.post(path, follow=True).content.decode()
    assert "Enable the endpoint first; nothing is sent to it now." in off
    with tenant_transaction(office.company.id), pytest.raises(Conflict):
        replay_delivery(actor=office.company.olivia, delivery=office.delivery)


def test_the_log_has_pages(office: Office, move_clock: MoveClock, monkeypatch: Any) -> None:
    monkeypatch.setattr(selector, "LOG_SIZE", 1)
    move_clock(timedelta(minutes=1))
    with tenant_transaction(office.company.id):
        queue_callbacks(request=office.request, event_type="action_request.denied")
    client = log_in(office.company.olivia)
    first = client.get(office.url("settings/callbacks/{endpoint}/"))
    cursor = first.context["page"]["next_cursor"]
    second = client.get(office.url("settings/callbacks/{endpoint}/") + f"?cursor={cursor}")
    assert [page.context["deliveries"][0][1].event_type for page in (first, second)] == [
        "action_request.denied",
        "action_request.approved",
    ]
    assert second.context["page"]["next_cursor"] == ""


def test_the_settings_lead_here(office: Office) -> None:
    page = log_in(office.company.audrey).get(office.url("settings/")).content.decode()
    assert 'href="/t/acme/settings/callbacks/"' in page


def more_endpoints(office: Office, number: int) -> None:
    create_endpoint(actor=office.company.olivia, url=f"https://more{number}.example/")


def more_deliveries(office: Office, number: int) -> None:
    queue_callbacks(request=office.request, event_type=f"action_request.more{number}")


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("settings/callbacks/", more_endpoints),
        ("settings/callbacks/{endpoint}/", more_deliveries),
    ],
)
def test_more_rows_take_no_more_statements(office: Office, path: str, more: Any) -> None:
    client = log_in(office.company.olivia)
    counts, sizes = [], []
    for rows in (range(0), range(2)):
        with tenant_transaction(office.company.id):
            for number in rows:
                more(office, number)
        client.get(office.url(path))
        with CaptureQueriesContext(connection) as asked:
            sizes.append(len(client.get(office.url(path)).content))
        counts.append(len(asked))
    assert sizes[0] < sizes[1]
    assert counts[0] == counts[1]
