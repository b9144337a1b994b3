"""Exports: asked for, written in the background, cancelled, taken once, removed.

The row is the work and the broker only a hint: a job whose writer is gone is begun again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from audit.actors import SYSTEM, Actor, Subject
from audit.doors import exports_left_alone, exports_to_remove
from audit.exporting import FORMATS
from audit.models import ExportJob, ExportPiece, LedgerLog, ReportStatus
from audit.selectors.events import EventFilter
from audit.selectors.exports import Cursor, count_in, events_in, pieces_of, read_piece
from audit.selectors.proofs import latest_checkpoint
from audit.services.ledger import record
from govapp.common import clock
from govapp.common.errors import Conflict, Invalid, NotFound
from govapp.common.queue import enqueue_on_commit
from govapp.common.tenancy import require_tenant_id, tenant_transaction

log = structlog.get_logger(__name__)

PIECE_BYTES: Final = 1024 * 1024
KEPT: Final = timedelta(days=1)
"""How long a finished file waits to be taken."""
KEPT_AFTER_TAKING: Final = timedelta(minutes=10)
"""A file is taken once; within this time a broken download may be begun again."""
STALE_AFTER: Final = timedelta(minutes=2)
MOST_AT_ONCE: Final = 5
_UNDER_WAY: Final = (ReportStatus.QUEUED, ReportStatus.RUNNING)


def request_export(*, actor: Actor, wanted: EventFilter, export_format: str) -> ExportJob:
    """Ask for the events of a filter in a format; the file is written in the background.

    Raises `Invalid` for an unknown format, `Malformed` for a filter that makes no sense, and
    `Conflict` while five exports are being written already.
    """
    if export_format not in FORMATS:
        raise Invalid("There is no such format.")
    wanted.condition()  # a filter that makes no sense is refused now, not in the background
    if ExportJob.objects.filter(status__in=_UNDER_WAY).count() >= MOST_AT_ONCE:
        raise Conflict("Five exports are being written; wait for one of them, or cancel one.")
    job = ExportJob.objects.create(
        format=export_format,
        query=wanted.chosen(),
        time_zone=wanted.zone,
        requested_by_id=actor.id,
        requested_by_name=actor.name,
        step="Waiting for its turn",
    )
    _record(job, actor, "export.requested", f"{actor.name} asked for events {_words(job)}.")
    enqueue_on_commit("audit.write_export", job_id=job.pk, tenant_id=require_tenant_id())
    return job


def write_export(*, tenant_id: UUID, job_id: UUID) -> None:
    """Write the file of one job in pieces. Runs outside of any transaction; safe to run twice."""
    with tenant_transaction(tenant_id):
        started = _begin(job_id)
    if started is None:
        return
    job, origin = started
    wanted = filter_of(job.query, job.time_zone)
    chosen = FORMATS[job.format]
    line, digest, pending = chosen.begin(origin), sha256(chosen.header), bytearray(chosen.header)
    after: Cursor | None = None
    count = number = size = 0
    size += len(chosen.header)
    while True:
        with tenant_transaction(tenant_id):
            if not _is_alive(job, count):
                return
            found = events_in(wanted, size=job.ledger_size or 0, after=after)
            for cursor, event in found:
                written = line(event)
                digest.update(written)
                pending += written
                size += len(written)
                count += 1
                after = cursor
                if len(pending) >= PIECE_BYTES:
                    number = _keep(job, number, pending)
            if not found:
                _keep(job, number, pending)
                _finish(job, count=count, size=size, digest=digest.hexdigest())
                return


def cancel_export(*, actor: Actor, job_id: UUID) -> ExportJob:
    """Stop an export that is not finished. Raises `Conflict` when it is, `NotFound` without one."""
    job = _locked(job_id)
    if job.status not in _UNDER_WAY:
        raise Conflict("The export is not being written any more.")
    job.status, job.step, job.finished_at = ReportStatus.CANCELLED, "", clock.now()
    job.save(update_fields=["status", "step", "finished_at"])
    _record(job, actor, "export.cancelled", f"{actor.name} cancelled the export {_words(job)}.")
    return job


def take_export(*, actor: Actor, job_id: UUID) -> ExportJob:
    """Hand out a finished file, once, and record who took it.

    Whoever took it may begin a broken download again for ten minutes. Raises `NotFound` when
    there is no finished file, and `Conflict` when it was taken before.
    """
    job = _locked(job_id)
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
    _record(
        job,
        actor,
        "export.taken",
        f"{actor.name} took the export {_words(job)}: SHA-256 {job.sha256}.",
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
            job = _locked(row["job_id"])
            ExportPiece.objects.filter(job_id=job.pk).delete()
            job.removed_at = clock.now()
            job.save(update_fields=["removed_at"])
    return len(found)


def filter_of(query: Mapping[str, str], zone: str) -> EventFilter:
    """Return the filter that was kept, without what is no filter any more."""
    known = {field.name for field in fields(EventFilter)} - {"zone"}
    return EventFilter(**{key: str(value) for key, value in query.items() if key in known},
                       zone=zone)  # fmt: skip


def _begin(job_id: UUID) -> tuple[ExportJob, str] | None:
    """Take a job that waits, or one whose writer is gone; None when it is not to be written."""
    job = _locked(job_id)
    now = clock.now()
    is_stale = job.beat_at is None or job.beat_at < now - STALE_AFTER
    if job.status != ReportStatus.QUEUED and not (job.status == ReportStatus.RUNNING and is_stale):
        return None
    checkpoint, ledger = latest_checkpoint(), LedgerLog.objects.first()
    if checkpoint is None or ledger is None:
        _fail(job, "Nothing stands in the record yet; try again in a few seconds.")
        return None
    ExportPiece.objects.filter(job_id=job.pk).delete()
    job.status, job.started_at, job.beat_at = ReportStatus.RUNNING, now, now
    job.progress, job.step, job.ledger_size = 0, "Counting the events", checkpoint.size
    # How many there will be: for the progress only, until it is finished.
    job.count = count_in(filter_of(job.query, job.time_zone), size=checkpoint.size)
    job.save()
    return job, ledger.origin


def _is_alive(job: ExportJob, written: int) -> bool:
    """Say how far it is; False when somebody cancelled it, or another writer took over."""
    progress = min(99, written * 100 // (job.count or 1))
    now = clock.now()
    changed = ExportJob.objects.filter(
        pk=job.pk, status=ReportStatus.RUNNING, started_at=job.started_at
    ).update(
        progress=progress, step=f"{written:,} of {job.count or 0:,} events written", beat_at=now
    )
    return bool(changed)


def _keep(job: ExportJob, number: int, pending: bytearray) -> int:
    """Write what is pending as one piece, and empty it; return the number of the next one."""
    if not pending:
        return number
    ExportPiece.objects.create(job_id=job.pk, number=number, data=bytes(pending))
    pending.clear()
    return number + 1


def _finish(job: ExportJob, *, count: int, size: int, digest: str) -> None:
    job = _locked(job.pk)
    if job.status != ReportStatus.RUNNING:
        return
    job.status, job.progress, job.step = ReportStatus.READY, 100, ""
    job.count, job.size_bytes, job.sha256 = count, size, digest
    job.finished_at = clock.now()
    job.save()
    _record(
        job,
        SYSTEM,
        "export.made",
        f"The export {_words(job)} was written: {count} events, SHA-256 {digest}.",
        count=count,
        bytes=size,
        sha256=digest,
        ledger_size=job.ledger_size,
    )


def _fail(job: ExportJob, why: str) -> None:
    job.status, job.failure, job.step = ReportStatus.FAILED, why, ""
    job.finished_at = clock.now()
    job.save(update_fields=["status", "failure", "step", "finished_at"])
    log.warning("export.failed", export=str(job.pk), reason=why)
    _record(job, SYSTEM, "export.failed", f"The export {_words(job)} failed: {why}", reason=why)


def _locked(job_id: UUID) -> ExportJob:
    job = ExportJob.objects.select_for_update().filter(pk=job_id).first()
    if job is None:
        raise NotFound("There is no such export.")
    return job


def _words(job: ExportJob) -> str:
    chosen = ", ".join(f"{name} {value}" for name, value in job.query.items()) or "no filter"
    return f"as {job.format} ({chosen})"


def _record(job: ExportJob, actor: Actor, event_type: str, summary: str, **data: object) -> None:
    record(
        event_type=event_type,
        actor=actor,
        subject=Subject("export", job.public_id, f"Events as {job.format}"),
        summary=summary,
        data={
            "format": job.format,
            "query": job.query,
            "time_zone": job.time_zone,
            **data,
        },
    )
