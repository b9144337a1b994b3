"""Reading reports."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from audit.models import Report, ReportSchedule
from govapp.common.ids import public_id

MOST_LISTED: Final = 50


@dataclass(frozen=True)
class ReportRow:
    """A report as the page lists it, without its content."""

    id: UUID
    kind: str
    period_start: datetime
    period_end: datetime
    requested_by_name: str
    requested_at: datetime
    status: str
    progress: int
    step: str
    failure: str
    sha256: str
    size_bytes: int | None
    ledger_size: int | None

    @property
    def public_id(self) -> str:
        return public_id("rep", self.id)

    @property
    def progress_words(self) -> str:
        return f"{self.progress} %"

    @property
    def last_day(self) -> datetime:
        """The last instant that the report covers."""
        return self.period_end - timedelta(microseconds=1)


def list_reports() -> list[ReportRow]:
    """Return the newest reports of the bound tenant. One query, never the files themselves."""
    names = list(ReportRow.__dataclass_fields__)
    rows = Report.objects.order_by("-requested_at", "-id").values(*names)[:MOST_LISTED]
    return [ReportRow(**row) for row in rows]


def list_schedules() -> list[ReportSchedule]:
    """Return the schedules of the bound tenant, the next one first. One query."""
    return list(ReportSchedule.objects.filter(removed_at=None).order_by("next_at", "id"))
