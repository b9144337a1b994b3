from audit.models.days import LedgerDay
from audit.models.directory import (
    Cosignature,
    DirectoryCheckpoint,
    DirectoryEntry,
    DirectoryKey,
    DirectoryLog,
    DirectoryTile,
    TimeStamp,
    Voucher,
    VoucherKind,
)
from audit.models.export import AuditSearch, ExportJob, ExportPiece
from audit.models.keys import LedgerKey
from audit.models.log import (
    LedgerCheckpoint,
    LedgerEvent,
    LedgerLeaf,
    LedgerLog,
    LedgerQueueItem,
    LedgerTile,
)
from audit.models.personal import LedgerDisclosure, LedgerErasure, LedgerSubject
from audit.models.report import (
    Report,
    ReportAttestation,
    ReportEvery,
    ReportSchedule,
    ReportSignature,
    ReportStatus,
)
from audit.models.signing import SigningCertificate

__all__ = [
    "AuditSearch",
    "Cosignature",
    "DirectoryCheckpoint",
    "DirectoryEntry",
    "DirectoryKey",
    "DirectoryLog",
    "DirectoryTile",
    "ExportJob",
    "ExportPiece",
    "LedgerCheckpoint",
    "LedgerDay",
    "LedgerDisclosure",
    "LedgerErasure",
    "LedgerEvent",
    "LedgerKey",
    "LedgerLeaf",
    "LedgerLog",
    "LedgerQueueItem",
    "LedgerSubject",
    "LedgerTile",
    "Report",
    "ReportAttestation",
    "ReportEvery",
    "ReportSchedule",
    "ReportSignature",
    "ReportStatus",
    "SigningCertificate",
    "TimeStamp",
    "Voucher",
    "VoucherKind",
]
