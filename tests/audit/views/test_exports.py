"""Exports and kept searches on the pages."""

from hashlib import sha256

import pytest
from django.test import Client

from audit.models import AuditSearch, ExportJob, LedgerEvent
from audit.services.export_jobs import write_export
from audit.services.sequencer import sequence_tenant
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import write_event
from tests.audit.views.test_explorer import signed_in
from tests.people import Company, make_company

pytestmark = pytest.mark.django_db
PAGE = "/t/acme/audit/exports/"


@pytest.fixture
def acme() -> Company:
    return make_company()


@pytest.fixture
def audrey(acme: Company) -> Client:
    return signed_in(acme.audrey)


def only_job(company: Company) -> ExportJob:
    with tenant_transaction(company.id):
        return ExportJob.objects.get()


def test_an_export_is_asked_for_written_and_taken(acme: Company, audrey: Client) -> None:
    event = write_event(acme.id, event_type="x.happened", summary="It happened.")
    sequence_tenant(tenant_id=acme.id)
    asked = audrey.post("/t/acme/audit/export?type=x.happened", {"format": "jsonl"})
    assert (asked.status_code, asked["Location"]) == (302, PAGE)
    page = audrey.get(PAGE)
    assert (page["Refresh"], b"Waiting for its turn" in page.content) == ("2", True)
    write_export(tenant_id=acme.id, job_id=only_job(acme).pk)
    page = audrey.get(PAGE)
    assert "Refresh" not in page
    assert b"type x.happened" in page.content
    job = only_job(acme)
    answer = audrey.post(f"{PAGE}{job.public_id}/download")
    content = bytes(event.body) + b"\n"
    assert b"".join(answer.streaming_content) == content  # type: ignore[attr-defined]
    assert answer["Content-Length"] == str(len(content))
    assert job.sha256 == sha256(content).hexdigest()
    assert answer["Repr-Digest"].startswith("sha-256=:")
    assert b"Take the file" not in audrey.get(PAGE).content
    with tenant_transaction(acme.id):
        kinds = LedgerEvent.objects.filter(subject_type="export").order_by("id")
        assert list(kinds.values_list("type", "actor_kind")) == [
            ("export.requested", "person"),
            ("export.made", "system"),
            ("export.taken", "person"),
        ]


def test_somebody_else_sees_it_and_does_not_take_it(acme: Company, audrey: Client) -> None:
    sequence_tenant(tenant_id=acme.id)
    audrey.post("/t/acme/audit/export", {"format": "csv"})
    write_export(tenant_id=acme.id, job_id=only_job(acme).pk)
    carl = signed_in(acme.carl)
    assert b"Take the file" not in carl.get(PAGE).content
    refused = carl.post(f"{PAGE}{only_job(acme).public_id}/download", follow=True)
    assert b"A file is taken by who asked for it." in refused.content


def test_an_export_is_cancelled(acme: Company, audrey: Client) -> None:
    audrey.post("/t/acme/audit/export")
    path = f"{PAGE}{only_job(acme).public_id}/cancel"
    assert audrey.post(path).status_code == 302
    assert only_job(acme).status == "cancelled"
    assert b"not being written any more" in audrey.post(path, follow=True).content


def test_an_export_is_never_a_get(acme: Company, audrey: Client) -> None:
    assert audrey.get("/t/acme/audit/export").status_code == 405


def test_an_unknown_format_is_refused_in_words(acme: Company, audrey: Client) -> None:
    answer = audrey.post("/t/acme/audit/export", {"format": "xlsx"}, follow=True)
    assert b"There is no such format." in answer.content


def test_a_search_is_kept_under_a_name_and_forgotten(acme: Company, audrey: Client) -> None:
    kept = audrey.post("/t/acme/audit/searches?type=vote.cast", {"name": " My  votes "})
    assert (kept.status_code, kept["Location"]) == (302, "/t/acme/audit/?type=vote.cast")
    page = audrey.get("/t/acme/audit/").content.decode()
    assert '<a href="?type=vote.cast">My votes</a>' in page
    assert "My votes" not in signed_in(acme.carl).get("/t/acme/audit/").content.decode()
    with tenant_transaction(acme.id):
        search = AuditSearch.objects.get()
    path = f"/t/acme/audit/searches/{search.public_id}/forget"
    assert signed_in(acme.carl).post(path).status_code == 404
    assert audrey.post(path).status_code == 302
    with tenant_transaction(acme.id):
        assert AuditSearch.objects.count() == 0


@pytest.mark.parametrize(
    ("query", "name", "why"),
    [
        ("", "All", b"Choose a filter first"),
        ("?type=vote.cast", " ", b"Give the search a name"),
        ("?type=vote.cast", "x" * 81, b"Give the search a name"),
        ("?type=vote.cast", "a\0b", b"Give the search a name"),
    ],
)
def test_a_search_without_sense_is_refused(
    acme: Company, audrey: Client, query: str, name: str, why: bytes
) -> None:
    answer = audrey.post(f"/t/acme/audit/searches{query}", {"name": name}, follow=True)
    assert why in answer.content


def test_a_name_is_kept_once(acme: Company, audrey: Client) -> None:
    for _ in range(2):
        answer = audrey.post("/t/acme/audit/searches?type=x.y", {"name": "One"}, follow=True)
    assert b"You have a search of this name already." in answer.content
