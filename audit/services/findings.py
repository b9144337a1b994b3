"""What a verification found, in words for whoever has to find the place."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

MOST_KEPT: Final = 200
"""After so many the rest is only counted: a wrecked ledger must not fill the memory."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference: what kind, where (index, event, time), and what differs."""

    kind: str
    what: str
    index: int | None = None
    event_id: str = ""
    at: datetime | None = None

    def __str__(self) -> str:
        place = []
        if self.index is not None:
            place.append(f"index {self.index}")
        if self.event_id:
            place.append(f"event {self.event_id}")
        if self.at is not None:
            place.append(f"at {self.at.astimezone(UTC).isoformat(timespec='microseconds')}")
        where = ", ".join(place)
        return f"{self.kind}: {self.what}" + (f" ({where})" if where else "")


@dataclass
class Verification:
    """What was looked at in one tenant's record, and what did not fit."""

    tenant_id: UUID | None
    origin: str = ""
    size: int = 0
    events: int = 0
    pruned: int = 0
    checkpoints: int = 0
    tiles: int = 0
    queued: int = 0
    outside_size: int | None = None
    findings: list[Finding] = field(default_factory=list)
    findings_not_kept: int = 0

    @property
    def is_intact(self) -> bool:
        """Whether everything fitted."""
        return not self.findings

    def found(self, finding: Finding) -> None:
        """Keep a finding."""
        if len(self.findings) < MOST_KEPT:
            self.findings.append(finding)
        else:
            self.findings_not_kept += 1
