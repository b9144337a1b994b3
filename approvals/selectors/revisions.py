"""What an action said before and after approvers changed it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from approvals.digests import canonical_json
from approvals.models import ActionRequest, RequestRevision


@dataclass(frozen=True)
class ShownChange:
    """One field, in words; "" is what was not there."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class ShownRevision:
    """One change of an action: who, when, and what of it."""

    at: datetime
    by: str
    changes: tuple[ShownChange, ...]
    former_digest: str
    # Both empty when the sentence stayed.
    former_summary: str = ""
    summary: str = ""


def read_revisions(request: ActionRequest) -> list[RequestRevision]:
    """Return the states of a request's action, as submitted first; none when it never changed.

    One statement; none while nothing can have changed.
    """
    if request.version == 1:
        return []
    rows = RequestRevision.objects.filter(request=request).select_related("changed_by__user")
    return list(rows.defer("trace").order_by("request_version"))


def show_revisions(revisions: Sequence[RequestRevision]) -> tuple[ShownRevision, ...]:
    """Return each change as the page shows it, the oldest first."""
    return tuple(
        ShownRevision(
            at=revision.created_at,
            by=revision.changed_by.user.name if revision.changed_by else "",
            changes=tuple(show_change(each) for each in revision.changes),
            former_digest=former.payload_digest,
            former_summary=former.summary if former.summary != revision.summary else "",
            summary=revision.summary if former.summary != revision.summary else "",
        )
        for former, revision in pairwise(revisions)
    )


def show_change(change: dict[str, Any]) -> ShownChange:
    """Return one change of a revision in words."""
    return ShownChange(change["field"], value_text(change["before"]), value_text(change["after"]))


def value_text(value: Any) -> str:
    """Return a JSON value as a person reads it: text as it is, anything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else canonical_json(value).decode()
