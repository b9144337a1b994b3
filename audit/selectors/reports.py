"""Reading reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from audit.models import Report, ReportAttestation, ReportSchedule, ReportSignature
from audit.reports.kinds import KINDS
from govapp.common.ids import public_id

MOST_LISTED: Final = 50


@dataclass(frozen=True)
class ReportRow:
    """A report as the page lists it, without its content."""

    id: UUID
    kind: str
    period_start: datetime | None
    period_end: datetime | None
    request_id: UUID | None
    requested_by_name: str
    requested_at: datetime
    status: str
    progress: int
    step: str
    failure: str
    sha256: str
    size_bytes: int | None
    ledger_size: int | None
    signature: str
    signed_by: str
    erasures_waiting: list[str]
    has_file: bool

    @property
    def signature_words(self) -> str:
        """How the file is signed."""
        return str(ReportSignature(self.signature).label)

    @property
    def public_id(self) -> str:
        return public_id("rep", self.id)

    @property
    def progress_words(self) -> str:
        return f"{self.progress} %"

    @property
    def last_day(self) -> datetime | None:
        """The last instant that the report covers."""
        return self.period_end - timedelta(microseconds=1) if self.period_end else None

    @property
    def title(self) -> str:
        """The kind's title."""
        return KINDS[self.kind].title

    @property
    def request(self) -> str:
        """The public id of the request that it is about, "" for a period."""
        return public_id("ar", self.request_id) if self.request_id else ""


def list_reports() -> list[ReportRow]:
    """Return the newest reports of the bound tenant. One query, never the files themselves."""
    return as_rows(Report.objects.order_by("-requested_at", "-id")[:MOST_LISTED])


def as_rows(reports: QuerySet[Report]) -> list[ReportRow]:
    """Read reports without their files. One query."""
    has_file = ExpressionWrapper(Q(content__isnull=False), output_field=BooleanField())
    names = list(ReportRow.__dataclass_fields__)
    return [ReportRow(**row) for row in reports.annotate(has_file=has_file).values(*names)]


def attestations_of(reports: Sequence[ReportRow]) -> dict[UUID, list[ReportAttestation]]:
    """Return who attested these reports, by report, oldest first. One query."""
    rows = ReportAttestation.objects.filter(report_id__in=[row.id for row in reports])
    found: dict[UUID, list[ReportAttestation]] = {}
    for row in rows.order_by("attested_at", "id"):
        found.setdefault(row.report_id, []).append(row)
    return found


def list_schedules() -> list[ReportSchedule]:
    """Return the schedules of the bound tenant, the next one first. One query."""
    return list(ReportSchedule.objects.filter(removed_at=None).order_by("next_at", "id"))
