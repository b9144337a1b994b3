from audit.models.days import LedgerDay
from audit.models.keys import LedgerKey
from audit.models.log import (
    LedgerCheckpoint,
    LedgerEvent,
    LedgerLeaf,
    LedgerLog,
    LedgerQueueItem,
    LedgerTile,
)
from audit.models.report import Report, ReportEvery, ReportSchedule, ReportStatus

__all__ = [
    "LedgerCheckpoint",
    "LedgerDay",
    "LedgerEvent",
    "LedgerKey",
    "LedgerLeaf",
    "LedgerLog",
    "LedgerQueueItem",
    "LedgerTile",
    "Report",
    "ReportEvery",
    "ReportSchedule",
    "ReportStatus",
]
