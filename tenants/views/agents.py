"""Agents: the list, one agent with its keys, registering and changing."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from govapp.common.forms import refusals_on
from tenants import rules
from tenants.forms import AgentForm, ReasonForm, RetireForm
from tenants.forms_autonomy import AutonomyForm, RaiseForm
from tenants.forms_keys import KeyForm
from tenants.http import PageRequest
from tenants.models import Agent
from tenants.selectors import agents, credentials_of, get_agent
from tenants.selectors.autonomy import autonomy_lines
from tenants.selectors.budget_pages import budgets_of
from tenants.selectors.integrations import grants_of_agent
from tenants.selectors.trust import raisable, trust_of
from tenants.services.agents import (
    change_agent,
    pause_agent,
    register_agent,
    resume_agent,
    retire_agent,
)
from tenants.views.common import flash_refusal, posted

_NOT_OWNER = "Only an owner can manage agents."


@require_safe
def agent_list(request: PageRequest, slug: str) -> HttpResponse:
    context = {
        "nav": "agents",
        "agents": agents(),
        "may_manage": rules.may_manage_agents(request.membership),
    }
    return render(request, "tenants/agent_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def register(request: PageRequest, slug: str) -> HttpResponse:
    rules.require(rules.may_manage_agents(request.membership), _NOT_OWNER)
    form = AgentForm(posted(request), initial={"owner": request.membership.pk})
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            made = register_agent(actor=request.membership, **form.cleaned_data)
            messages.success(request, f"{made.name} is registered. Give it a key.")
            return redirect("agent_detail", slug, made.public_id)
    status = 422 if request.method == "POST" else 200
    return render(
        request, "tenants/agent_form.html", {"nav": "agents", "form": form}, status=status
    )


@require_safe
def agent(request: PageRequest, slug: str, agent: str) -> HttpResponse:
    return agent_page(request, get_agent(agent))


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: PageRequest, slug: str, agent: str) -> HttpResponse:
    found = get_agent(agent)
    rules.require(rules.may_manage_agents(request.membership), _NOT_OWNER)
    form = AgentForm(posted(request), is_new=False, initial=AgentForm.values_of(found))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            changed = change_agent(actor=request.membership, agent=found, **form.cleaned_data)
            messages.success(request, f"{changed.name} is saved.")
            return redirect("agent_detail", slug, agent)
    context = {"nav": "agents", "form": form, "agent": found}
    status = 422 if request.method == "POST" else 200
    return render(request, "tenants/agent_form.html", context, status=status)


@require_POST
def pause(request: PageRequest, slug: str, agent: str) -> HttpResponse:
    found, form = get_agent(agent), ReasonForm(request.POST)
    rules.require(
        rules.may_pause_agent(request.membership, found),
        "Only an owner, compliance or the owner of the agent can pause it.",
    )
    if form.is_valid():
        with refusals_on(form):
            pause_agent(actor=request.membership, agent=found, **form.cleaned_data)
            messages.success(request, f"{found.name} is paused. Its keys are refused.")
            return redirect("agent_detail", slug, agent)
    return agent_page(request, found, pause_form=form)


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
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            reason = form.cleaned_data["reason"]
            retire_agent(actor=request.membership, agent=found, reason=reason)
            messages.success(request, f"{found.name} is retired. Its keys are revoked.")
            return redirect("agent_detail", slug, agent)
    context = {"nav": "agents", "agent": found, "form": form}
    status = 422 if request.method == "POST" else 200
    return render(request, "tenants/agent_retire.html", context, status=status)


def agent_page(request: PageRequest, agent: Agent, **bound: forms.Form) -> HttpResponse:
    """Render one agent, with a form that was filled in wrongly if there is one."""
    trust = trust_of(agent)
    reads_reach = rules.may_read_integrations(request.membership)
    context = {
        "nav": "agents",
        "agent": agent,
        "trust": trust,
        "autonomy": autonomy_lines(agent),
        "may_set": rules.may_set_autonomy(request.membership),
        "autonomy_form": AutonomyForm(auto_id="autonomy_%s"),
        "raise_form": RaiseForm(tiers=raisable(trust), auto_id="raise_%s"),
        "lower_form": RaiseForm(tiers=trust.lower, auto_id="lower_%s"),
        "keys": credentials_of(agent),
        "reads_reach": reads_reach,
        "reach": grants_of_agent(agent.pk) if reads_reach else [],
        "may_manage": rules.may_manage_agents(request.membership),
        "may_pause": rules.may_pause_agent(request.membership, agent),
        "pause_form": ReasonForm(),
        "key_form": KeyForm(),
        "budgets": budgets_of(agent) if rules.may_read_settings(request.membership) else [],
        **bound,
    }
    return render(request, "tenants/agent_detail.html", context, status=422 if bound else 200)
