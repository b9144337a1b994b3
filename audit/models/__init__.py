from audit.models.directory import (
    Cosignature,
    DirectoryCheckpoint,
    DirectoryEntry,
    DirectoryLog,
    DirectoryTile,
    TimeStamp,
    Voucher,
    VoucherKind,
)
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
    "Cosignature",
    "DirectoryCheckpoint",
    "DirectoryEntry",
    "DirectoryLog",
    "DirectoryTile",
    "LedgerCheckpoint",
    "LedgerEvent",
    "LedgerLeaf",
    "LedgerLog",
    "LedgerQueueItem",
    "LedgerTile",
    "Report",
    "ReportEvery",
    "ReportSchedule",
    "ReportStatus",
    "TimeStamp",
    "Voucher",
    "VoucherKind",
]
