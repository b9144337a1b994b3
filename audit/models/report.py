"""Reports: made from the ledger alone, in the background, kept with their SHA-256."""

from django.db import models

from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned


class ReportStatus(models.TextChoices):
    """Where a report stands."""

    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ReportSignature(models.TextChoices):
    """How a finished file is signed (ETSI EN 319 142-1, baseline levels)."""

    NONE = "none", "not signed"
    B = "b-b", "signed (PAdES B-B)"
    T = "b-t", "signed and time-stamped (PAdES B-T)"
    LTA = "b-lta", "signed for the archive (PAdES B-LTA)"


class ReportEvery(models.TextChoices):
    """How often a report is made."""

    MONTH = "month", "every month"
    QUARTER = "quarter", "every quarter"


class Report(TenantOwned):
    """One report that somebody asked for: kind, period, progress, and the finished file."""

    kind = models.TextField()
    # A period or a request: whichever the kind needs.
    period_start = models.DateTimeField(null=True)
    period_end = models.DateTimeField(null=True)
    request_id = models.UUIDField(null=True)
    is_compared = models.BooleanField(default=False)  # with the period before
    schedule_id = models.UUIDField(null=True)  # the schedule that asked for it
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
    # Of the file before it was signed: made again from the same record, it is the same.
    content_sha256 = models.TextField(default="", blank=True)
    content_bytes = models.BigIntegerField(null=True)
    signature = models.TextField(choices=ReportSignature, default=ReportSignature.NONE)
    signed_by = models.TextField(default="", blank=True)  # the certificate's subject
    size_bytes = models.BigIntegerField(null=True)
    content = models.BinaryField(null=True)
    # Ids of erasures that leave the file while a legal hold keeps what it tells of.
    erasures_waiting = models.JSONField(default=list, blank=True)

    class Meta:
        indexes = [
            # the reports page, newest first
            models.Index(fields=["tenant_id", "requested_at", "id"], name="report_time")
        ]


class ReportAttestation(TenantOwned):
    """What a named officer said about one finished report, of exactly these bytes."""

    append_only = True

    report = TenantForeignKey(Report, on_delete=models.PROTECT, related_name="attestations")
    sha256 = models.TextField()
    attested_by_id = models.TextField()
    attested_by_name = models.TextField()
    statement = models.TextField()
    attested_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "report", "attested_by_id"], name="report_attested_once"
            )
        ]


class ReportSchedule(TenantOwned):
    """A report that is made again and again: each month or quarter, of the one just ended."""

    immutable_fields = ("tenant_id", "kind", "every", "zone")

    kind = models.TextField()
    every = models.TextField(choices=ReportEvery)
    zone = models.TextField()  # whose midnight begins a month
    is_compared = models.BooleanField(default=True)
    # Who gets a link when it is made: public ids of members, never addresses.
    recipients = models.JSONField(default=list, blank=True)
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
