"""Whether the environment of a request that was decided is read-only by now."""

import json
from typing import Final

from django.db import connection

from approvals.holders.autonomy import closed
from approvals.leash import Refusal
from approvals.models import ActionRequest
from govapp.common.tenancy import require_tenant_id
from tenants.selectors.autonomy import ENVIRONMENT_SQL

_ALONE: Final = (
    f"SELECT ({ENVIRONMENT_SQL})::text FROM (SELECT %s::uuid AS id) AS t"  # noqa: S608 - names of our own
    " CROSS JOIN (SELECT %s::text AS environment) AS asked"
)


def closed_environment(request: ActionRequest) -> Refusal | None:
    """Return why nothing of this request may be done now, if so. One statement."""
    category = request.category
    if category is None:
        return None  # it was blocked, and nothing is permitted by it
    with connection.cursor() as cursor:
        cursor.execute(_ALONE, [require_tenant_id(), request.environment])
        row = cursor.fetchone()
    rule = json.loads(row[0]) if row and row[0] else None
    return closed(rule, request.environment, category)
