"""Evidence packs on the pages: chosen, looked at before, asked for, taken, verified."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client

from audit.models import ExportJob, Report
from audit.packs.verifier.main import verify_pack
from audit.services.export_jobs import write_export
from audit.services.sequencer import sequence_tenant
from govapp.common.ids import public_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import ALICE, write_event
from tests.audit.views.test_explorer import signed_in
from tests.people import Company, make_company

pytestmark = pytest.mark.django_db
NEW = "/t/acme/audit/packs/new"
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
def acme() -> Company:
    company = make_company()
    for day in range(4):
        write_event(
            company.id, event_type="x.happened", actor=ALICE, at=START + timedelta(days=day)
        )
    while sequence_tenant(tenant_id=company.id):
        pass
    return company


@pytest.fixture
def audrey(acme: Company) -> Client:
    return signed_in(acme.audrey)


def words(page: bytes) -> str:
    return " ".join(page.decode().split())


def report(company: Company, **values: object) -> Report:
    with tenant_transaction(company.id):
        given = {
            "kind": "oversight", "requested_by_id": "mem_a", "requested_by_name": "A",
            "status": "ready", "content": b"%PDF-", "sha256": "0" * 64,
            "period_start": START, "period_end": START + timedelta(days=2),
        }  # fmt: skip
        return Report.objects.create(**(given | values))


def test_what_it_will_hold_is_said_before_it_is_made(audrey: Client) -> None:
    page = words(audrey.get(f"{NEW}?since=2026-03-03&until=2026-03-04").content)
    assert "<dt>Events</dt><dd>2<span" in page
    assert "each event from index" in page
    assert 'open<span class="hint">2 values</span>' in page
    page = words(audrey.get(f"{NEW}?type=x.happened&redact=name").content)
    assert "<dt>Events</dt><dd>4<span" in page
    assert "no, a selection" in page
    assert 'withheld<span class="hint">4 values</span>' in page
    assert '<input type="hidden" name="redact" value="name">' in page


def test_a_period_in_which_nothing_happened_is_an_empty_selection(audrey: Client) -> None:
    page = words(audrey.get(f"{NEW}?since=2020-03-03&until=2020-03-04").content)
    assert "<dt>Events</dt><dd>0<span" in page


@pytest.mark.parametrize("query", ["since=soon", "request=ar_nothing"])
def test_a_filter_that_makes_no_sense_is_said(audrey: Client, query: str) -> None:
    assert audrey.get(f"{NEW}?{query}").status_code == 400


def test_only_finished_reports_of_these_days_are_offered(acme: Company, audrey: Client) -> None:
    fits = report(acme)
    others = [
        report(acme, period_start=START - timedelta(days=9), period_end=START - timedelta(days=2)),
        report(acme, status="running", content=None),
        report(acme, content=None),
    ]
    page = audrey.get(f"{NEW}?since=2026-03-02&until=2026-03-03").content.decode()
    offered = [each for each in (fits, *others) if public_id("rep", each.pk) in page]
    assert offered == [fits]


def test_a_pack_is_asked_for_taken_and_accepted(
    acme: Company, audrey: Client, tmp_path: Path
) -> None:
    asked = audrey.post("/t/acme/audit/pack?type=x.happened", {"redact": ["name"]})
    assert (asked.status_code, asked["Location"]) == (302, "/t/acme/audit/exports/")
    with tenant_transaction(acme.id):
        job = ExportJob.objects.get()
    assert (job.format, job.query, job.options) == (
        "evidence-pack",
        {"type": "x.happened"},
        {"redact": ["name"]},
    )
    write_export(tenant_id=acme.id, job_id=job.pk)
    page = words(audrey.get("/t/acme/audit/exports/").content)
    with tenant_transaction(acme.id):
        job.refresh_from_db()
    assert "type x.happened; without names" in page
    assert f"python3 verify.py --sha256 {job.told['manifest_sha256']} --vkey" in page
    answer = audrey.post(f"/t/acme/audit/exports/{job.public_id}/download")
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == (
        f'attachment; filename="acme-evidence-{job.requested_at:%Y%m%dT%H%M%SZ}.zip"'
    )
    path = tmp_path / "pack.zip"
    path.write_bytes(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    verdict = verify_pack(path, [], [], [], job.told["manifest_sha256"])
    assert (verdict.refusals, verdict.trust) == ([], "first-use")


def test_a_pack_is_never_made_by_a_get(audrey: Client) -> None:
    assert audrey.get("/t/acme/audit/pack").status_code == 405
    assert audrey.post(NEW).status_code == 405


@pytest.mark.parametrize(
    ("sent", "status"),
    [({"redact": ["all"]}, 400), ({"report": "rep_none"}, 404), ({"report": "nonsense"}, 404)],
)
def test_what_cannot_be_is_refused(
    acme: Company, audrey: Client, sent: dict[str, object], status: int
) -> None:
    assert audrey.post("/t/acme/audit/pack", sent).status_code == status
    with tenant_transaction(acme.id):
        assert ExportJob.objects.count() == 0


def test_five_at_once_are_enough(audrey: Client) -> None:
    for _ in range(5):
        audrey.post("/t/acme/audit/pack")
    answer = audrey.post("/t/acme/audit/pack", follow=True)
    assert b"Five exports are being written" in answer.content


def test_before_anything_is_signed_the_page_says_so() -> None:
    company = make_company("globex")
    page = signed_in(company.audrey).get("/t/globex/audit/packs/new")
    assert b"Nothing stands in the signed record yet" in page.content
    assert b"Make the pack" not in page.content
