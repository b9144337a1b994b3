"""Reports: asked for, made in the background in a capped process, kept with their SHA-256."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from pyhanko.sign.general import SigningError

from audit.actors import SYSTEM, Actor
from audit.doors import reports_left_alone
from audit.models import Report, ReportSchedule, ReportStatus
from audit.reports.kinds import KINDS, Needs
from audit.reports.making import Cancelled, MakingFailed, make_pdf
from audit.reports.signing import Signed, sign_pdf
from audit.selectors.holds import lock_keeping
from audit.selectors.proofs import latest_checkpoint
from audit.services.jobs import end_job, lock_job
from audit.services.report_events import name_of, record_report
from audit.services.signers import report_signer, report_stamping
from audit.signals import report_finished
from govapp.common import clock
from govapp.common.errors import Conflict, Invalid, NotFound
from govapp.common.queue import enqueue_on_commit
from govapp.common.tenancy import require_tenant_id, tenant_transaction

log = structlog.get_logger(__name__)

LONGEST: Final = timedelta(days=400)
_UNDER_WAY: Final = (ReportStatus.QUEUED, ReportStatus.RUNNING)
STALE_AFTER: Final = timedelta(minutes=5)
"""Longer than a report may take: whoever was making it is gone."""


def request_report(
    *,
    actor: Actor,
    kind: str = "oversight",
    period_start: datetime | None = None,
    period_end: datetime | None = None,
    request_id: UUID | None = None,
    is_compared: bool = False,
    schedule_id: UUID | None = None,
) -> Report:
    """Ask for a report on a period (start included, end not) or on one request.

    It is made in the background. Raises `Invalid` for an unknown kind, without what the kind needs,
    for an empty period, one that begins in the future, or one of more than 400 days.
    """
    if kind not in KINDS:
        raise Invalid("There is no such kind of report.")
    if KINDS[kind].needs is Needs.PERIOD:
        check_period(period_start, period_end)
        request_id = None
    else:
        if request_id is None:
            raise Invalid("Say which request the report is about.")
        period_start = period_end = None
    report = Report.objects.create(
        kind=kind,
        period_start=period_start,
        period_end=period_end,
        request_id=request_id,
        is_compared=is_compared and period_start is not None,
        schedule_id=schedule_id,
        requested_by_id=actor.id,
        requested_by_name=actor.name,
        step="Waiting for its turn",
    )
    record_report(
        report, actor, "report.requested", f"{actor.name} asked for the {name_of(report)}."
    )
    enqueue_on_commit("audit.make_report", report_id=report.pk, tenant_id=require_tenant_id())
    return report


def check_period(start: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    """Return the period; raises `Invalid` when no report can be made of it."""
    if start is None or end is None:
        raise Invalid("Say which period the report is about.")
    if start >= end:
        raise Invalid("The period has to end after it begins.")
    if end - start > LONGEST:
        raise Invalid(f"A report covers at most {LONGEST.days} days.")
    if start >= clock.now():
        raise Invalid("The period begins in the future.")
    return start, end


def make_report(*, tenant_id: UUID, report_id: UUID) -> None:
    """Make one report that was asked for. Runs outside of any transaction; safe to run twice."""
    with tenant_transaction(tenant_id):
        report = _begin(report_id)
    if report is None:
        return

    def advance(progress: int, step: str) -> None:
        """Show how far it is; stop when somebody cancelled, or it has to begin again."""
        with tenant_transaction(tenant_id):
            changed = Report.objects.filter(
                pk=report_id, status=ReportStatus.RUNNING, started_at=report.started_at
            ).update(progress=progress, step=step)
        if not changed:
            raise Cancelled

    try:
        content = make_pdf(tenant_id=tenant_id, report=report, advance=advance)
        advance(96, "Signing the file")
        signed = _sign(tenant_id, report, content)
    except Cancelled:
        return
    except MakingFailed as error:
        with tenant_transaction(tenant_id):
            if (still := _still_ours(report)) is not None:
                _fail(still, str(error))
        return
    with tenant_transaction(tenant_id):
        if (still := _still_ours(report)) is not None:
            _finish(still, content, signed)


def requeue_reports() -> int:
    """Queue again each report that nobody has worked on for 5 minutes; return how many.

    The broker is a hint and may lose it; the row is the work.
    """
    found = reports_left_alone.call(int(STALE_AFTER.total_seconds()))
    for row in found:
        with transaction.atomic():
            enqueue_on_commit("audit.make_report", **row)
    return len(found)


def cancel_report(*, actor: Actor, report_id: UUID) -> Report:
    """Stop a report that is not finished. Raises `Conflict` when it is, `NotFound` without one."""
    report = lock_job(Report, report_id)
    if report.status not in _UNDER_WAY:
        raise Conflict("The report is not being made any more.")
    end_job(report, ReportStatus.CANCELLED)
    record_report(
        report, actor, "report.cancelled", f"{actor.name} cancelled the {name_of(report)}."
    )
    return report


def download_report(*, actor: Actor, report_id: UUID) -> Report:
    """Return a finished report with its content, and record who took it."""
    report = lock_job(Report, report_id)
    if report.status != ReportStatus.READY or report.content is None:
        raise NotFound("There is no finished report of this name.")
    record_report(
        report,
        actor,
        "report.downloaded",
        f"{actor.name} downloaded the {name_of(report)}.",
        sha256=report.sha256,
    )
    return report


def _begin(report_id: UUID) -> Report | None:
    """Take a report that waits, or one whose maker vanished; None when it is not to be made."""
    lock_keeping()  # whoever erases or prunes is waited for: what is read is what they leave
    report = lock_job(Report, report_id)
    now = clock.now()
    stale = (
        report.status == ReportStatus.RUNNING
        and report.started_at is not None
        and report.started_at < now - STALE_AFTER
    )
    if report.status != ReportStatus.QUEUED and not stale:
        return None
    checkpoint = latest_checkpoint()
    if checkpoint is None:
        _fail(report, "Nothing stands in the record yet; try again in a few seconds.")
        return None
    report.status, report.started_at = ReportStatus.RUNNING, now
    report.progress, report.step = 5, "Reading the record"
    report.ledger_size = report.ledger_size or checkpoint.size
    report.save(update_fields=["status", "started_at", "progress", "step", "ledger_size"])
    return report


def _sign(tenant_id: UUID, report: Report, content: bytes) -> Signed:
    """Sign outside of the transaction: an authority is asked over the network."""
    with tenant_transaction(tenant_id):
        signer = report_signer()
    try:
        return sign_pdf(
            content, signer=signer, stamping=report_stamping(), reason=KINDS[report.kind].title
        )
    except SigningError as error:
        log.warning("report.not_signed", report=str(report.pk), reason=str(error))
        raise MakingFailed("It could not be signed: the certificate may not.") from error


def _still_ours(begun: Report) -> Report | None:
    """Lock what was begun; None when it was cancelled, or has been put back to begin again."""
    report = lock_job(Report, begun.pk)
    is_ours = report.status == ReportStatus.RUNNING and report.started_at == begun.started_at
    return report if is_ours else None


def _finish(report: Report, content: bytes, signed: Signed) -> None:
    report.status, report.progress, report.step = ReportStatus.READY, 100, ""
    report.content_sha256, report.content_bytes = sha256(content).hexdigest(), len(content)
    report.content, report.size_bytes = signed.content, len(signed.content)
    report.sha256, report.finished_at = sha256(signed.content).hexdigest(), clock.now()
    report.signature, report.signed_by = signed.level, signed.signed_by
    report.save()
    record_report(
        report,
        SYSTEM,
        "report.finished",
        f"The {name_of(report)} was finished: SHA-256 {report.sha256}.",
        sha256=report.sha256,
        bytes=report.size_bytes,
        content_sha256=report.content_sha256,
        content_bytes=report.content_bytes,
        signature=report.signature,
        signed_by=report.signed_by,
        ledger_size=report.ledger_size,
    )
    report_finished.send(sender=Report, report=report, recipients=_recipients(report))


def _recipients(report: Report) -> tuple[str, ...]:
    if report.schedule_id is None:
        return ()
    schedule = ReportSchedule.objects.filter(pk=report.schedule_id, removed_at=None).first()
    return tuple(schedule.recipients) if schedule else ()


def _fail(report: Report, why: str) -> None:
    end_job(report, ReportStatus.FAILED, why)
    record_report(
        report, SYSTEM, "report.failed", f"The {name_of(report)} failed: {why}", reason=why
    )
