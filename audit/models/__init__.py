from audit.models.log import (
    LedgerCheckpoint,
    LedgerEvent,
    LedgerLeaf,
    LedgerLog,
    LedgerQueueItem,
    LedgerTile,
)
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
    "LedgerCheckpoint",
    "LedgerEvent",
    "LedgerLeaf",
    "LedgerLog",
    "LedgerQueueItem",
    "LedgerTile",
    "Report",
    "ReportAttestation",
    "ReportEvery",
    "ReportSchedule",
    "ReportSignature",
    "ReportStatus",
    "SigningCertificate",
]
