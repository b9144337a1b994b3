"""Delegations: who handed what to whom, as trees; one of them, and cutting it."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from approvals.forms.delegations import RevokeForm
from approvals.rules import may_revoke_delegation
from approvals.selectors.delegation_pages import Shown, grow, read_trees, show_delegation
from approvals.services.delegations import revoke_delegation
from approvals.views.common import make_chips, page_links, read_cursor, read_filter, status_of
from govapp.common import clock
from govapp.common.errors import Conflict, DomainError, NotFound
from govapp.common.forms import refusals_on
from tenants.http import PageRequest
from tenants.models import Agent
from tenants.selectors import get_agent

_HOW: Final = (
    "An agent hands part of its rights to another one through the API; it is shown here as a tree,"
    " and can be cut."
)
_WHICH: Final = {"live": "In force", "all": "All"}


@require_safe
def delegation_list(request: PageRequest, slug: str) -> HttpResponse:
    """Show trees of delegations: all, or those that an agent is part of."""
    which = read_filter(request, "which", _WHICH) or "live"
    agent = _agent(request)
    page = read_trees(after=read_cursor(request), only_live=which == "live", agent=agent)
    context: dict[str, Any] = {
        "nav": "delegations",
        "agent": agent,
        "which": which,
        "chips": make_chips(request, {"agent": ("Agent", agent.name if agent else "")}),
        "trees": grow(list(page.rows), clock.now()),
        "page": page_links(request, page.next_position),
    }
    if not context["trees"]:
        context |= _empty(which, agent)
    return render(request, "approvals/delegations/list.html", context)


@require_safe
def delegation_detail(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Show one link: what it allows, what came of it, and what cutting it would end."""
    return _page(request, show_delegation(ident), RevokeForm())


@require_POST
def delegation_revoke(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Cut a link and everything under it."""
    shown, form = show_delegation(ident), RevokeForm(request.POST)
    if not form.is_valid():
        return _page(request, shown, form)
    try:
        with refusals_on(form, passing=(Conflict,)):
            revoke_delegation(
                actor=request.membership,
                delegation_id=shown.node.delegation.pk,
                reason=form.cleaned_data["reason"],
            )
    except Conflict as refusal:
        return _page(request, show_delegation(ident), form, refusal)
    if form.errors:
        return _page(request, shown, form)
    messages.success(request, "It is cut, with everything under it, from the next request on.")
    return redirect("delegation_detail", slug, ident)


def _empty(which: str, agent: Agent | None) -> dict[str, str]:
    """Say what there is none of, and whose."""
    if which == "live":
        title = "No delegation is in force"
        if agent is not None:
            title = f"{agent.name} is part of no delegation that is in force"
        return {"empty_title": title, "empty_text": f"{_HOW} Those that ended are under All."}
    title = "Nothing was ever handed on"
    if agent is not None:
        title = f"{agent.name} was never part of a delegation"
    return {"empty_title": title, "empty_text": _HOW}


def _agent(request: PageRequest) -> Agent | None:
    named = read_filter(request, "agent")
    try:
        return get_agent(named) if named else None
    except NotFound:
        return None


def _page(
    request: PageRequest, shown: Shown, form: RevokeForm, refusal: DomainError | None = None
) -> HttpResponse:
    delegation = shown.node.delegation
    may_revoke = may_revoke_delegation(request.membership, delegation)
    context: dict[str, Any] = {
        "nav": "delegations",
        "shown": shown,
        "delegation": delegation,
        "may_revoke": may_revoke and shown.node.status == "live",
        "form": form,
        "refusal": refusal,
    }
    status = 422 if form.errors else 200
    return render(
        request,
        "approvals/delegations/detail.html",
        context,
        status=status_of(refusal) if refusal else status,
    )
