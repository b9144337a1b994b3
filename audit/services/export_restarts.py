"""Files that are being written while the record has to tell less: they begin again."""

from audit.models import ExportJob, ExportPiece, Report, ReportStatus


def restart_exports() -> int:
    """Put every export of the bound tenant that is being written back into the queue.

    Called in the transaction that erases or prunes: its writer, who reads page by page, finds out
    with its next piece. Jobs are locked before their pieces, as everywhere: a page that is being
    written is waited for. Returns how many there were.
    """
    rows = ExportJob.objects.filter(status=ReportStatus.RUNNING)
    writing = list(rows.select_for_update().order_by("pk").values_list("pk", flat=True))
    ExportPiece.objects.filter(job_id__in=writing).delete()
    return ExportJob.objects.filter(pk__in=writing).update(
        status=ReportStatus.QUEUED, started_at=None, beat_at=None
    )


def restart_reports() -> int:
    """The same for reports, whose maker finds out with its next step, at the latest the last.

    What is finished meanwhile is waited for: whoever empties files does so after this.
    """
    rows = Report.objects.filter(status=ReportStatus.RUNNING)
    return rows.update(
        status=ReportStatus.QUEUED, started_at=None, progress=0, step="Waiting for its turn"
    )
