"""What goes on although something is stopped, on pages of the floor below."""

from typing import Any

from django import template
from django.template import Context

from approvals.selectors.still_runs import read_still_runs
from tenants.models import KillSwitch

register = template.Library()


@register.inclusion_tag("approvals/parts/still_runs.html", takes_context=True)
def still_runs(context: Context, switch: KillSwitch) -> dict[str, Any]:
    """Show what a switch, thrown or only planned, does not stop. Four statements at most."""
    return {"tenant": context["tenant"], "switch": switch, "known": read_still_runs(switch)}
