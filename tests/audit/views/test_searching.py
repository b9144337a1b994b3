"""Searching on the page: ids that lead somewhere, facets, days, and what goes along with them."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from audit.models import AuditSearch, ExportJob, LedgerEvent
from audit.services.export_jobs import write_export
from audit.services.sequencer import sequence_tenant
from govapp.common import clock
from govapp.common.ids import new_id, public_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import index_now, write_event
from tests.audit.cases import play_request
from tests.audit.views.test_explorer import signed_in
from tests.people import Company, make_company
from tests.support.recorded import read

pytestmark = pytest.mark.django_db
AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
PAGE = "/t/acme/audit/"


@pytest.fixture
def acme() -> Company:
    return make_company()


@pytest.fixture
def audrey(acme: Company) -> Client:
    return signed_in(acme.audrey)


def asked_by(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)


def test_what_is_pasted_leads_to_the_thing(acme: Company, audrey: Client) -> None:
    digest, jti = "0f" * 32, "0190f0aa-1111-7222-8333-444455556666"
    request_id = play_request(acme.id, number=0, at=AT)
    told = write_event(acme.id, request_id=request_id, data={"payload_digest": digest, "jti": jti})
    other = write_event(acme.id, data={"sha256": "ab" * 32})
    index_now(acme.id)
    request = f"{PAGE}requests/{public_id('ar', request_id)}/"
    leads = {
        public_id("ev", told.pk): f"{PAGE}events/{public_id('ev', told.pk)}/",
        public_id("ev", other.pk).upper(): f"{PAGE}events/{public_id('ev', other.pk)}/",
        public_id("ar", request_id): request,
        digest: request,
        jti: request,
    }
    found = {text: audrey.get(PAGE, {"text": text}).headers.get("Location") for text in leads}
    assert found == leads


def test_an_id_of_many_things_of_nobody_or_beside_a_filter_is_searched(
    acme: Company, audrey: Client
) -> None:
    request_id = play_request(acme.id, number=0, at=AT)
    write_event(acme.id, data={"sha256": "ab" * 32})
    index_now(acme.id)
    name = public_id("ar", request_id)
    theirs = make_company("umbrella")
    secret = public_id("ev", write_event(theirs.id).pk)
    for query in (
        {"text": acme.alice.public_id},
        {"text": "ab" * 32},
        {"text": public_id("ev", new_id())},
        {"text": secret},
        {"text": name, "kind": "person"},
    ):
        assert audrey.get(PAGE, query).status_code == 200


def test_facets_count_what_the_filter_finds_and_narrow_it(acme: Company, audrey: Client) -> None:
    for number in range(3):
        play_request(acme.id, number=number, at=AT, outcome=("denied" if number else "approved"))
    index_now(acme.id)
    page = audrey.get(PAGE, {"text": "northwind customers", "since": "2026-01-01"})
    assert page.context["facets"] == []
    page = audrey.get(PAGE, {"category": "Customer e-mail", "cursor": ""})
    facets = {facet["name"]: facet["choices"] for facet in page.context["facets"]}
    assert [(each["words"], each["count"]) for each in facets["kind"]] == [
        ("People", "2"),
        ("Agents", "1"),
    ]
    assert [each["is_chosen"] for each in facets["category"]] == [True]
    agents = facets["kind"][1]["url"]
    assert asked_by(agents) == {"category": ["Customer e-mail"], "kind": ["agent"]}
    narrowed = audrey.get(PAGE + agents)
    assert [row.body["type"] for row in narrowed.context["rows"]] == ["action_request.submitted"]
    assert [(chip["label"], chip["value"]) for chip in narrowed.context["chips"]] == [
        ("Who acts", "Agents"),
        ("Category", "Customer e-mail"),
    ]
    back = narrowed.context["chips"][0]["remove_url"]
    assert asked_by(back) == {"category": ["Customer e-mail"]}


def test_a_day_of_the_histogram_is_a_period(acme: Company, audrey: Client) -> None:
    write_event(acme.id, event_type="x.one", at=AT)
    write_event(acme.id, event_type="x.two", at=AT + timedelta(days=2))
    write_event(acme.id, event_type="x.three", at=AT + timedelta(days=2, hours=1))
    index_now(acme.id)
    drawn = audrey.get(PAGE, {"text": "renamed", "since": "2026-01-01", "until": "2026-01-31"})
    histogram = drawn.context["histogram"]
    assert [(f"{bar['day']}", bar["count"]) for bar in histogram["bars"]] == [
        ("2026-01-05", 1),
        ("2026-01-07", 2),
    ]
    assert (histogram["total"], histogram["most"], histogram["cut"]) == (3, 2, 0)
    url = histogram["bars"][1]["url"]
    assert asked_by(url) == {
        "text": ["renamed"],
        "since": ["2026-01-07"],
        "until": ["2026-01-07"],
    }
    types = [row.body["type"] for row in audrey.get(PAGE + url).context["rows"]]
    assert types == ["x.three", "x.two"]


def test_counts_are_capped_and_say_so(
    acme: Company, audrey: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.selectors.searching.COUNTED", 2)
    for number in range(4):
        who = acme.alice if number % 2 else acme.bob
        write_event(
            acme.id, actor=who.as_actor(), event_type="x.one", at=AT + timedelta(days=number)
        )
    index_now(acme.id)
    page = audrey.get(PAGE, {"type": "x.one", "until": "2026-01-31"})
    facets = {facet["name"]: facet["choices"] for facet in page.context["facets"]}
    assert {each["count"] for each in facets["actor"]} <= {"1+", "2+"}
    assert b"Counted over the newest" in page.content


def test_it_is_said_when_the_search_is_behind(acme: Company, audrey: Client) -> None:
    write_event(acme.id, summary="Marmalade.")
    index_now(acme.id)
    write_event(acme.id, summary="Marmalade again.", at=AT)
    sequence_tenant(tenant_id=acme.id)
    # Without a search too: what is counted beside the list comes from the same index.
    for query in ({"text": "marmalade"}, {"type": "agent.changed"}):
        content = audrey.get(PAGE, query).content
        assert b"1 newer event is not searched yet, nor counted" in content
    index_now(acme.id)
    for query in ({"text": "marmalade"}, {"type": "agent.changed"}):
        assert b"not searched yet" not in audrey.get(PAGE, query).content


def test_a_search_costs_the_same_for_one_row_and_for_three(
    acme: Company, audrey: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    audrey.get(PAGE)
    for rows in (1, 2):
        for number in range(rows):
            write_event(acme.id, summary=f"Marmalade {number}.", at=clock.now())
        index_now(acme.id)
        with django_assert_num_queries(19):
            audrey.get(PAGE, {"text": "marmalade", "kind": "person"})


def test_words_and_facets_are_kept_exported_and_packed(acme: Company, audrey: Client) -> None:
    event = write_event(acme.id, summary="Marmalade.")
    write_event(acme.id, summary="Toast.")
    index_now(acme.id)
    query = "?text=marmalade&kind=person"
    assert audrey.post(f"{PAGE}searches{query}", {"name": "Jam"}).status_code == 302
    audrey.post(f"{PAGE}export{query}", {"format": "jsonl"})
    with tenant_transaction(acme.id):
        assert AuditSearch.objects.get().query == {"text": "marmalade", "kind": "person"}
        job = ExportJob.objects.get()
        assert job.query == {"text": "marmalade", "kind": "person"}
    assert b"?kind=person&amp;text=marmalade" in audrey.get(PAGE).content
    write_export(tenant_id=acme.id, job_id=job.pk)
    answer = audrey.post(f"{PAGE}exports/{job.public_id}/download")
    lines = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert lines == bytes(event.body) + b"\n"
    assert audrey.post(f"{PAGE}pack{query}").status_code == 302
    with tenant_transaction(acme.id):
        pack = ExportJob.objects.exclude(pk=job.pk).get()
    write_export(tenant_id=acme.id, job_id=pack.pk)
    with tenant_transaction(acme.id):
        made = LedgerEvent.objects.get(type="evidence_pack.made")
    assert read(made)["data"]["query"] == {"text": "marmalade", "kind": "person"}


def test_words_of_another_company_are_not_found(acme: Company) -> None:
    write_event(acme.id, summary="A marmalade of acme.")
    index_now(acme.id)
    other = make_company("umbrella")
    index_now(other.id)
    page = signed_in(other.audrey).get("/t/umbrella/audit/", {"text": "marmalade"})
    assert (page.status_code, page.context["rows"]) == (200, [])
    assert b"of acme" not in page.content
