"""What an agent may reach: read inside the one statement of a submission, or by itself."""

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.db import connection

from govapp.common.tenancy import require_tenant_id
from tenants.reach import OutOfReach, out_of_reach

# One JSON value, NULL when no such integration is registered. It uses `t` (the tenant),
# `clock.now`, and of what was `asked` the agent and the integration. Dates are words already, in
# the tenant's time zone.
REACH_SQL: Final = """
SELECT json_build_object(
  'id', i.id, 'slug', i.slug, 'kind', i.kind, 'status', i.status,
  'check_passed', i.check_passed, 'labels_cleared', i.labels_cleared,
  'since', to_char(i.status_since AT TIME ZONE t.time_zone, 'FMDD FMMonth YYYY'),
  'has_expired', coalesce(i.expires_at <= clock.now, false),
  'expires', to_char(i.expires_at AT TIME ZONE t.time_zone, 'FMDD FMMonth YYYY'),
  'agent', (SELECT acting.name FROM tenants_agent acting
    WHERE acting.tenant_id = t.id AND acting.id = asked.agent_id),
  'grants', coalesce((SELECT json_agg(json_build_object(
      'categories', x.categories, 'scopes', x.scopes,
      'is_withdrawn', x.revoked_at IS NOT NULL,
      'has_ended', coalesce(x.expires_at <= clock.now, false)))
    FROM tenants_integrationgrant x WHERE x.tenant_id = t.id
    AND x.agent_id = asked.agent_id AND x.integration_id = i.id), '[]'::json))
FROM tenants_integration i
WHERE asked.integration <> '' AND i.tenant_id = t.id AND i.slug = asked.integration
"""
_ALONE: Final = (
    f"SELECT ({REACH_SQL})::text FROM (SELECT govapp_now() AS now) AS clock"  # noqa: S608 - our own
    " CROSS JOIN (SELECT %s::uuid AS agent_id, %s::text AS integration) AS asked"
    " JOIN tenants_tenant t ON true WHERE t.tenant_id = %s"
)


def unreachable(agent_id: UUID, integration: str, category_key: str) -> OutOfReach | None:
    """Return why the agent may not use this integration for this category now; None when it may.

    Nothing is asked when no integration is named.
    """
    if not integration:
        return None
    found = read_reach(agent_id, integration)
    return out_of_reach(found, integration=integration, category=category_key)


def read_reach(agent_id: UUID, integration: str) -> Mapping[str, Any] | None:
    """Return what `REACH_SQL` gives for an agent and an integration. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_ALONE, [agent_id, integration, require_tenant_id()])
        row = cursor.fetchone()
    found: Mapping[str, Any] | None = json.loads(row[0]) if row and row[0] else None
    return found


def hold_reach(integration: str) -> None:
    """Wait for whoever suspends it or withdraws a grant, and keep it until the transaction ends.

    Everything that changes what may be reached locks the integration's row first. No statement
    when none is named.
    """
    if not integration:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM tenants_integration WHERE tenant_id = %s AND slug = %s FOR SHARE",
            [require_tenant_id(), integration],
        )
