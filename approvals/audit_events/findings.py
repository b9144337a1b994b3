"""What the watch found that must not exist, and when it was gone."""

from approvals.models import Finding
from audit.actors import SYSTEM, Subject
from audit.services import record


def finding_opened(*, finding: Finding) -> None:
    """Something exists that must not."""
    _record("finding.opened", finding, finding.text)


def finding_cleared(*, finding: Finding) -> None:
    """What was found is found no more."""
    _record("finding.cleared", finding, f"No longer so: {finding.text}")


def _record(event_type: str, finding: Finding, summary: str) -> None:
    record(
        event_type=event_type,
        actor=SYSTEM,
        subject=Subject("finding", finding.key, finding.kind),
        summary=summary,
        data={"kind": finding.kind, "found_at": finding.found_at.isoformat()},
        request_id=finding.request_id,
        delegation=finding.request.delegation_chain if finding.request else (),
    )
