"""What agents may do of their own accord, read-only environments, and what waits for two."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from govapp.common.forms import refusals_on
from tenants import rules
from tenants.forms_autonomy import AutonomyForm, EnvironmentForm
from tenants.http import PageRequest
from tenants.models import Loosening, Membership
from tenants.selectors import get_agent
from tenants.selectors.autonomy import (
    agents_with_autonomy,
    autonomy_lines,
    environment_lines,
    loosening_id,
    settled_loosenings,
    waiting_loosenings,
)
from tenants.services.autonomy import set_autonomy, set_environment
from tenants.services.loosenings import NOT_ALLOWED, confirm_loosening, withdraw_loosening
from tenants.views.agent_page import AUTONOMY, agent_page, to_agent
from tenants.views.common import flash_refusal, posted

NOT_READER: Final = "Your role does not include what agents may do."
_GET_AND_POST: Final = ["GET", "HEAD", "POST"]


@require_http_methods(_GET_AND_POST)
def levels(request: PageRequest, slug: str) -> HttpResponse:
    """Show the levels that are set and what waits; set one for every agent."""
    rules.require(rules.may_read_settings(request.membership), NOT_READER)
    form = AutonomyForm(posted(request))
    if form.is_bound:
        rules.require(rules.may_set_autonomy(request.membership), NOT_ALLOWED)
    if form.is_bound and form.is_valid():
        with refusals_on(form):
            said = set_autonomy(actor=request.membership, agent=None, **form.cleaned_data)
            tell(request, said)
            return redirect("autonomy", slug)
    context = waiting(request) | {
        "tab": "levels",
        "form": form,
        "for_all": autonomy_lines(None),
        "for_some": agents_with_autonomy(),
        "settled": settled_loosenings(),
    }
    return page(request, "levels", context, is_wrong=form.is_bound)


@require_http_methods(_GET_AND_POST)
def environments(request: PageRequest, slug: str) -> HttpResponse:
    """Show which environments are read-only; change one."""
    rules.require(rules.may_read_settings(request.membership), NOT_READER)
    form = EnvironmentForm(posted(request))
    if form.is_bound:
        rules.require(rules.may_set_autonomy(request.membership), NOT_ALLOWED)
    if form.is_bound and form.is_valid():
        with refusals_on(form):
            tell(request, set_environment(actor=request.membership, **form.cleaned_data))
            return redirect("environments", slug)
    context = waiting(request) | {
        "tab": "environments",
        "form": form,
        "lines": environment_lines(),
    }
    return page(request, "environments", context, is_wrong=form.is_bound)


@require_POST
def agent_autonomy(request: PageRequest, slug: str, agent: str) -> HttpResponse:
    """Set what one agent may do in a category."""
    found, form = get_agent(agent), AutonomyForm(request.POST, auto_id="autonomy_%s")
    rules.require(rules.may_set_autonomy(request.membership), NOT_ALLOWED)
    if form.is_valid():
        with refusals_on(form):
            tell(request, set_autonomy(actor=request.membership, agent=found, **form.cleaned_data))
            return to_agent(slug, agent, AUTONOMY)
    return agent_page(request, found, autonomy_form=form)


@require_POST
def confirm(request: PageRequest, slug: str, change: str) -> HttpResponse:
    """Let something hold that somebody else asked for."""
    return _settled(request, slug, change, confirm_loosening, "Confirmed, it holds from now on")


@require_POST
def withdraw(request: PageRequest, slug: str, change: str) -> HttpResponse:
    """Let something that waits not hold."""
    return _settled(request, slug, change, withdraw_loosening, "Withdrawn, nothing has changed")


def waiting(request: PageRequest) -> dict[str, Any]:
    """Return what every page of this shows of what waits."""
    return {
        "waiting": waiting_loosenings(),
        "me": request.membership.pk,
        "may_set": rules.may_set_autonomy(request.membership),
        "back": request.path,
    }


def tell(request: PageRequest, waits: Loosening | None) -> None:
    """Say whether it holds, or waits for a second person."""
    if waits is None:
        messages.success(request, "It holds from the next request on.")
    elif waits.settled_at is not None:
        messages.success(request, "It holds from now on. One person decided it: that is recorded.")
    else:
        messages.warning(
            request, "It gives agents more, so it waits: somebody else has to confirm it."
        )


def page(
    request: PageRequest, name: str, context: dict[str, Any], *, is_wrong: bool = False
) -> HttpResponse:
    """Render one page of autonomy."""
    shown = {"nav": "autonomy"} | context
    return render(request, f"tenants/autonomy/{name}.html", shown, status=422 if is_wrong else 200)


def _settled(
    request: PageRequest,
    slug: str,
    change: str,
    settle: Callable[..., Loosening],
    words: str,
) -> HttpResponse:
    actor: Membership = request.membership
    ident: UUID = loosening_id(change)
    with flash_refusal(request):
        settled = settle(actor=actor, loosening_id=ident)
        messages.success(request, f"{words}: {settled.sentence}")
    back = request.POST.get("back", "")
    if back.startswith(f"/t/{slug}/") and url_has_allowed_host_and_scheme(back, None):
        return redirect(back)
    return redirect("autonomy", slug)
