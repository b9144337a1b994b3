"""What an agent asked for lately, on its page, which belongs to the floor below."""

from typing import Any

from django import template
from django.template import Context

from approvals.selectors.activity import activity_of
from tenants.models import Agent

register = template.Library()


@register.inclusion_tag("approvals/parts/activity.html", takes_context=True)
def agent_activity(context: Context, agent: Agent) -> dict[str, Any]:
    """Show what waits for people, and the newest requests. Two statements."""
    return {"tenant": context["tenant"], "agent": agent, "known": activity_of(agent)}
