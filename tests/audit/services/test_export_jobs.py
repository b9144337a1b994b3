"""Exports as jobs: written in pieces, cancelled, begun again, taken once, removed."""

import json
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from audit.actors import Actor
from audit.models import ExportJob, ExportPiece, LedgerEvent
from audit.selectors.events import EventFilter
from audit.selectors.exports import events_in
from audit.services import export_jobs, export_writing
from audit.services.export_jobs import (
    cancel_export,
    read_export,
    remove_exports,
    request_export,
    requeue_exports,
    take_export,
    write_export,
)
from audit.services.export_writing import ExportFile, Stopped
from audit.services.search_index import rebuild_index
from audit.services.sequencer import sequence_tenant
from govapp.common.errors import Conflict, Invalid, Malformed, NotFound
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import ALICE, index_now, sequenced_tenant, write_event
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db
BOB = Actor(kind="person", id="mem_bob", name="Bob")


def ask(tenant_id: UUID, export_format: str = "jsonl", **chosen: str) -> ExportJob:
    with tenant_transaction(tenant_id):
        wanted = EventFilter(**chosen)
        return request_export(actor=ALICE, wanted=wanted, export_format=export_format)


def job_of(job: ExportJob) -> ExportJob:
    with tenant_transaction(job.tenant_id):
        return ExportJob.objects.get(pk=job.pk)


def written(job: ExportJob) -> ExportJob:
    write_export(tenant_id=job.tenant_id, job_id=job.pk)
    return job_of(job)


def file_of(job: ExportJob) -> bytes:
    return b"".join(read_export(tenant_id=job.tenant_id, job_id=job.pk))


def bodies(tenant_id: UUID, **narrowed: Any) -> bytes:
    with tenant_transaction(tenant_id):
        rows = LedgerEvent.objects.filter(leaf_rows__isnull=False, **narrowed)
        values = rows.order_by("occurred_at", "id").values_list("body", flat=True)
        return b"".join(bytes(body) + b"\n" for body in values)


def test_every_event_in_order_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_writing, "PIECE_BYTES", 1_000)
    tenant_id = sequenced_tenant(30, 20)
    write_event(tenant_id)  # has no place yet: left out
    job = written(ask(tenant_id))
    expected = bodies(tenant_id)
    assert file_of(job) == expected
    assert (job.status, job.progress, job.count, job.ledger_size) == ("ready", 100, 50, 50)
    assert (job.size_bytes, job.sha256) == (len(expected), sha256(expected).hexdigest())
    with tenant_transaction(tenant_id):
        sizes = [len(bytes(row.data)) for row in ExportPiece.objects.order_by("number")]
        made = json.loads(bytes(LedgerEvent.objects.get(type="export.made").body))
    assert len(sizes) > 3
    assert max(sizes) == 1_000
    assert (made["data"]["count"], made["data"]["sha256"]) == (50, job.sha256)


def test_pages_of_the_table_leave_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_jobs, "events_in", partial(events_in, limit=7))
    tenant_id = sequenced_tenant(40)
    assert file_of(written(ask(tenant_id))) == bodies(tenant_id)


def test_a_filter_narrows() -> None:
    tenant_id = sequenced_tenant(10)
    job = written(ask(tenant_id, subject="ag_3"))
    assert file_of(job) == bodies(tenant_id, subject_id="ag_3")
    assert job.count == 1


@pytest.mark.parametrize("export_format", ["csv", "ocsf", "cloudevents"])
def test_other_formats_have_a_line_for_each_event(export_format: str) -> None:
    tenant_id = sequenced_tenant(12)
    job = written(ask(tenant_id, export_format))
    assert file_of(job).count(b"\n") == 12 + (export_format == "csv")
    assert sha256(file_of(job)).hexdigest() == job.sha256


def test_what_makes_no_sense_is_refused_and_leaves_nothing() -> None:
    tenant_id = new_id()
    with pytest.raises(Malformed):
        ask(tenant_id, since="soon")
    with pytest.raises(Invalid):
        ask(tenant_id, "xlsx")
    with tenant_transaction(tenant_id):
        assert (ExportJob.objects.count(), LedgerEvent.objects.count()) == (0, 0)


def test_nothing_in_the_record_yet_is_said() -> None:
    job = written(ask(new_id()))
    assert (job.status, job.failure) == (
        "failed",
        "Nothing stands in the record yet; try again in a few seconds.",
    )


def test_five_at_once_and_no_more() -> None:
    tenant_id = sequenced_tenant(2)
    jobs = [ask(tenant_id) for _ in range(5)]
    with pytest.raises(Conflict, match="Five exports"):
        ask(tenant_id)
    with tenant_transaction(tenant_id):
        cancel_export(actor=ALICE, job_id=jobs[0].pk)
    ask(tenant_id)


def test_who_cancels_stops_the_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    tenant_id = sequenced_tenant(30)
    job, asked = ask(tenant_id), 0

    def cancelled_after_a_page(*args: Any, **named: Any) -> Any:
        nonlocal asked
        asked += 1
        cancel_export(actor=BOB, job_id=job.pk)
        return events_in(*args, **named, limit=7)

    monkeypatch.setattr(export_jobs, "events_in", cancelled_after_a_page)
    assert (written(job).status, asked) == ("cancelled", 1)
    with tenant_transaction(tenant_id), pytest.raises(Conflict):
        cancel_export(actor=BOB, job_id=job.pk)
    assert written(job).status == "cancelled"


def test_a_job_whose_writer_is_gone_is_begun_again(move_clock: MoveClock) -> None:
    tenant_id = sequenced_tenant(10)
    job = ask(tenant_id)
    with tenant_transaction(tenant_id):
        started = export_jobs._begin(job.pk)
        assert started is not None
    first = ExportFile(started)
    with tenant_transaction(tenant_id):
        ExportPiece.objects.create(job_id=job.pk, number=0, data=b"half a fi")
    # Somebody works on it: nobody else does.
    assert written(job).status == "running"
    assert requeue_exports() == 0
    move_clock(timedelta(minutes=3))
    assert requeue_exports() == 1
    assert file_of(written(job)) == bodies(tenant_id)
    # The first writer comes back: it finds that another has taken over.
    with pytest.raises(Stopped), first.page():
        raise AssertionError("It is not to read any more.")


def test_a_file_is_taken_once_by_who_asked(move_clock: MoveClock) -> None:
    job = written(ask(sequenced_tenant(3)))
    with tenant_transaction(job.tenant_id):
        with pytest.raises(Conflict, match="by who asked"):
            take_export(actor=BOB, job_id=job.pk)
        assert take_export(actor=ALICE, job_id=job.pk).taken_at is not None
        take_export(actor=ALICE, job_id=job.pk)  # a download that broke is begun again
        with pytest.raises(Conflict, match="taken before"):
            take_export(actor=BOB, job_id=job.pk)
        assert LedgerEvent.objects.filter(type="export.taken").count() == 2
    move_clock(timedelta(minutes=11))
    with tenant_transaction(job.tenant_id), pytest.raises(Conflict, match="taken before"):
        take_export(actor=ALICE, job_id=job.pk)
    assert remove_exports() == 1
    assert file_of(job) == b""
    with tenant_transaction(job.tenant_id), pytest.raises(NotFound):
        take_export(actor=ALICE, job_id=job.pk)
    assert remove_exports() == 0


def test_what_nobody_takes_is_removed_after_a_day(move_clock: MoveClock) -> None:
    job = written(ask(sequenced_tenant(3)))
    move_clock(timedelta(hours=23))
    assert remove_exports() == 0
    move_clock(timedelta(hours=25))
    assert remove_exports() == 1
    assert (file_of(job), job_of(job).sha256) == (b"", job.sha256)


def test_another_tenant_has_nothing() -> None:
    job = written(ask(sequenced_tenant(3)))
    with tenant_transaction(new_id()):
        for call in (take_export, cancel_export):
            with pytest.raises(NotFound):
                call(actor=ALICE, job_id=job.pk)
    assert list(read_export(tenant_id=new_id(), job_id=job.pk)) == []


@pytest.mark.parametrize("export_format", ["jsonl", "evidence-pack"])
def test_a_search_waits_until_everything_asked_for_can_be_searched(export_format: str) -> None:
    tenant_id = sequenced_tenant(6)
    job = written(ask(tenant_id, export_format, kind="person"))
    assert (job.status, job.step) == ("queued", "Waiting until everything can be searched")
    assert requeue_exports() == 1
    index_now(tenant_id)
    job = written(job)
    # The five of Alice, and that she asked; the birth of the key is of the system.
    assert (job.status, job.failure, job.count) == ("ready", "", 6)


@pytest.mark.parametrize("export_format", ["jsonl", "evidence-pack"])
def test_a_search_does_not_wait_for_what_comes_after_it(export_format: str) -> None:
    tenant_id = index_now(sequenced_tenant(6))
    job = ask(tenant_id, export_format, kind="person")
    write_event(tenant_id)
    sequence_tenant(tenant_id=tenant_id)
    job = written(job)
    assert (job.status, job.ledger_size, job.count) == ("ready", 6, 5)


def test_an_index_that_is_emptied_while_it_is_read_makes_no_shorter_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tenant_id = index_now(sequenced_tenant(30))

    def emptied_after_a_page(*args: Any, **named: Any) -> Any:
        found = events_in(*args, **named, limit=7)
        rebuild_index(tenant_id=tenant_id)
        return found

    monkeypatch.setattr(export_jobs, "events_in", emptied_after_a_page)
    job = written(ask(tenant_id, kind="person"))
    assert (job.status, job.failure) == (
        "failed",
        "The index of the search was being made again meanwhile; ask once more.",
    )
