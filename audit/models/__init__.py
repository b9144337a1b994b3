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
from audit.models.keeping import HoldKind, LegalHold, PrunedRange, Pruning, PruningStatus
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
from audit.models.search import LedgerWords, WordsCursor
from audit.models.signing import SigningCertificate
from audit.models.streams import AuditStream, StreamKind, StreamState, StreamTest

__all__ = [
    "AuditSearch",
    "AuditStream",
    "Cosignature",
    "DirectoryCheckpoint",
    "DirectoryEntry",
    "DirectoryKey",
    "DirectoryLog",
    "DirectoryTile",
    "ExportJob",
    "ExportPiece",
    "HoldKind",
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
    "LedgerWords",
    "LegalHold",
    "PrunedRange",
    "Pruning",
    "PruningStatus",
    "Report",
    "ReportAttestation",
    "ReportEvery",
    "ReportSchedule",
    "ReportSignature",
    "ReportStatus",
    "SigningCertificate",
    "StreamKind",
    "StreamState",
    "StreamTest",
    "TimeStamp",
    "Voucher",
    "VoucherKind",
    "WordsCursor",
]
