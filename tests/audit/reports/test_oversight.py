"""The report: what it says, that it says it from the record alone, and how it is made."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pypdf import PdfReader

from audit.actors import Actor, Subject
from audit.models import LedgerEvent, LedgerLeaf, Report
from audit.reports.making import MakingFailed
from audit.services import record, reports
from audit.services.erasure import erase_subject
from audit.services.sequencer import sequence_tenant
from govapp.common.errors import Invalid
from govapp.common.ids import new_id, public_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.cases import LARGE, OTHERWISE, play_company, play_request
from tests.conftest import MoveClock
from tests.support.services import ROOT

pytestmark = pytest.mark.django_db

AUDREY = Actor("person", "mem_audrey", "Audrey Auditor")
FIRST = datetime(2026, 1, 5, tzinfo=UTC)


def company(days: int = 28) -> UUID:
    tenant_id = new_id()
    play_company(tenant_id, first=FIRST, days=days)
    sequence_tenant(tenant_id=tenant_id)
    return tenant_id


def make(tenant_id: UUID, *, days: int = 28) -> Report:
    with tenant_transaction(tenant_id):
        row = reports.request_report(
            actor=AUDREY, period_start=FIRST, period_end=FIRST + timedelta(days=days)
        )
    reports.make_report(tenant_id=tenant_id, report_id=row.pk)
    with tenant_transaction(tenant_id):
        return Report.objects.get(pk=row.pk)


def reader_of(report: Report) -> PdfReader:
    return PdfReader(BytesIO(bytes(report.content or b"")))


def text_of(report: Report) -> str:
    pages = reader_of(report).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_a_report_says_what_the_record_says() -> None:
    tenant_id = company()
    report = make(tenant_id)
    assert (report.status, report.failure, report.progress) == ("ready", "", 100)
    text = text_of(report)
    with tenant_transaction(tenant_id):
        submitted = LedgerEvent.objects.filter(type="action_request.submitted").count()
        expired = LedgerEvent.objects.filter(type="action_request.expired").count()
    assert "Acme Bank AG" in text
    assert "5 January 2026" in text
    assert f"Requests submitted type = action_request.submitted {submitted} {submitted}" in text
    assert f"Expired: {expired}" in text
    assert "Break-glass type begins break_glass. none" in text
    assert "Olivia Owner published version 1 of the payments policy." in text
    assert "Alice Archer" in text
    assert [each in text for each in (LARGE, OTHERWISE, "As published, from event ev_")] == [
        True, True, True,
    ]  # fmt: skip


def test_a_report_is_tagged_and_attaches_the_events_it_was_made_from() -> None:
    tenant_id = company(days=3)
    report = make(tenant_id, days=3)
    reader = reader_of(report)
    catalogue: Any = reader.trailer["/Root"]
    assert catalogue["/MarkInfo"]["/Marked"] == True  # noqa: E712 - a PDF boolean
    assert catalogue["/Lang"] == "en-GB"
    metadata = catalogue["/Metadata"].get_data().decode()
    assert 'pdfaid:part="3"' in metadata
    assert 'pdfaid:conformance="A"' in metadata
    assert 'pdfuaid:part="1"' in metadata
    ((attached,),) = reader.attachments.values()
    with tenant_transaction(tenant_id):
        bodies = LedgerEvent.objects.filter(leaf_rows__isnull=False).order_by("occurred_at", "id")
        bodies = bodies.exclude(type="ledger.key_created")  # born today, after the period
        wanted = b"".join(bytes(body) + b"\n" for body in bodies.values_list("body", flat=True))
    assert attached == wanted


def test_the_same_state_of_the_record_gives_the_same_bytes_up_to_the_signature() -> None:
    tenant_id = company(days=5)
    one = make(tenant_id, days=5)
    two = make(tenant_id, days=5)
    assert one.ledger_size == two.ledger_size
    assert (one.content_sha256, one.content_bytes) == (two.content_sha256, two.content_bytes)
    for made in (one, two):
        unsigned = bytes(made.content or b"")[: made.content_bytes]
        assert sha256(unsigned).hexdigest() == made.content_sha256
        assert (made.signature, made.size_bytes) != ("none", made.content_bytes)


def test_the_digest_of_the_file_is_an_event() -> None:
    tenant_id = company(days=2)
    report = make(tenant_id, days=2)
    digest = sha256(bytes(report.content or b"")).hexdigest()
    with tenant_transaction(tenant_id):
        event = LedgerEvent.objects.get(type="report.finished")
        reports.download_report(actor=AUDREY, report_id=report.pk)
        kinds = LedgerEvent.objects.filter(subject_type="report").order_by("id")
        assert list(kinds.values_list("type", flat=True)) == [
            "report.requested",
            "report.finished",
            "report.downloaded",
        ]
    assert report.sha256 == digest
    assert digest.encode() in bytes(event.body)


def test_only_what_stands_in_the_tree_counts() -> None:
    tenant_id = company(days=2)
    play_request(tenant_id, number=1, at=FIRST + timedelta(hours=9), label="Not yet in the tree")
    assert "Not yet in the tree" not in text_of(make(tenant_id, days=2))
    with tenant_transaction(tenant_id):
        assert LedgerLeaf.objects.count() < LedgerEvent.objects.count()


def test_words_of_an_agent_are_only_words() -> None:
    tenant_id = new_id()
    hostile = '<img src="file:///etc/passwd"><script>x</script><style>*{display:none}</style>'
    play_request(
        tenant_id, number=0, at=FIRST, outcome="denied", label=hostile, agent="<b>pay\u202eer</b>"
    )
    sequence_tenant(tenant_id=tenant_id)
    text = text_of(make(tenant_id, days=1))
    assert hostile.replace(" ", "") in text.replace(" ", "")
    assert "<b>pay" in text
    assert "RIGHT-TO-LEFT OVERRIDE" in text
    assert "\u202e" not in text
    assert "root:" not in text


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "http://127.0.0.1:9/x.css",
        "https://example.com/x.css",
        "ftp://127.0.0.1/x.css",
        "../secret.css",
        "sub/secret.css",
        "link.css",
        "report.html",
        "data:text/css,p::before{content:'SECRET'}",
    ],
)
def test_the_printer_loads_nothing_but_its_own_files(tmp_path: Path, address: str) -> None:
    directory = tmp_path / "report"
    (directory / "sub").mkdir(parents=True)
    style = "p::before { content: 'SECRET' }"
    for place in (tmp_path / "secret.css", directory / "sub" / "secret.css"):
        place.write_text(style)
    (directory / "link.css").symlink_to(tmp_path / "secret.css")
    (directory / "own.css").write_text("p::after { content: 'OWN' }")
    (directory / "report.html").write_text(
        '<html lang="en"><title>t</title><link rel="stylesheet" href="own.css">'
        f'<link rel="stylesheet" href="{address}"><p>text</p>'
    )
    subprocess.run(
        [sys.executable, "-m", "audit.reports.render", directory, "2026-02-01T00:00:00+00:00"],
        cwd=ROOT,
        check=True,
    )
    text = PdfReader(directory / "report.pdf").pages[0].extract_text()
    assert "OWN" in text
    assert "SECRET" not in text


def test_the_printer_stops_at_its_memory_cap(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("<p>text</p>")
    code = (
        "import audit.reports.render as r, sys; r.MEMORY_BYTES = 60 * 1024 * 1024;"
        f"sys.exit(r.main([{str(tmp_path)!r}, '2026-01-01T00:00:00+00:00']))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True)
    assert run.returncode != 0
    assert not (tmp_path / "report.pdf").exists()


def test_a_printer_that_fails_is_said_and_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    tenant_id = company(days=1)
    monkeypatch.setattr("audit.reports.making.MOST_SECONDS", -1)
    report = make(tenant_id, days=1)
    assert (report.status, report.content) == ("failed", None)
    assert "took too long" in report.failure
    with tenant_transaction(tenant_id):
        assert LedgerEvent.objects.filter(type="report.failed").count() == 1


def test_a_cancelled_report_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    tenant_id = company(days=1)
    with tenant_transaction(tenant_id):
        row = reports.request_report(
            actor=AUDREY, period_start=FIRST, period_end=FIRST + timedelta(days=1)
        )
        reports.cancel_report(actor=AUDREY, report_id=row.pk)
    reports.make_report(tenant_id=tenant_id, report_id=row.pk)
    with tenant_transaction(tenant_id):
        assert Report.objects.get().status == "cancelled"


def test_a_report_cancelled_while_it_prints_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    tenant_id = company(days=1)
    with tenant_transaction(tenant_id):
        row = reports.request_report(
            actor=AUDREY, period_start=FIRST, period_end=FIRST + timedelta(days=1)
        )

    def cancel(_: float) -> None:
        with tenant_transaction(tenant_id):
            reports.cancel_report(actor=AUDREY, report_id=row.pk)

    monkeypatch.setattr("audit.reports.making.time.sleep", cancel)
    reports.make_report(tenant_id=tenant_id, report_id=row.pk)
    with tenant_transaction(tenant_id):
        report = Report.objects.get()
        assert (report.status, report.content) == ("cancelled", None)


def test_a_report_that_is_being_made_while_somebody_is_erased_begins_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tenant_id = company(days=1)
    with tenant_transaction(tenant_id):
        row = reports.request_report(
            actor=AUDREY, period_start=FIRST, period_end=FIRST + timedelta(days=1)
        )
    sign = reports.sign_pdf  # type: ignore[attr-defined]

    def erase_and_sign(*arguments: Any, **more: Any) -> Any:
        with tenant_transaction(tenant_id):
            erase_subject(actor=AUDREY, ref=AUDREY.id, reason="Asked.")
        return sign(*arguments, **more)

    monkeypatch.setattr(reports, "sign_pdf", erase_and_sign)
    reports.make_report(tenant_id=tenant_id, report_id=row.pk)
    with tenant_transaction(tenant_id):
        report = Report.objects.get()
        assert (report.status, report.started_at, report.content) == ("queued", None, None)
    monkeypatch.setattr(reports, "sign_pdf", sign)
    reports.make_report(tenant_id=tenant_id, report_id=row.pk)
    with tenant_transaction(tenant_id):
        report = Report.objects.get()
    assert (report.status, "Audrey Auditor" in text_of(report)) == ("ready", False)


def test_a_maker_that_was_overtaken_neither_finishes_nor_fails_the_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tenant_id = company(days=1)
    with tenant_transaction(tenant_id):
        row = reports.request_report(
            actor=AUDREY, period_start=FIRST, period_end=FIRST + timedelta(days=1)
        )

    def overtaken(**_: Any) -> bytes:
        with tenant_transaction(tenant_id):
            Report.objects.update(started_at=FIRST)
        raise MakingFailed("It was too late.")

    monkeypatch.setattr(reports, "make_pdf", overtaken)
    reports.make_report(tenant_id=tenant_id, report_id=row.pk)
    with tenant_transaction(tenant_id):
        report = Report.objects.get()
        assert (report.status, report.failure) == ("running", "")


@pytest.mark.parametrize(
    ("start", "days", "words"),
    [
        (FIRST, 0, "has to end after it begins"),
        (FIRST, 401, "at most 400 days"),
        (datetime(2100, 1, 1, tzinfo=UTC), 5, "begins in the future"),
    ],
)
def test_a_period_that_makes_no_sense_is_refused(start: datetime, days: int, words: str) -> None:
    with tenant_transaction(new_id()), pytest.raises(Invalid, match=words):
        reports.request_report(
            actor=AUDREY, period_start=start, period_end=start + timedelta(days=days)
        )


def test_a_report_whose_maker_vanished_is_made_by_the_next(
    move_clock: MoveClock, django_capture_on_commit_callbacks: Any
) -> None:
    tenant_id = company(days=1)
    with tenant_transaction(tenant_id):
        row = reports.request_report(
            actor=AUDREY, period_start=FIRST, period_end=FIRST + timedelta(days=1)
        )
        Report.objects.update(status="running", started_at=row.requested_at)
    assert reports.requeue_reports() == 0
    reports.make_report(tenant_id=tenant_id, report_id=row.pk)
    with tenant_transaction(tenant_id):
        assert Report.objects.get().status == "running"
    move_clock(timedelta(minutes=6))
    with django_capture_on_commit_callbacks() as hints:
        assert reports.requeue_reports() == 1
    assert len(hints) == 1
    reports.make_report(tenant_id=tenant_id, report_id=row.pk)
    with tenant_transaction(tenant_id):
        assert Report.objects.get().status == "ready"


def test_a_report_says_how_long_records_were_kept_when_the_period_ended() -> None:
    tenant_id = company(days=2)
    subject = Subject("tenant", public_id("tn", tenant_id), "Acme Bank AG")
    for days, at in ((184, FIRST), (366, FIRST + timedelta(days=30))):
        with tenant_transaction(tenant_id):
            record(
                event_type="tenant.retention_set", actor=AUDREY, subject=subject, at=at,
                summary=f"Audrey set that records are kept for at least {days} days.", data={},
            )  # fmt: skip
    sequence_tenant(tenant_id=tenant_id)
    text = text_of(make(tenant_id, days=2))
    assert "Audrey set that records are kept for at least 184 days." in text
    assert "at least 366 days" not in text


def test_without_a_time_the_report_says_that_records_stay() -> None:
    assert "For ever: no time was set before the period ended" in text_of(make(company(2), days=2))
