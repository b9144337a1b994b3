"""Files begun, written and removed at the moment in which the record comes to tell less."""

from datetime import timedelta
from uuid import UUID

import pytest

from audit.actors import Actor
from audit.models import ExportJob, ExportPiece, LedgerErasure, Report
from audit.reports.making import MakingFailed
from audit.selectors.events import EventFilter, list_events
from audit.selectors.holds import lock_keeping
from audit.services import reports
from audit.services.erased_files import empty_files
from audit.services.erasing_again import OPEN_FOR, erase_again
from audit.services.erasure import erase_subject
from audit.services.export_jobs import request_export, write_export
from audit.services.export_restarts import restart_exports
from audit.services.export_writing import ExportFile
from audit.services.jobs import lock_job
from audit.services.sequencer import sequence_tenant
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import sequenced_tenant, write_event
from tests.support.committed import CommittedDatabase

ZELDA = Actor("person", "mem_zelda", "Zelda Quist")
CARL = Actor("person", "mem_carl", "Carl")
GONE = "an erased person"


@pytest.fixture
def tenant_id(committed_db: CommittedDatabase) -> UUID:
    tenant = sequenced_tenant(2)
    write_event(tenant, actor=ZELDA, summary="Zelda Quist came.")
    sequence_tenant(tenant_id=tenant)
    return tenant


def test_a_report_that_begins_beside_an_erasure_reads_what_is_left(
    committed_db: CommittedDatabase, tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def read_names(**_: object) -> bytes:
        with tenant_transaction(tenant_id):
            rows = list_events(EventFilter(actor=ZELDA.id)).rows
            read.extend(row.body["actor"]["name"] for row in rows)
        raise MakingFailed("It was read; that is enough.")

    monkeypatch.setattr(reports, "make_pdf", read_names)
    with tenant_transaction(tenant_id):
        report = Report.objects.create(
            kind="oversight", requested_by_id=CARL.id, requested_by_name=CARL.name
        )
    with tenant_transaction(tenant_id):
        erase_subject(actor=CARL, ref=ZELDA.id, reason="She asked.")
        made = committed_db.begin_beside(
            lambda: reports.make_report(tenant_id=tenant_id, report_id=report.pk)
        )
    made.result(60)
    assert read == [GONE]


def test_an_export_that_begins_beside_an_erasure_reads_what_is_left(
    committed_db: CommittedDatabase, tenant_id: UUID
) -> None:
    with tenant_transaction(tenant_id):
        job = request_export(actor=CARL, wanted=EventFilter(), export_format="csv")
    with tenant_transaction(tenant_id):
        erase_subject(actor=CARL, ref=ZELDA.id, reason="She asked.")
        written = committed_db.begin_beside(
            lambda: write_export(tenant_id=tenant_id, job_id=job.pk)
        )
    written.result(60)
    with tenant_transaction(tenant_id):
        (piece,) = ExportPiece.objects.all()
        assert ExportJob.objects.get().status == "ready"
    words = bytes(piece.data).decode()
    assert (ZELDA.name in words, GONE in words) == (False, True)


def job_with_a_piece(tenant_id: UUID, status: str) -> ExportJob:
    with tenant_transaction(tenant_id):
        asked = request_export(actor=CARL, wanted=EventFilter(), export_format="csv")
        ExportJob.objects.update(status=status, started_at=asked.requested_at)
        ExportPiece.objects.create(job_id=asked.pk, number=0, data=b"what goes")
        return ExportJob.objects.get()


def test_the_page_that_is_being_written_goes_with_the_others(
    committed_db: CommittedDatabase, tenant_id: UUID
) -> None:
    job = job_with_a_piece(tenant_id, "running")

    def restart() -> int:
        with tenant_transaction(tenant_id):
            return restart_exports()

    with ExportFile(job).page(is_pressing=True):
        restarted = committed_db.begin_beside(restart)
        ExportPiece.objects.create(job_id=job.pk, number=1, data=b"what goes")
    assert restarted.result(60) == 1
    with tenant_transaction(tenant_id):
        assert ExportPiece.objects.count() == 0
        assert ExportJob.objects.get().status == "queued"


def test_a_file_is_removed_beside_an_erasure(
    committed_db: CommittedDatabase, tenant_id: UUID
) -> None:
    job = job_with_a_piece(tenant_id, "ready")

    def empty() -> int:
        with tenant_transaction(tenant_id):
            return empty_files(LedgerErasure.objects.create(refs=[ZELDA.id])).files

    with tenant_transaction(tenant_id):
        lock_job(ExportJob, job.pk)
        emptied = committed_db.begin_beside(empty)
        ExportPiece.objects.filter(job_id=job.pk).delete()
    assert emptied.result(60) == 1


def test_a_report_that_begins_beside_the_last_look_begins_again(
    committed_db: CommittedDatabase, tenant_id: UUID
) -> None:
    with tenant_transaction(tenant_id):
        erase_subject(actor=CARL, ref=ZELDA.id, reason="She asked.")
    committed_db.move_clock(OPEN_FOR + timedelta(seconds=1))
    with tenant_transaction(tenant_id):
        lock_keeping()
        looked = committed_db.begin_beside(erase_again)
        Report.objects.create(
            kind="oversight", requested_by_id=CARL.id, requested_by_name=CARL.name,
            status="running", started_at=clock.now(),
        )  # fmt: skip
    assert looked.result(60) == 0
    with tenant_transaction(tenant_id):
        assert Report.objects.get().status == "queued"
