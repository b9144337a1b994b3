"""The inbox: what waits for whoever is asking."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from approvals.ballots import sign_seen
from approvals.context import count_in_words, keep_count, open_seats, waiting_for
from approvals.enums import Purpose, Risk, Verdict, VoteChannel
from approvals.models import ActionRequest, SavedFilter
from approvals.obligations import obligations_of
from approvals.policies.shown import listed
from approvals.rules import is_due, may_be_approver
from approvals.selectors.approvers import Word
from approvals.selectors.inbox import (
    InboxEntry,
    InboxFilters,
    InboxPage,
    is_narrowed,
    last_waited,
    read_decided,
    read_inbox,
)
from approvals.selectors.kill import find_held
from approvals.selectors.saved_filters import agents_and_filters
from approvals.views.common import make_chips, page_links, read_cursor, read_filter
from govapp.common.formats import urgency
from tenants.http import PageRequest

_RISKS: Final = dict(Risk.choices)
_TABS: Final = {"mine": "For me", "all": "All pending", "decided": "Decided by me"}
_GROUPS: Final = (("overdue", "Overdue"), ("soon", "Soon"), ("later", "Later"))
_VOTED: Final = {
    Verdict.APPROVE: "You approved",
    Verdict.DENY: "You denied",
    Verdict.RETURN: "You sent it back",
}


@require_safe
def inbox(request: PageRequest, slug: str) -> HttpResponse:
    """Show one tab of the inbox. The tabs and filters are addresses."""
    member = request.membership
    first = "mine" if may_be_approver(member) else "all"
    tab = read_filter(request, "tab", _TABS) or first
    filters = InboxFilters(
        text=read_filter(request, "q"),
        risk=read_filter(request, "risk", _RISKS),
        agent=read_filter(request, "agent"),
        after=read_cursor(request),
    )
    if tab == "decided":
        page = read_decided(member, filters)
    else:
        page = read_inbox(member, filters, everything=tab == "all", seats=open_seats(request))
    # What is shown was read after this moment, by the same database.
    now = request.began_at
    if tab == "mine" and page.next_position is None and not is_narrowed(filters):
        keep_count(request, len(page.entries))  # all of it is on this page
    held = find_held([entry.request for entry in page.entries], member)
    rows = [
        make_row(entry, request, now, may_decide=tab == "mine", is_held=entry.request.pk in held)
        for entry in page.entries
    ]
    agents, kept = agents_and_filters(request.membership)
    context = {
        "nav": "inbox",
        "now": now,
        "tab": tab,
        "tabs": _tabs(request, tab),
        "filters": filters,
        "risks": Risk.choices,
        "agents": agents,
        "clear_url": f"?tab={tab}",
        "chips": _chips(request, filters),
        "saved": _saved(request, kept),
        "query": request.GET.urlencode(),
        "may_select": any(row["selectable"] for row in rows),
        "groups": [] if tab == "decided" else _grouped(rows),
        "rows": rows,
        "page": page_links(request, page.next_position),
        "live_url": reverse("live", args=[slug]) if tab != "decided" else "",
        **_empty(request, tab, filters, page),
    }
    return render(request, "approvals/inbox.html", context)


def _empty(
    request: PageRequest, tab: str, filters: InboxFilters, page: InboxPage
) -> dict[str, Any]:
    if page.entries or is_narrowed(filters):
        return {"is_narrowed": is_narrowed(filters)}
    last = last_waited(request.membership) if tab == "mine" else None
    return {"is_narrowed": False, "last_waited": last}


def _tabs(request: PageRequest, tab: str) -> list[dict[str, Any]]:
    waiting = waiting_for(request) if may_be_approver(request.membership) else None
    return [
        {
            "word": word,
            "href": f"?tab={key}",
            "current": key == tab,
            "count": count_in_words(waiting or 0) or 0 if key == "mine" else None,
        }
        for key, word in _TABS.items()
        if key == "all" or waiting is not None
    ]


def _chips(request: PageRequest, filters: InboxFilters) -> list[dict[str, Any]]:
    chosen = {
        "q": ("Text", filters.text),
        "risk": ("Risk", _RISKS.get(filters.risk, "")),
        "agent": ("Agent", filters.agent),
    }
    return make_chips(request, chosen)


def _saved(request: PageRequest, kept: Sequence[SavedFilter]) -> list[dict[str, Any]]:
    """Return the person's own tabs."""
    here = sorted((key, value) for key, value in request.GET.items() if key != "cursor" and value)
    return [
        {
            "id": each.public_id,
            "word": each.name,
            "href": f"?{each.query}",
            "current": sorted(parse_qsl(each.query)) == here,
        }
        for each in kept
    ]


def _grouped(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    groups = [
        {"word": word, "rows": [row for row in rows if row["urgency"] == key]}
        for key, word in _GROUPS
    ]
    return [group for group in groups if group["rows"]]


def make_row(
    entry: InboxEntry,
    request: PageRequest,
    now: datetime,
    *,
    may_decide: bool,
    is_held: bool = False,
) -> dict[str, Any]:
    """Return what the row component shows. Only low risk is decided without being opened."""
    ar = entry.request
    url = reverse("request_detail", args=[request.tenant.slug, ar.public_id])
    deadline = ar.deadline_at if ar.is_pending else None
    filled = sum(1 for seat in entry.seats if seat)
    is_low = ar.category is not None and ar.category.risk == Risk.LOW
    # A code is asked for on the page, where what it is given for can be read.
    needs_code = obligations_of(ar).step_up
    # What the row does not show in full has to be opened first.
    is_quick = may_decide and not is_held and is_low and entry.facts.is_whole
    is_quick = is_quick and not needs_code and not is_due(deadline, now)
    words = entry.standing.words if entry.standing else ()
    # In whose name has to be said on the page, where there is a choice.
    is_quick = is_quick and len(words) < 2
    return {
        "id": ar.public_id,
        "url": url,
        "sentence": ar.summary,
        "is_drill": ar.purpose == Purpose.DRILL,
        "risk": ar.category.risk if ar.category else Risk.CRITICAL,
        "agent": ar.agent.name,
        "on_behalf_of": ar.on_behalf_of,
        "rule": _rules(entry.rules),
        "deadline": deadline,
        "status": ar.status,
        "is_break_glass": ar.is_break_glass,
        "is_held": is_held,
        "facts": entry.facts,
        "urgency": urgency(deadline - now) if deadline else "later",
        "votes": entry.seats,
        "votes_words": f"{filled} of {len(entry.seats)}",
        "missing": entry.missing,
        "for_names": _absentees(words),
        "stands_for": words[0].person.member.public_id if len(words) == 1 else "",
        "voted": _VOTED[Verdict(entry.vote.verdict)] if entry.vote else "",
        "voted_at": entry.vote.cast_at if entry.vote else None,
        "review_only": may_decide and not is_quick,
        "needs_code": may_decide and needs_code,
        "vote_url": reverse("request_vote", args=[request.tenant.slug, ar.public_id])
        if is_quick
        else "",
        "seen": _seen(ar, request, now) if is_quick else "",
        "deny_url": f"{url}?choice=deny#vote",
        "selectable": is_quick,
    }


def _seen(ar: ActionRequest, request: PageRequest, now: datetime) -> str:
    reader = request.membership.public_id
    return sign_seen(ar, reader=reader, now=now, channel=VoteChannel.INBOX)


def _absentees(words: Sequence[Word]) -> str:
    """For whom the reader would decide, when not in their own name."""
    is_own = bool(words) and words[0].by is None
    return "" if is_own else listed([word.person.name for word in words], "or")


def _rules(rules: Sequence[str]) -> str:
    if not rules:
        return ""
    return rules[0] if len(rules) == 1 else f"{rules[0]} and {len(rules) - 1} more"
