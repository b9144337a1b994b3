"""Exports: asked for, written in the background, cancelled, taken once, removed.

The row is the work and the broker only a hint: a job whose writer is gone is begun again. An
evidence pack is an export like any other, and is written by `audit.services.packs`.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from audit.actors import Actor
from audit.doors import exports_left_alone, exports_to_remove
from audit.exporting import FORMATS, PACK
from audit.models import ExportJob, ExportPiece, LedgerLog, ReportStatus
from audit.selectors.events import EventFilter
from audit.selectors.exports import (
    count_in,
    events_in,
    filter_of,
    pieces_of,
    read_piece,
)
from audit.selectors.holds import lock_keeping
from audit.selectors.proofs import latest_checkpoint
from audit.selectors.search_index import searched_checkpoint
from audit.services.export_events import record_export, words_of
from audit.services.export_writing import ExportFile, Stopped, fail_export
from audit.services.jobs import end_job, lock_job
from audit.services.packs import check_options, write_pack_file
from govapp.common import clock
from govapp.common.errors import Conflict, DomainError, Invalid, NotFound
from govapp.common.queue import enqueue_on_commit
from govapp.common.tenancy import require_tenant_id, tenant_transaction

KEPT: Final = timedelta(days=1)
"""How long a finished file waits to be taken."""
KEPT_AFTER_TAKING: Final = timedelta(minutes=10)
"""A file is taken once; within this time a broken download may be begun again."""
STALE_AFTER: Final = timedelta(minutes=2)
MOST_AT_ONCE: Final = 5
_UNDER_WAY: Final = (ReportStatus.QUEUED, ReportStatus.RUNNING)


def request_export(
    *,
    actor: Actor,
    wanted: EventFilter,
    export_format: str,
    redact: Iterable[str] = (),
    report_id: UUID | None = None,
) -> ExportJob:
    """Ask for the events of a filter in a format; the file is written in the background.

    The format may be `audit.exporting.PACK`: `redact` are kinds of personal values to leave out of
    the pack (`audit.packs.contents.REDACTABLE`), `report_id` a finished report to go along. Raises
    `Invalid` for an unknown format, `Malformed` for a filter or kind that makes no sense,
    `NotFound` without that report, and `Conflict` while five exports are being written already.
    """
    if export_format in FORMATS:
        options = {}
    elif export_format == PACK.slug:
        options = check_options(redact, report_id)
    else:
        raise Invalid("There is no such format.")
    wanted.condition()  # a filter that makes no sense is refused now, not in the background
    if ExportJob.objects.filter(status__in=_UNDER_WAY).count() >= MOST_AT_ONCE:
        raise Conflict("Five exports are being written; wait for one of them, or cancel one.")
    job = ExportJob.objects.create(
        format=export_format,
        query=wanted.chosen(),
        time_zone=wanted.zone,
        options=options,
        requested_by_id=actor.id,
        requested_by_name=actor.name,
        step="Waiting for its turn",
    )
    asked = f"{actor.name} asked for events {words_of(job)}."
    record_export(job, actor, "export.requested", asked)
    enqueue_on_commit("audit.write_export", job_id=job.pk, tenant_id=require_tenant_id())
    return job


def write_export(*, tenant_id: UUID, job_id: UUID) -> None:
    """Write the file of one job in pieces. Runs outside of any transaction; safe to run twice."""
    with tenant_transaction(tenant_id):
        job = _begin(job_id)
    if job is None:
        return
    write = write_pack_file if job.format == PACK.slug else _write_lines
    try:
        write(ExportFile(job))
    except Stopped:
        return
    except DomainError as error:
        with tenant_transaction(tenant_id):
            fail_export(lock_job(ExportJob, job_id), error.detail)


def _write_lines(file: ExportFile) -> None:
    """One line an event, oldest first."""
    job, wanted = file.job, filter_of(file.job.query, file.job.time_zone)
    chosen = FORMATS[job.format]
    with file.page():
        # How many there will be: for the progress only, until it is finished.
        expected = count_in(wanted, size=job.ledger_size or 0)
        origin = LedgerLog.objects.values_list("origin", flat=True).get()
    line, after, count = chosen.begin(origin), None, 0
    file.write(chosen.header)
    while True:
        with file.page(
            step=f"{count:,} of {expected:,} events written",
            progress=count * 100 // (expected or 1),
        ):
            found = events_in(wanted, size=job.ledger_size or 0, after=after)
        for _, event in found:
            file.write(line(event))
        if not found:
            file.finish(count=count, event_type="export.made", told={})
            return
        count, after = count + len(found), found[-1][0]


def cancel_export(*, actor: Actor, job_id: UUID) -> ExportJob:
    """Stop an export that is not finished. Raises `Conflict` when it is, `NotFound` without one."""
    job = lock_job(ExportJob, job_id)
    if job.status not in _UNDER_WAY:
        raise Conflict("The export is not being written any more.")
    end_job(job, ReportStatus.CANCELLED)
    record_export(
        job, actor, "export.cancelled", f"{actor.name} cancelled the export {words_of(job)}."
    )
    return job


def take_export(*, actor: Actor, job_id: UUID) -> ExportJob:
    """Hand out a finished file, once, and record who took it.

    Whoever took it may begin a broken download again for ten minutes. Raises `NotFound` when
    there is no finished file, and `Conflict` when it was taken before.
    """
    job = lock_job(ExportJob, job_id)
    if job.status != ReportStatus.READY or job.removed_at is not None:
        raise NotFound("There is no file of this export any more; make it again.")
    now = clock.now()
    if job.taken_at is not None:
        again = job.requested_by_id == actor.id and now < job.taken_at + KEPT_AFTER_TAKING
        if not again:
            raise Conflict("This file was taken before: a file is handed out once. Make it again.")
    elif job.requested_by_id != actor.id:
        raise Conflict("A file is taken by who asked for it. Make an export of your own.")
    else:
        job.taken_at = now
        job.save(update_fields=["taken_at"])
    record_export(
        job,
        actor,
        "export.taken",
        f"{actor.name} took the export {words_of(job)}: SHA-256 {job.sha256}.",
        sha256=job.sha256,
        count=job.count,
    )
    return job


def read_export(*, tenant_id: UUID, job_id: UUID) -> Iterator[bytes]:
    """Yield the file piece by piece, each in a transaction of its own."""
    with tenant_transaction(tenant_id):
        numbers = pieces_of(job_id)
    for number in numbers:
        with tenant_transaction(tenant_id):
            piece = read_piece(job_id, number)
        if piece is None:
            return  # removed meanwhile: the length that was announced shows that it is cut
        yield piece


def requeue_exports() -> int:
    """Queue again each export that nobody works on; return how many."""
    found = exports_left_alone.call(int(STALE_AFTER.total_seconds()))
    for row in found:
        with transaction.atomic():
            enqueue_on_commit("audit.write_export", **row)
    return len(found)


def remove_exports() -> int:
    """Remove the files that were taken or that nobody took in time; return of how many jobs."""
    found = exports_to_remove.call(
        int(KEPT.total_seconds()), int(KEPT_AFTER_TAKING.total_seconds())
    )
    for row in found:
        with tenant_transaction(row["tenant_id"]):
            job = lock_job(ExportJob, row["job_id"])
            ExportPiece.objects.filter(job_id=job.pk).delete()
            job.removed_at = clock.now()
            job.save(update_fields=["removed_at"])
    return len(found)


def _begin(job_id: UUID) -> ExportJob | None:
    """Take a job that waits, or one whose writer is gone; None when it is not to be written."""
    lock_keeping()  # whoever erases or prunes is waited for: what is read is what they leave
    job = lock_job(ExportJob, job_id)
    now = clock.now()
    is_stale = job.beat_at is None or job.beat_at < now - STALE_AFTER
    if job.status != ReportStatus.QUEUED and not (job.status == ReportStatus.RUNNING and is_stale):
        return None
    checkpoint = latest_checkpoint()
    if checkpoint is None:
        fail_export(job, "Nothing stands in the record yet; try again in a few seconds.")
        return None
    is_searched = filter_of(job.query, job.time_zone).is_searched
    size = searched_checkpoint(job.requested_at) if is_searched else checkpoint.size
    if size is None:
        _wait_for_index(job)
        return None
    ExportPiece.objects.filter(job_id=job.pk).delete()
    job.status, job.started_at, job.beat_at = ReportStatus.RUNNING, now, now
    job.progress, job.step, job.ledger_size = 0, "Counting the events", size
    job.save()
    return job


def _wait_for_index(job: ExportJob) -> None:
    """Leave it in the queue: what was signed when it was asked for is not searched yet."""
    job.status, job.started_at = ReportStatus.QUEUED, None
    job.step = "Waiting until everything can be searched"
    job.beat_at = clock.now() - STALE_AFTER  # for the next sweep
    job.save(update_fields=["status", "started_at", "step", "beat_at"])
