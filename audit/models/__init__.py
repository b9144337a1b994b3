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
from audit.models.export import AuditSearch, ExportJob, ExportPiece
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
    "AuditSearch",
    "Cosignature",
    "DirectoryCheckpoint",
    "DirectoryEntry",
    "DirectoryLog",
    "DirectoryTile",
    "ExportJob",
    "ExportPiece",
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
