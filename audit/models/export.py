"""Exports: asked for, written in the background in pieces, taken once."""

from typing import ClassVar

from django.db import models

from audit.models.report import ReportStatus
from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned


class ExportJob(TenantOwned):
    """One export that somebody asked for: its filter, progress, and what the file is."""

    never_removed = True
    immutable_fields: ClassVar[tuple[str, ...]] = (
        "tenant_id",
        "format",
        "query",
        "time_zone",
        "options",
        "requested_by_id",
        "requested_at",
    )

    format = models.TextField()  # a slug of `audit.exporting.KINDS`
    query = models.JSONField()  # the filters that are set, by name
    time_zone = models.TextField()
    # Of an evidence pack: "redact", the kinds left out, and "report", the id of one to go along.
    options = models.JSONField(default=dict, blank=True)
    requested_by_id = models.TextField()
    requested_by_name = models.TextField()
    requested_at = models.DateTimeField(db_default=Now())
    status = models.TextField(choices=ReportStatus, default=ReportStatus.QUEUED)
    progress = models.SmallIntegerField(default=0)  # per cent
    step = models.TextField(default="", blank=True)  # what is being done now, in words
    failure = models.TextField(default="", blank=True)
    started_at = models.DateTimeField(null=True)
    beat_at = models.DateTimeField(null=True)  # when its writer last said that it is alive
    finished_at = models.DateTimeField(null=True)
    ledger_size = models.BigIntegerField(null=True)  # the tree size that it was made from
    count = models.BigIntegerField(null=True)
    size_bytes = models.BigIntegerField(null=True)
    sha256 = models.TextField(default="", blank=True)
    # What else is known of the finished file: of a pack its counts and its manifest's SHA-256.
    told = models.JSONField(default=dict, blank=True)
    taken_at = models.DateTimeField(null=True)  # when the file was first handed out
    removed_at = models.DateTimeField(null=True)  # when its pieces were removed
    # Ids of erasures that leave the file while a legal hold keeps what it tells of.
    erasures_waiting = models.JSONField(default=list, blank=True)

    class Meta:
        indexes = [
            # the exports page, newest first
            models.Index(fields=["tenant_id", "requested_at", "id"], name="export_time")
        ]

    @property
    def public_id(self) -> str:
        return public_id("ex", self.pk)


class ExportPiece(TenantOwned):
    """A piece of an export's file: a file of any size is read and written with little memory."""

    job = TenantForeignKey(ExportJob, on_delete=models.PROTECT, related_name="pieces")
    number = models.IntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "job", "number"], name="piece_once")
        ]


class AuditSearch(TenantOwned):
    """A search of the record that one person kept under a name."""

    member_id = (
        models.TextField()
    )  # the public id of whose search it is: this floor knows no people
    name = models.CharField(max_length=80)
    query = models.JSONField()  # the filters that are set, by name
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "member_id", "name"], name="audit_search_once"
            )
        ]

    @property
    def public_id(self) -> str:
        return public_id("aus", self.pk)
