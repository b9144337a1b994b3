"""The tasks of agents: a list, and each with its graph."""

from typing import Final

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from approvals.selectors.run_pages import MOST_DRAWN, read_run_page
from approvals.selectors.runs import find_run, list_runs
from approvals.views.common import make_chips, page_links, read_cursor, read_filter
from tenants.http import PageRequest
from tenants.models import Agent

_STATES: Final = {"open": "Open"}


@require_safe
def run_list(request: PageRequest, slug: str) -> HttpResponse:
    """Show a page of runs, newest first."""
    state = read_filter(request, "state", _STATES)
    agent = read_filter(request, "agent")
    agents = {each.public_id: each.name for each in Agent.objects.order_by("name", "pk")}
    found = list_runs(agent=agent, is_open=state == "open", after=read_cursor(request))
    named = agents.get(agent, agent)
    chips = make_chips(
        request, {"agent": ("Agent", named), "state": ("State", _STATES.get(state, ""))}
    )
    context = {
        "nav": "runs",
        "now": request.began_at,
        "rows": found.rows,
        "agents": agents.items(),
        "agent": agent,
        "states": _STATES.items(),
        "state": state,
        "chips": chips,
        "page": page_links(request, found.next_position),
    }
    return render(request, "approvals/runs/list.html", context)


@require_safe
def run_detail(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Show one run: what was read, called and written, what flowed where, and its record."""
    run = find_run(ident)
    context = {
        "nav": "runs",
        "now": request.began_at,
        "run": run,
        "shown": read_run_page(run),
        "most_drawn": MOST_DRAWN,
    }
    return render(request, "approvals/runs/detail.html", context)
