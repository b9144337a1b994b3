"""How often agents may call, within what the installation allows, and how often they may retry."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from govapp.common.errors import NotFound
from tenants import rules
from tenants.audit_events import agents as agent_events
from tenants.audit_events import people as events
from tenants.audit_events.words import Change
from tenants.models import Agent, Membership, Tenant
from tenants.services.checks import fault

WHO: Final = "Only an owner can change the limits."
MOST_RETRIES: Final = 1000
LONGEST_RETRIES: Final = 10_080
"""Minutes: a week."""
_LABELS: Final = {
    "retry_limit": "times that the same may fail",
    "retry_minutes": "minutes within which the same may fail",
    "calls_per_second": "calls of all agents in a second",
    "agent_calls_per_second": "calls of each agent in a second",
}


@dataclass(frozen=True)
class MostCalls:
    """What the installation allows, in calls a second."""

    tenant: int
    agent: int


def most_calls() -> MostCalls:
    """Return what no tenant can set higher."""
    return MostCalls(int(settings.TENANT_CALLS_PER_SECOND), int(settings.AGENT_CALLS_PER_SECOND))


@transaction.atomic
def set_limits(
    *,
    actor: Membership,
    retry_limit: int | None,
    retry_minutes: int,
    calls_per_second: int | None,
    agent_calls_per_second: int | None,
) -> Tenant:
    """Set all limits of the tenant; None is no limit of its own.

    Raises `Forbidden` unless the actor is an owner, and `Invalid` for more than the installation
    allows.
    """
    rules.require(rules.may_change_settings(actor), WHO)
    most = most_calls()
    values = {
        "retry_limit": _checked("retry_limit", retry_limit, MOST_RETRIES),
        "retry_minutes": _checked("retry_minutes", retry_minutes, LONGEST_RETRIES),
        "calls_per_second": _checked("calls_per_second", calls_per_second, most.tenant),
        "agent_calls_per_second": _checked(
            "agent_calls_per_second", agent_calls_per_second, most.agent
        ),
    }
    tenant = Tenant.objects.select_for_update().get()
    changes = {
        name: Change(_LABELS[name], _word(getattr(tenant, name)), _word(value))
        for name, value in values.items()
        if value != getattr(tenant, name)
    }
    if changes:
        for name in changes:
            setattr(tenant, name, values[name])
        tenant.save(update_fields=list(changes))
        events.tenant_settings_changed(actor=actor, tenant=tenant, changes=changes)
    return tenant


@transaction.atomic
def set_agent_limit(*, actor: Membership, agent_id: UUID, calls_per_second: int | None) -> Agent:
    """Set how many calls of one agent are answered in a second; None: as many as of any other.

    Raises `Forbidden` unless the actor is an owner, `NotFound`, and `Invalid`.
    """
    rules.require(rules.may_change_settings(actor), WHO)
    value = _checked("agent_limit", calls_per_second, most_calls().agent)
    agent = Agent.objects.select_for_update().filter(pk=agent_id).first()
    if agent is None:
        raise NotFound("There is no such agent.")
    if value != agent.calls_per_second:
        change = Change("calls in a second", _word(agent.calls_per_second), _word(value))
        agent.calls_per_second = value
        agent.save(update_fields=["calls_per_second"])
        agent_events.agent_changed(actor=actor, agent=agent, changes={"calls_per_second": change})
    return agent


def _checked(field: str, value: int | None, most: int) -> int | None:
    if value is not None and not 1 <= value <= most:
        raise fault(field, f"Write a number from 1 to {most}.")
    return value


def _word(value: int | None) -> str:
    return "no limit of its own" if value is None else str(value)
