"""What an agent did, as counts for its tier of trust (`tenants.trust`)."""

from datetime import timedelta
from typing import Final

from django.db import connection

from approvals.enums import ExecutionState, Purpose, RequestStatus
from govapp.common import clock
from govapp.common.tenancy import require_tenant_id
from tenants.models import Agent
from tenants.trust import Conduct

# Refusals that are the agent's doing: it asked for what it knew, or could know, to be refused.
# Whatever else blocks (there is no policy, somebody stopped it, it only recommends) counts
# nowhere.
OWN_DOING: Final = (
    "category_unknown", "payload_invalid", "integration_unknown", "integration_not_granted",
    "category_not_granted", "environment_read_only", "delegation_unknown", "delegation_too_wide",
    "delegation_too_deep", "retries_exhausted",
)  # fmt: skip
# Each request once, under the worst that happened to it. What a rule denied has no refusal.
_COUNTS: Final = f"""
    SELECT what, count(*) FROM (
      SELECT CASE
        WHEN r.execution_state IN ('{ExecutionState.FAILED.value}',
          '{ExecutionState.ROLLED_BACK.value}') THEN 'failed'
        WHEN r.execution_state IN ('{ExecutionState.UNKNOWN.value}',
          '{ExecutionState.REVOKED.value}') THEN ''
        WHEN r.status IN ('{RequestStatus.APPROVED.value}', '{RequestStatus.ALLOWED.value}',
          '{RequestStatus.DENIED.value}', '{RequestStatus.EXPIRED.value}') THEN r.status
        WHEN r.status <> '{RequestStatus.BLOCKED.value}' OR r.forgotten_at IS NOT NULL THEN ''
        WHEN refused.codes && '{{guardrail_refused}}' THEN 'found'
        WHEN refused.codes && %s::text[] THEN 'blocked'
        WHEN coalesce(jsonb_array_length(r.trace -> 'refusals'), 0) = 0 THEN 'blocked'
        ELSE '' END AS what
      FROM approvals_actionrequest r
      CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(each ->> 'code'), '{{}}'::text[]) AS codes
        FROM jsonb_array_elements(CASE r.status WHEN '{RequestStatus.BLOCKED.value}'
          THEN coalesce(r.trace -> 'refusals', '[]'::jsonb) ELSE '[]'::jsonb END) each
      ) refused
      WHERE r.tenant_id = %s AND r.agent_id = %s AND r.submitted_at >= %s
        AND r.purpose = '{Purpose.ACTION.value}'
    ) counted WHERE what <> '' GROUP BY what"""  # noqa: S608 - names of our own


def conduct_of(agent: Agent, *, window_days: int) -> Conduct:
    """Return what the agent did in the last days, drills and canaries left out. One statement."""
    now = clock.now()
    since = now - timedelta(days=window_days)
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [list(OWN_DOING), require_tenant_id(), agent.pk, since])
        counts = dict(cursor.fetchall())
    return Conduct(age_days=max((now - agent.created_at).days, 0), **counts)
