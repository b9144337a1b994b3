"""Delegations on the page of an agent, which belongs to the floor below."""

from typing import Any

from django import template
from django.template import Context

from approvals.selectors.delegation_pages import delegations_of_agent
from tenants.models import Agent

register = template.Library()


@register.inclusion_tag("approvals/delegations/of_agent.html", takes_context=True)
def agent_delegations(context: Context, agent: Agent) -> dict[str, Any]:
    """Show what an agent was handed, and what it handed on. Two statements."""
    return {"tenant": context["tenant"], "agent": agent, "known": delegations_of_agent(agent)}
