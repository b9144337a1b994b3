"""Reports: made from the ledger alone, in the background, kept with their SHA-256."""

from django.db import models

from govapp.common.clock import Now
from govapp.common.models import TenantOwned


class ReportStatus(models.TextChoices):
    """Where a report stands."""

    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Report(TenantOwned):
    """One report that somebody asked for: kind, period, progress, and the finished file."""

    kind = models.TextField()
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    requested_by_id = models.TextField()
    requested_by_name = models.TextField()
    requested_at = models.DateTimeField(db_default=Now())
    status = models.TextField(choices=ReportStatus, default=ReportStatus.QUEUED)
    progress = models.SmallIntegerField(default=0)  # per cent
    step = models.TextField(default="", blank=True)  # what is being done now, in words
    failure = models.TextField(default="", blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    ledger_size = models.BigIntegerField(null=True)  # the tree size that it was made from
    sha256 = models.TextField(default="", blank=True)
    size_bytes = models.BigIntegerField(null=True)
    content = models.BinaryField(null=True)

    class Meta:
        indexes = [
            # the reports page, newest first
            models.Index(fields=["tenant_id", "requested_at", "id"], name="report_time")
        ]
