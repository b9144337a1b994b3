"""What the shell of every page of a tenant shows of this floor."""

from typing import Any, cast

from django.http import HttpRequest

from approvals.rules import may_be_approver
from approvals.selectors.inbox import count_decidable
from tenants.http import PageRequest


def inbox(request: HttpRequest) -> dict[str, Any]:
    """Return `inbox_count` for approvers: one statement, when a template asks for it."""
    member = getattr(request, "membership", None)
    if member is None or not may_be_approver(member):
        return {}
    return {"inbox_count": lambda: waiting_for(cast("PageRequest", request))}


def waiting_for(request: PageRequest) -> int:
    """Return how much waits for who is asking, counted once for each page."""
    known: int | None = getattr(request, "inbox_counted", None)
    if known is None:
        known = count_decidable(request.membership)
        request.inbox_counted = known  # type: ignore[attr-defined]
    return known
