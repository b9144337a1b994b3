"""How far agents are trusted: what each tier asks for, raising and lowering one agent's."""

from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from govapp.common.forms import refusals_on
from tenants import rules
from tenants.forms_autonomy import RaiseForm, StandardsForm
from tenants.http import PageRequest
from tenants.selectors import get_agent
from tenants.selectors.trust import (
    proposed_raises,
    raisable,
    standards_of_tenant,
    standards_row,
    trust_of,
)
from tenants.services.loosenings import NOT_ALLOWED
from tenants.services.trust import lower_trust, raise_trust, set_standards
from tenants.views.agent_page import AUTONOMY, agent_page, to_agent
from tenants.views.autonomy import NOT_READER, page, tell, waiting
from tenants.views.common import posted

_NOT_LOWERED: Final = "Only an owner, compliance or the owner of the agent can lower its tier."


@require_safe
def standards(request: PageRequest, slug: str) -> HttpResponse:
    """Show what each tier asks for, and who has earned more than they have."""
    rules.require(rules.may_read_settings(request.membership), NOT_READER)
    holding = standards_of_tenant()
    context = waiting(request) | {
        "tab": "trust",
        "standards": holding,
        "form": StandardsForm(initial=StandardsForm.values_of(holding)),
        "row": standards_row(),
        "proposed": proposed_raises(),
    }
    return page(request, "trust", context)


@require_http_methods(["GET", "HEAD", "POST"])
def standards_change(request: PageRequest, slug: str) -> HttpResponse:
    """Say what each tier asks for."""
    rules.require(rules.may_set_autonomy(request.membership), NOT_ALLOWED)
    form = StandardsForm(posted(request), initial=StandardsForm.values_of(standards_of_tenant()))
    if form.is_bound and form.is_valid():
        with refusals_on(form):
            reason = form.cleaned_data["reason"]
            said = set_standards(
                actor=request.membership, standards=form.standards(), reason=reason
            )
            tell(request, said)
            return redirect("trust", slug)
    return page(request, "trust_change", {"form": form}, is_wrong=form.is_bound)


@require_POST
def agent_raise(request: PageRequest, slug: str, agent: str) -> HttpResponse:
    """Trust an agent more, as it has earned."""
    found = get_agent(agent)
    rules.require(rules.may_set_autonomy(request.membership), NOT_ALLOWED)
    form = RaiseForm(request.POST, tiers=raisable(trust_of(found)), auto_id="raise_%s")
    if form.is_valid():
        with refusals_on(form):
            raised = raise_trust(actor=request.membership, agent=found, **form.cleaned_data)
            tier = raised.get_trust_tier_display().lower()
            messages.success(request, f"{raised.name} has the tier {tier} from now on.")
            return to_agent(slug, agent, AUTONOMY)
    return agent_page(request, found, raise_form=form)


@require_POST
def agent_lower(request: PageRequest, slug: str, agent: str) -> HttpResponse:
    """Trust an agent less."""
    found = get_agent(agent)
    rules.require(rules.may_pause_agent(request.membership, found), _NOT_LOWERED)
    form = RaiseForm(request.POST, tiers=trust_of(found).lower, auto_id="lower_%s")
    if form.is_valid():
        with refusals_on(form):
            lowered = lower_trust(actor=request.membership, agent=found, **form.cleaned_data)
            tier = lowered.get_trust_tier_display().lower()
            messages.success(request, f"{lowered.name} has the tier {tier} from now on.")
            return to_agent(slug, agent, AUTONOMY)
    return agent_page(request, found, lower_form=form)
