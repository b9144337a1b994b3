"""Agents: the list, registering and changing; pausing and retiring."""

from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants import rules
from tenants.forms import AgentForm, ReasonForm, RetireForm
from tenants.http import PageRequest
from tenants.selectors import agents, get_agent
from tenants.services.agents import (
    change_agent,
    pause_agent,
    register_agent,
    resume_agent,
    retire_agent,
)
from tenants.views.agent_page import agent_page
from tenants.views.common import flash_refusal, form_page, posted, save_or_show

_NOT_OWNER: Final = "Only an owner can manage agents."
_NOT_PAUSED: Final = "Only an owner, compliance or the owner of the agent can pause it."
_FORM: Final = "tenants/agent_form.html"
_RETIRE: Final = "tenants/agent_retire.html"


@require_safe
def agent_list(request: PageRequest, slug: str) -> HttpResponse:
    member = request.membership
    found = list(agents())
    context = {
        "nav": "agents",
        "rows": [(each, rules.may_throw_kill_switch(member, each)) for each in found],
        "may_manage": rules.may_manage_agents(member),
    }
    return render(request, "tenants/agent_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def register(request: PageRequest, slug: str) -> HttpResponse:
    rules.require(rules.may_manage_agents(request.membership), _NOT_OWNER)
    form = AgentForm(posted(request), initial={"owner": request.membership.pk})

    def save() -> HttpResponse:
        made = register_agent(actor=request.membership, **form.cleaned_data)
        messages.success(request, f"{made.name} is registered. Give it a key.")
        return redirect("agent_detail", slug, made.public_id)

    return save_or_show(form, save, lambda: form_page(request, _FORM, form, nav="agents"))


@require_safe
def agent(request: PageRequest, slug: str, agent: str) -> HttpResponse:
    return agent_page(request, get_agent(agent))


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: PageRequest, slug: str, agent: str) -> HttpResponse:
    found = get_agent(agent)
    rules.require(rules.may_manage_agents(request.membership), _NOT_OWNER)
    form = AgentForm(posted(request), is_new=False, initial=AgentForm.values_of(found))

    def save() -> HttpResponse:
        changed = change_agent(actor=request.membership, agent=found, **form.cleaned_data)
        messages.success(request, f"{changed.name} is saved.")
        return redirect("agent_detail", slug, agent)

    def show() -> HttpResponse:
        return form_page(request, _FORM, form, nav="agents", agent=found)

    return save_or_show(form, save, show)


@require_POST
def pause(request: PageRequest, slug: str, agent: str) -> HttpResponse:
    found, form = get_agent(agent), ReasonForm(request.POST)
    rules.require(rules.may_pause_agent(request.membership, found), _NOT_PAUSED)

    def save() -> HttpResponse:
        pause_agent(actor=request.membership, agent=found, **form.cleaned_data)
        messages.success(request, f"{found.name} is paused. Its keys are refused.")
        return redirect("agent_detail", slug, agent)

    return save_or_show(form, save, lambda: agent_page(request, found, pause_form=form))


@require_POST
def resume(request: PageRequest, slug: str, agent: str) -> HttpResponse:
    found = get_agent(agent)
    with flash_refusal(request):
        resume_agent(actor=request.membership, agent=found)
        messages.success(request, f"{found.name} may act again.")
    return redirect("agent_detail", slug, agent)


@require_http_methods(["GET", "HEAD", "POST"])
def retire(request: PageRequest, slug: str, agent: str) -> HttpResponse:
    """Ask once more, then retire."""
    found, form = get_agent(agent), RetireForm(posted(request))
    rules.require(rules.may_manage_agents(request.membership), _NOT_OWNER)

    def save() -> HttpResponse:
        reason = form.cleaned_data["reason"]
        retire_agent(actor=request.membership, agent=found, reason=reason)
        messages.success(request, f"{found.name} is retired. Its keys are revoked.")
        return redirect("agent_detail", slug, agent)

    def show() -> HttpResponse:
        return form_page(request, _RETIRE, form, nav="agents", agent=found)

    return save_or_show(form, save, show)
