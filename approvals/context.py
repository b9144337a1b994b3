"""What the shell of every page of a tenant shows of this floor."""

from functools import cache
from typing import Any, cast

from django.http import HttpRequest

from approvals.rules import may_be_approver
from approvals.selectors.findings import count_open
from approvals.selectors.inbox import MOST_COUNTED, count_decidable
from approvals.selectors.open_seats import OpenSeats, read_open_seats
from tenants.http import PageRequest
from tenants.rules import may_read_settings


def inbox(request: HttpRequest) -> dict[str, Any]:
    """Return the counts of the menu: each one statement, when a template asks for it."""
    member = getattr(request, "membership", None)
    counts: dict[str, Any] = {}
    if member is not None and may_be_approver(member):
        counts["inbox_count"] = lambda: count_in_words(waiting_for(cast("PageRequest", request)))
    if member is not None and may_read_settings(member):
        counts["findings_count"] = cache(lambda: count_open() or "")  # the menu is there twice
    return counts


def count_in_words(waiting: int) -> str:
    """Return what a badge says: nothing for none, "99+" for many."""
    most = MOST_COUNTED - 1
    return f"{most}+" if waiting > most else str(waiting or "")


def waiting_for(request: PageRequest) -> int:
    """Return how much waits for who is asking, counted once for each page."""
    known: int | None = getattr(request, "inbox_counted", None)
    if known is None:
        known = count_decidable(request.membership, open_seats(request))
        request.inbox_counted = known  # type: ignore[attr-defined]
    return known


def keep_count(request: PageRequest, waiting: int) -> None:
    """Note how much waits for who is asking, when a page has read all of it: it is not counted."""
    request.inbox_counted = waiting  # type: ignore[attr-defined]


def open_seats(request: PageRequest) -> OpenSeats | None:
    """Return the open seats as whoever is asking sees them, read once for each page.

    None for who is no approver.
    """
    known: OpenSeats | None = getattr(request, "open_seats", None)
    if known is None and may_be_approver(request.membership):
        known = read_open_seats(request.membership)
        request.open_seats = known  # type: ignore[attr-defined]
    return known
