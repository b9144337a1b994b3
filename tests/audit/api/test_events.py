"""Events over HTTP: the page's filters, pages by cursor, who may, and that it is recorded."""

from datetime import UTC, datetime

import pytest

from audit.models import LedgerEvent
from govapp.common.tenancy import tenant_transaction
from tests.audit.api.test_log import get, refused, token_of
from tests.audit.books import index_now, write_event
from tests.people import Company, make_agent, make_company
from tests.support.recorded import read

pytestmark = pytest.mark.django_db
AT = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.fixture
def acme() -> Company:
    return make_company()


def test_pages_of_a_search_follow_each_other(acme: Company) -> None:
    for number in range(5):
        write_event(acme.id, summary=f"Marmalade {number}.", at=AT)
    write_event(acme.id, summary="Toast.", at=AT)
    index_now(acme.id)
    key = token_of(acme, acme.audrey)
    seen, path = [], "events?q=marmal&limit=2"
    while path:
        answer = get(key, path)
        assert answer.status_code == 200, answer.content
        told = answer.json()
        seen += [each["summary"] for each in told["data"]]
        assert told["has_more"] == ("Link" in answer) == (told["next_cursor"] is not None)
        path = told["has_more"] and f"events?q=marmal&limit=2&cursor={told['next_cursor']}"
    assert sorted(seen) == [f"Marmalade {number}." for number in range(5)]


def test_an_event_is_shown_with_its_names_and_what_is_sensitive_masked(acme: Company) -> None:
    event = write_event(acme.id, summary="Paid to DE89370400440532013000.", at=AT, event_type="x.y")
    (told,) = get(token_of(acme, acme.audrey), "events?type=x.y").json()["data"]
    assert told["summary"] == "Paid to [IBAN ••••3000]."
    assert (told["occurred_at"], told["type"]) == ("2026-01-05T09:00:00.000000Z", "x.y")
    assert told["event"]["id"] == told["id"]
    assert told["event"]["actor"]["name"] == "Alice Archer"
    assert b"Alice Archer" not in bytes(event.body)


def test_reading_is_recorded_once_a_day(acme: Company) -> None:
    key = token_of(acme, acme.audrey)
    for _ in range(2):
        get(key, "events?kind=person&since=2026-01-01")
    with tenant_transaction(acme.id):
        body = read(LedgerEvent.objects.get(type="ledger.events_read"))
    assert body["actor"]["name"] == "Audrey"
    assert body["data"]["query"] == {"kind": "person", "since": "2026-01-01"}


@pytest.mark.parametrize(
    "query",
    [
        "q=%00", "since=soon", "request=ar_1", "cursor=x", "limit=0", "limit=x", "unknown=1",
        "q=a&q=b", "q=" + "x" * 201,
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(acme: Company, query: str) -> None:
    assert refused(token_of(acme, acme.audrey), f"events?{query}") == 400


def test_who_may_read(acme: Company) -> None:
    _, agent = make_agent(acme)
    keys = {who: token_of(acme, getattr(acme, who)) for who in ("olivia", "carl", "audrey", "bob")}
    found = {who: refused(key, "events") for who, key in (*keys.items(), ("agent", agent))}
    assert found == {"olivia": 200, "carl": 200, "audrey": 200, "bob": 403, "agent": 403}


def test_another_company_reads_nothing_of_it(acme: Company) -> None:
    write_event(acme.id, summary="A marmalade of acme.")
    index_now(acme.id)
    other = make_company("umbrella")
    index_now(other.id)
    assert get(token_of(other, other.audrey), "events?q=marmalade").json()["data"] == []
