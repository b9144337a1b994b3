"""What the requests say of how integrations are used: counted by agent and hour."""

from datetime import datetime
from typing import Final

from django.db import connection

from govapp.common.tenancy import require_tenant_id
from tenants.services.integration_use import Counted

# A target is new when no earlier request of this agent's, in its category and on its integration,
# had it: by the index of targets.
_COUNT: Final = """
SELECT r.agent_id, i.id, date_trunc('hour', r.submitted_at, 'UTC'), count(*),
  count(*) FILTER (WHERE r.status = 'blocked'),
  count(*) FILTER (WHERE r.execution_state = 'succeeded'),
  count(*) FILTER (WHERE r.execution_state = 'failed'),
  count(DISTINCT r.target_digest) FILTER (WHERE r.target_digest <> '' AND NOT EXISTS (
    SELECT FROM approvals_actionrequest former
    WHERE former.tenant_id = r.tenant_id AND former.category_key = r.category_key
    AND former.target_digest = r.target_digest AND former.target_digest <> ''
    AND former.agent_id = r.agent_id AND former.integration = r.integration
    AND former.submitted_at < date_trunc('hour', r.submitted_at, 'UTC')))
FROM approvals_actionrequest r
JOIN tenants_integration i ON i.tenant_id = r.tenant_id AND i.slug = r.integration
WHERE r.tenant_id = %s AND r.submitted_at >= %s AND r.integration <> '' AND r.purpose = 'action'
GROUP BY 1, 2, 3
"""


def count_uses(since: datetime) -> list[Counted]:
    """Count what was submitted since an hour began, by agent, integration and hour."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [require_tenant_id(), since])
        return [Counted(*row) for row in cursor.fetchall()]
