"""Files that were made of what is pruned: they go as well, and may be made again of what is left.

While any hold is in force they stay: whoever placed it may need just these.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from audit.models import ExportJob, ExportPiece, LedgerEvent, Report, ReportStatus
from audit.pruners import Pruner, register_pruner
from audit.selectors.events import EventFilter
from audit.selectors.holds import holds_in_force
from govapp.common import clock


def _reports(before: datetime) -> QuerySet[Report]:
    """Those of a period that begins before, and those of requests that are wholly from before."""
    later = LedgerEvent.objects.filter(request_id=OuterRef("request_id"), occurred_at__gte=before)
    of_old_request = Q(request_id__isnull=False) & ~Exists(later)
    return Report.objects.filter(
        Q(period_start__lt=before) | of_old_request, content__isnull=False
    ).order_by("pk")


def _exports(before: datetime) -> list[ExportJob]:
    """Finished ones whose filter reaches back before."""
    jobs = ExportJob.objects.filter(status=ReportStatus.READY, removed_at=None)
    return [each for each in jobs.order_by("pk") if _reaches_back(each, before)]


def _reaches_back(job: ExportJob, before: datetime) -> bool:
    start, _ = EventFilter(since=job.query.get("since", ""), zone=job.time_zone).instants()
    return start is None or start < before


def count_files(before: datetime) -> Sequence[tuple[str, int]]:
    """Say which files would be emptied."""
    if holds_in_force():
        return ()
    return (("reports", _reports(before).count()), ("exports", len(_exports(before))))


def empty_files(before: datetime, at_most: int) -> Sequence[tuple[str, int]]:
    """Empty files; a report's page and its SHA-256 stay."""
    if holds_in_force():
        return ()
    reports = list(_reports(before).values_list("pk", flat=True)[:at_most])
    Report.objects.filter(pk__in=reports).update(
        content=None, failure="Its file was removed when what it tells of was pruned."
    )
    exports = [each.pk for each in _exports(before)[:at_most]]
    ExportPiece.objects.filter(job_id__in=exports).delete()
    ExportJob.objects.filter(pk__in=exports).update(removed_at=clock.now())
    return (("reports", len(reports)), ("exports", len(exports)))


register_pruner(Pruner(count_files, empty_files))
