"""The page of one agent: a summary, and behind tabs what it may reach, decide and is given."""

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse

from tenants import rules
from tenants.forms import ReasonForm
from tenants.forms_autonomy import AutonomyForm, RaiseForm
from tenants.forms_keys import KeyForm
from tenants.http import PageRequest
from tenants.models import Agent
from tenants.selectors import credentials_of
from tenants.selectors.autonomy import autonomy_lines
from tenants.selectors.budget_pages import budgets_of
from tenants.selectors.integrations import alerts_of_agent, grantable, grants_of_agent
from tenants.selectors.kill import thrown_for_page
from tenants.selectors.trust import raisable, trust_of

OVERVIEW: Final = "overview"
REACH: Final = "reach"
AUTONOMY: Final = "autonomy"
DELEGATIONS: Final = "delegations"
KEYS: Final = "keys"
_TABS: Final = {
    OVERVIEW: "Overview",
    REACH: "Integrations",
    AUTONOMY: "Autonomy and trust",
    DELEGATIONS: "Delegations",
    KEYS: "Keys",
}
# Where each form of the page is.
_TAB_OF: Final = {
    "pause_form": OVERVIEW,
    "autonomy_form": AUTONOMY,
    "raise_form": AUTONOMY,
    "lower_form": AUTONOMY,
    "key_form": KEYS,
}


def to_agent(slug: str, ident: str, tab: str) -> HttpResponseRedirect:
    """Lead back to where something was pressed on an agent's page."""
    return redirect(f"{reverse('agent_detail', args=[slug, ident])}?tab={tab}")


def agent_page(request: PageRequest, agent: Agent, **bound: forms.Form) -> HttpResponse:
    """Render one agent, with a form that was filled in wrongly if there is one."""
    member = request.membership
    reads_reach = rules.may_read_integrations(member)
    shown = [tab for tab in _TABS if tab != REACH or reads_reach]
    asked = next((_TAB_OF[name] for name in bound), request.GET.get("tab", ""))
    tab = asked if asked in shown else OVERVIEW
    holding = _holding(request, agent)
    context = {
        "nav": "agents",
        "agent": agent,
        "tab": tab,
        "tabs": _links(request, agent, shown, tab),
        "reads_reach": reads_reach,
        "may_manage": rules.may_manage_agents(member) and agent.status != "retired",
        "may_pause": rules.may_pause_agent(member, agent),
        "may_set": rules.may_set_autonomy(member),
        "holding": holding,
        "is_stopped": any(each.agent_id == agent.pk for each in holding),
        **_PARTS[tab](request, agent),
        **bound,
    }
    return render(request, "tenants/agents/page.html", context, status=422 if bound else 200)


def _overview(request: PageRequest, agent: Agent) -> dict[str, Any]:
    member = request.membership
    reads_reach = rules.may_read_integrations(member)
    reads_settings = rules.may_read_settings(member)
    return {
        "reach": grants_of_agent(agent.pk) if reads_reach else [],
        "alerts": alerts_of_agent(agent.pk) if reads_reach else [],
        "autonomy": autonomy_lines(agent),
        "reads_budgets": reads_settings,
        "budgets": budgets_of(agent) if reads_settings else [],
        "pause_form": ReasonForm(),
    }


def _reach(request: PageRequest, agent: Agent) -> dict[str, Any]:
    return {"reach": grants_of_agent(agent.pk), "grantable": grantable()}


def _autonomy(request: PageRequest, agent: Agent) -> dict[str, Any]:
    trust = trust_of(agent)
    return {
        "trust": trust,
        "autonomy": autonomy_lines(agent),
        "autonomy_form": AutonomyForm(auto_id="autonomy_%s"),
        "raise_form": RaiseForm(tiers=raisable(trust), auto_id="raise_%s"),
        "lower_form": RaiseForm(tiers=trust.lower, auto_id="lower_%s"),
    }


def _delegations(request: PageRequest, agent: Agent) -> dict[str, Any]:
    return {}


def _keys(request: PageRequest, agent: Agent) -> dict[str, Any]:
    return {"keys": credentials_of(agent), "key_form": KeyForm()}


_PARTS: Final[dict[str, Callable[[PageRequest, Agent], dict[str, Any]]]] = {
    OVERVIEW: _overview,
    REACH: _reach,
    AUTONOMY: _autonomy,
    DELEGATIONS: _delegations,
    KEYS: _keys,
}


def _links(
    request: PageRequest, agent: Agent, shown: list[str], current: str
) -> list[dict[str, Any]]:
    here = reverse("agent_detail", args=[request.tenant.slug, agent.public_id])
    return [
        {
            "word": _TABS[tab],
            "href": here if tab == OVERVIEW else f"{here}?tab={tab}",
            "count": vars(agent).get("live_keys") if tab == KEYS else None,
            "current": tab == current,
        }
        for tab in shown
    ]


def _holding(request: PageRequest, agent: Agent) -> list[Any]:
    """Return the kill switches that stop everything this agent asks for."""
    return [
        each
        for each in thrown_for_page(request.membership)
        if each.scope == "tenant" or each.agent_id == agent.pk
    ]
