"""What an agent may use an integration for: granted explicitly, withdrawn at once."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import transaction

from govapp.common import clock
from govapp.common.errors import Conflict
from tenants.audit_events import integrations as events
from tenants.enums import AgentStatus
from tenants.models import Agent, Integration, IntegrationGrant, Membership
from tenants.scopes import MOST_PATTERNS, is_pattern
from tenants.services.checks import fault
from tenants.services.integrations import (
    lock_integration,
    require_checked,
    require_manager,
    require_not_revoked,
)

MOST_LIVE: Final = 50  # for one agent and one integration


@transaction.atomic
def grant_integration(
    *,
    actor: Membership,
    integration: Integration,
    agent: Agent,
    categories: Iterable[str],
    scopes: Iterable[str] = (),
    expires_at: datetime | None = None,
) -> IntegrationGrant:
    """Let an agent use an integration for the categories that these patterns cover.

    `scopes` are some of those that the integration declares; none means all of them. Raises
    `Forbidden`, `Invalid`, and `Conflict` when the integration is revoked or has not passed its
    check, or the agent is retired.
    """
    require_manager(actor)
    integration = lock_integration(integration)
    require_not_revoked(integration)
    require_checked(integration)
    agent = Agent.objects.get(pk=agent.pk)
    if agent.status == AgentStatus.RETIRED:
        raise Conflict(f"{agent.name} is retired.", code="retired")
    patterns = _patterns(categories)
    wanted = sorted({each.strip() for each in scopes if each.strip()}) or list(integration.scopes)
    if undeclared := sorted(set(wanted) - set(integration.scopes)):
        raise fault("scopes", f"{integration.name} does not declare {undeclared[0]}.")
    now = clock.now()
    if expires_at is not None and expires_at <= now:
        raise fault("expires_at", "Choose a time that is still to come.")
    live = integration.grants.filter(agent=agent, revoked_at=None)
    if live.count() >= MOST_LIVE:
        raise Conflict(f"{agent.name} has {MOST_LIVE} grants of it: withdraw one first.")
    grant = IntegrationGrant(
        agent=agent,
        integration=integration,
        categories=patterns,
        scopes=wanted,
        expires_at=expires_at,
        granted_at=now,
        granted_by=actor,
    )
    grant.save(force_insert=True)
    events.granted(actor=actor, grant=grant)
    return grant


@transaction.atomic
def withdraw_grant(*, actor: Membership, grant: IntegrationGrant) -> IntegrationGrant:
    """End a grant now: the next request is refused, permissions not used yet are dead.

    Raises `Forbidden`, and `Conflict` when it was withdrawn already.
    """
    require_manager(actor)
    lock_integration(grant.integration)
    rows = IntegrationGrant.objects.select_for_update(of=("self",))
    grant = rows.select_related("agent", "integration").get(pk=grant.pk)
    if grant.revoked_at is not None:
        raise Conflict("This was withdrawn already.", code="revoked")
    grant.revoked_at = clock.now()
    grant.save(update_fields=["revoked_at"])
    events.grant_withdrawn(actor=actor, grant=grant)
    return grant


def _patterns(categories: Iterable[str]) -> list[str]:
    found = sorted({each.strip() for each in categories if each.strip()})
    if not found or len(found) > MOST_PATTERNS:
        raise fault("categories", f"Name 1 to {MOST_PATTERNS} categories.")
    for each in found:
        if not is_pattern(each):
            raise fault("categories", f"Write payments.transfer or payments.*, not {each[:50]}.")
    return found
