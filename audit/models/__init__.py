from audit.models.export import AuditSearch, ExportJob, ExportPiece
from audit.models.log import (
    LedgerCheckpoint,
    LedgerEvent,
    LedgerLeaf,
    LedgerLog,
    LedgerQueueItem,
    LedgerTile,
)
from audit.models.personal import LedgerDisclosure, LedgerSubject
from audit.models.report import Report, ReportEvery, ReportSchedule, ReportStatus

__all__ = [
    "AuditSearch",
    "ExportJob",
    "ExportPiece",
    "LedgerCheckpoint",
    "LedgerDisclosure",
    "LedgerEvent",
    "LedgerLeaf",
    "LedgerLog",
    "LedgerQueueItem",
    "LedgerSubject",
    "LedgerTile",
    "Report",
    "ReportEvery",
    "ReportSchedule",
    "ReportStatus",
]
