"""Insights: times, load, and who only nods."""

from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from approvals.selectors.insights import PERIODS, Insights, Period, PersonRow, read_insights
from approvals.views.common import read_filter
from approvals.views.insights_spending import spending_context
from govapp.common import clock
from govapp.common.charts import Series, share_text
from govapp.common.formats import span_two
from govapp.common.ids import public_id
from tenants.enums import Role
from tenants.http import PageRequest
from tenants.rules import has_role, may_read_settings, require

_FIRST: Final = "30"
_SHOWN: Final = (
    ("approved", "Approved", "ok"),
    ("allowed", "Allowed by rule", "1"),
    ("denied", "Denied", "bad"),
    ("blocked", "Blocked", "2"),
    ("returned", "Sent back", "warn"),
    ("expired", "Expired", "neutral"),
    ("pending", "Waiting", "5"),
)
_MOST_BARS: Final = 12


@require_safe
def insights(request: PageRequest, slug: str) -> HttpResponse:
    """Show one period. It is part of the address."""
    require(
        may_read_settings(request.membership),
        "Only owners, compliance and auditors read the insights.",
    )
    chosen = read_filter(request, "days", {each: each for each in PERIODS}) or _FIRST
    now = clock.now()
    period = Period(now - timedelta(days=PERIODS[chosen]), now, request.tenant.time_zone)
    is_compliance = has_role(request.membership, Role.COMPLIANCE)
    found = read_insights(period, with_canaries=is_compliance)
    kept = {name: request.GET[name] for name in ("of", "measure") if name in request.GET}
    context = {
        "nav": "insights",
        "now": now,
        "found": found,
        "tabs": [
            {
                "word": f"{each} days",
                "href": f"?{urlencode(kept | {'days': each})}",
                "current": each == chosen,
            }
            for each in PERIODS
        ],
        "stats": _stats(found),
        "spending": spending_context(request, period, found.days),
        "days_chosen": chosen,
        "zone": request.tenant.time_zone,
        "labels": [f"{day:%d %b}" for day in found.days],
        "outcomes": [
            Series(word, found.by_day[status], tone)
            for status, word, tone in _SHOWN
            if status in found.by_day
        ],
        "stages": [_stage(row) for row in found.stages],
        "people": [_person(row) for row in found.people],
        "load_labels": [row.name for row in found.people[:_MOST_BARS]],
        "load": [
            Series("Answered", tuple(row.votes for row in found.people[:_MOST_BARS]), "1"),
            Series(
                "Asked, not answered",
                tuple(max(row.asked - row.votes, 0) for row in found.people[:_MOST_BARS]),
                "neutral",
            ),
        ],
        "agents": [
            {
                "row": row,
                "id": public_id("ag", row.agent_id),
                "share": _share(row.refused, row.requests),
            }
            for row in found.agents
        ],
    }
    return render(request, "approvals/insights.html", context)


def _stats(found: Insights) -> list[dict[str, str]]:
    every, allowed = found.count(), found.count("allowed")
    expired = found.count("expired")
    return [
        {"label": "Requests", "value": f"{every:,}", "note": ""},
        {"label": "Allowed by rule", "value": _share(allowed, every), "note": "nobody was asked"},
        {"label": "Time to a decision", "value": _span(found.median), "note": "median"},
        {"label": "The slowest 5%", "value": _span(found.slow), "note": "or longer"},
        {
            "label": "Escalated",
            "value": _share(found.escalated, found.asked),
            "note": "of those asked",
        },
        {
            "label": "Expired",
            "value": _share(expired, found.asked),
            "note": "nobody answered in time",
        },
    ]


def _stage(row: Any) -> dict[str, Any]:
    return {
        "row": row,
        "median": _span(row.median),
        "slow": _span(row.slow),
        "escalated": _share(row.escalated, row.opened),
        "expired": _share(row.expired, row.opened),
    }


def _person(row: PersonRow) -> dict[str, Any]:
    return {
        "row": row,
        "id": public_id("mem", row.member_id),
        "median": _span(row.median),
        "approved": _share(row.approved, row.votes),
        "fast": _share(row.fast, row.votes),
    }


def _span(seconds: float | None) -> str:
    return "none yet" if seconds is None else span_two(timedelta(seconds=seconds))


def _share(part: int, whole: int) -> str:
    return share_text(part, whole) if whole else "none yet"
