"""Replays of rules over recorded requests: started, watched, read, taken out."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from approvals.enums import SimulationStatus
from approvals.models import PolicySimulation
from approvals.policies import dump_policy
from approvals.policies.replay_figures import DIRECTIONS
from approvals.selectors.policies import compiled
from approvals.selectors.policy_pages import get_version
from approvals.selectors.simulation_pages import (
    is_under_way,
    line_of,
    progress_words,
    result_context,
)
from approvals.selectors.simulations import (
    get_open_draft,
    get_simulation,
    list_simulations,
    percent_done,
    read_changes,
)
from approvals.services.simulations import (
    LISTED,
    cancel_simulation,
    download_simulation,
    start_simulation,
)
from approvals.views.common import page_links, read_cursor, read_filter
from audit.views.pages import repr_digest
from govapp.common import clock
from govapp.common.errors import DomainError, NotFound
from tenants import rules
from tenants.http import PageRequest

_NOT_A_READER: Final = "Replays are for those who write the rules and those who check them."
_DIRECTIONS: Final = {
    "looser": "Looser",
    "stricter": "Stricter",
    "other": "Other people",
}
_TYPES: Final = {"json": "application/json", "csv": "text/csv; charset=utf-8"}


@require_http_methods(["GET", "HEAD", "POST"])
def simulation_list(request: PageRequest, slug: str) -> HttpResponse:
    """The replays there were, and the way to start one of a draft or a version."""
    if request.method == "POST":
        return _start(request, slug)
    _require_reader(request)
    page = list_simulations(read_cursor(request))
    context = {
        "nav": "policy",
        "lines": [line_of(each) for each in page.rows],
        "page": page_links(request, page.next_position),
        "now": clock.now(),
    }
    return render(request, "approvals/policy/simulations.html", context)


@require_safe
def simulation_detail(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """One replay: its progress, or what came of it and each change."""
    _require_reader(request)
    simulation = get_simulation(ident)
    direction = read_filter(request, "direction", _DIRECTIONS)
    context: dict[str, Any] = {
        "nav": "policy",
        "line": line_of(simulation),
        "simulation": simulation,
        "progress_words": progress_words(simulation),
        "may_edit": rules.may_edit_policy(request.membership),
        "now": clock.now(),
    }
    if simulation.status == SimulationStatus.DONE:
        context |= result_context(simulation.summary) | _changes(request, simulation, direction)
    return render(request, "approvals/policy/simulation.html", context)


@require_safe
def simulation_status(request: PageRequest, slug: str, ident: str) -> JsonResponse:
    """How far a replay is, for the page's script."""
    _require_reader(request)
    simulation = get_simulation(ident)
    response = JsonResponse(
        {
            "status": simulation.status,
            "percent": percent_done(simulation),
            "words": progress_words(simulation),
            "is_over": not is_under_way(simulation),
        }
    )
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def simulation_cancel(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Stop a replay that is under way."""
    return _change(
        request, slug, ident, "The replay was cancelled.",
        lambda found: cancel_simulation(actor=request.membership, simulation=found),
    )  # fmt: skip


@require_POST
def simulation_download(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """The result as a file; taking it is recorded."""
    form = request.POST.get("form", "")
    try:
        content, digest = download_simulation(
            actor=request.membership, simulation=get_simulation(ident), form=form
        )
    except NotFound:
        raise
    except DomainError as error:
        return _back(request, slug, ident, error)
    response = HttpResponse(content, content_type=_TYPES[form])
    response["Content-Disposition"] = f'attachment; filename="{slug}-{ident}.{form}"'
    response["Repr-Digest"] = repr_digest(digest)
    return response


def _start(request: PageRequest, slug: str) -> HttpResponse:
    version = draft = None
    if named := request.POST.get("version", ""):
        version = get_version(named)
        source = version.source or dump_policy(compiled(version))
    else:
        draft = get_open_draft(request.POST.get("draft", ""))
        source = draft.source
    try:
        simulation = start_simulation(
            actor=request.membership,
            source=source,
            period=request.POST.get("period", "90d"),
            draft=draft,
            version=version,
        )
    except DomainError as error:
        if not rules.may_edit_policy(request.membership):
            raise
        messages.error(request, _said(error))
        return redirect("simulation_list", slug)
    return redirect("simulation_detail", slug, simulation.public_id)


def _changes(request: PageRequest, simulation: PolicySimulation, direction: str) -> dict[str, Any]:
    cursor = request.GET.get("cursor", "")
    after = int(cursor) if cursor.isdecimal() and len(cursor) < 9 else 0
    page = read_changes(simulation, after=after, direction=direction)
    counts = simulation.summary["changes"]
    here = reverse("simulation_detail", args=[request.tenant.slug, simulation.public_id])
    return {
        "changes": page.rows,
        "page": {
            "next_cursor": str(page.next_after or ""),
            "first_url": f"?direction={direction}" if after else "",
        },
        "tabs": [
            {"word": "All", "href": here, "count": counts["all"], "current": not direction},
            *(
                {
                    "word": _DIRECTIONS[each],
                    "href": f"{here}?direction={each}",
                    "count": counts[each],
                    "current": direction == each,
                }
                for each in DIRECTIONS
            ),
        ],
        "hidden": max(counts["all"] - LISTED, 0),
        "listed": LISTED,
    }


def _change(request: PageRequest, slug: str, ident: str, done: str, change: Any) -> HttpResponse:
    try:
        change(get_simulation(ident))
        messages.success(request, done)
    except NotFound:
        raise
    except DomainError as error:
        return _back(request, slug, ident, error)
    return redirect("simulation_detail", slug, ident)


def _back(request: PageRequest, slug: str, ident: str, error: DomainError) -> HttpResponse:
    if not rules.may_read_settings(request.membership):
        raise error
    messages.error(request, _said(error))
    return redirect("simulation_detail", slug, ident)


def _said(error: DomainError) -> str:
    return " ".join([error.detail, *(each.detail for each in error.errors[:3])])


def _require_reader(request: PageRequest) -> None:
    rules.require(rules.may_read_settings(request.membership), _NOT_A_READER)
