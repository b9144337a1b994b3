"""Every request, newest first, under filters that are addresses."""

from datetime import timedelta
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from approvals.enums import RequestStatus, Risk
from approvals.models import ActionRequest
from approvals.selectors.request_list import (
    ListFilters,
    agent_names,
    category_keys,
    read_requests,
)
from approvals.views.common import make_chips, page_links, read_cursor, read_filter
from tenants.http import PageRequest

_STATUSES: Final = dict(RequestStatus.choices)
_PERIODS: Final = {"1": "Last 24 hours", "7": "Last 7 days", "30": "Last 30 days"}


@require_safe
def request_list(request: PageRequest, slug: str) -> HttpResponse:
    """Show a page of requests."""
    now = request.began_at
    period = read_filter(request, "period", _PERIODS)
    filters = ListFilters(
        status=read_filter(request, "status", _STATUSES),
        category=read_filter(request, "category"),
        agent=read_filter(request, "agent"),
        since=now - timedelta(days=int(period)) if period else None,
        text=read_filter(request, "q"),
        after=read_cursor(request),
    )
    found = read_requests(filters)
    chips = make_chips(
        request,
        {
            "q": ("Text", filters.text),
            "status": ("Status", _STATUSES.get(filters.status, "")),
            "category": ("Category", filters.category),
            "agent": ("Agent", filters.agent),
            "period": ("Period", _PERIODS.get(period, "")),
        },
    )
    context = {
        "nav": "requests",
        "now": now,
        "rows": [_row(slug, each) for each in found.rows],
        "filters": filters,
        "period": period,
        "periods": _PERIODS.items(),
        "statuses": RequestStatus.choices,
        "categories": category_keys(),
        "agents": agent_names(),
        "chips": chips,
        "page": page_links(request, found.next_position),
    }
    return render(request, "approvals/request_list.html", context)


def _row(slug: str, ar: ActionRequest) -> dict[str, Any]:
    return {
        "id": ar.public_id,
        "url": reverse("request_detail", args=[slug, ar.public_id]),
        "sentence": ar.summary,
        "category": ar.category.name if ar.category else ar.category_key,
        "risk": ar.category.risk if ar.category else Risk.CRITICAL,
        "agent": ar.agent.name,
        "on_behalf_of": ar.on_behalf_of,
        "status": ar.status,
        "is_break_glass": ar.is_break_glass,
        "decided_by": ar.decided_by_name,
        "submitted_at": ar.submitted_at,
    }
