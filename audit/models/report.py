"""Reports: made from the ledger alone, in the background, kept with their SHA-256."""

from django.db import models

from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantOwned


class ReportStatus(models.TextChoices):
    """Where a report stands."""

    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ReportEvery(models.TextChoices):
    """How often a report is made."""

    MONTH = "month", "every month"
    QUARTER = "quarter", "every quarter"


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


class ReportSchedule(TenantOwned):
    """A report that is made again and again: each month or quarter, of the one just ended."""

    immutable_fields = ("tenant_id", "kind", "every", "zone")

    kind = models.TextField()
    every = models.TextField(choices=ReportEvery)
    zone = models.TextField()  # whose midnight begins a month
    created_by_id = models.TextField()
    created_by_name = models.TextField()
    created_at = models.DateTimeField(db_default=Now())
    next_at = models.DateTimeField()  # the end of the period that is running
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "kind", "every"],
                condition=models.Q(removed_at__isnull=True),
                name="report_schedule_once",
            )
        ]
        indexes = [
            # what is due, over all tenants
            models.Index(
                fields=["next_at"],
                condition=models.Q(removed_at__isnull=True),
                name="report_schedule_due",
            )
        ]

    @property
    def public_id(self) -> str:
        return public_id("rsc", self.pk)
