"""Requests that replace one another: what this one supersedes, and what supersedes it.

Written as SQL because both directions are one recursive statement. Row-level security holds as in
any other.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from approvals.models import ActionRequest
from govapp.common.ids import public_id
from govapp.common.tenancy import require_tenant_id

MOST: Final = 50  # an agent that submits the same again and again must not fill a page
_CHAIN: Final = """
WITH RECURSIVE
earlier (id, supersedes_id, depth) AS (
  SELECT id, supersedes_id, 0 FROM approvals_actionrequest WHERE tenant_id = %s AND id = %s
  UNION ALL
  SELECT r.id, r.supersedes_id, e.depth - 1 FROM approvals_actionrequest r
  JOIN earlier e ON r.id = e.supersedes_id AND r.tenant_id = %s WHERE e.depth > -%s),
later (id, depth) AS (
  SELECT id, 0 FROM earlier WHERE depth = 0
  UNION ALL
  SELECT r.id, l.depth + 1 FROM approvals_actionrequest r
  JOIN later l ON r.supersedes_id = l.id AND r.tenant_id = %s WHERE l.depth < %s),
chain (id, depth) AS (SELECT id, depth FROM earlier UNION SELECT id, depth FROM later)
SELECT r.id, c.depth, r.summary, r.status, r.submitted_at FROM chain c
JOIN approvals_actionrequest r ON r.tenant_id = %s AND r.id = c.id
ORDER BY c.depth, r.submitted_at, r.id LIMIT %s
"""


@dataclass(frozen=True)
class ChainLink:
    """One request of a chain; `depth` is 0 for the one asked about, negative for earlier ones."""

    ident: UUID
    depth: int
    summary: str
    status: str
    submitted_at: datetime

    @property
    def public_id(self) -> str:
        return public_id("ar", self.ident)

    @property
    def is_this(self) -> bool:
        return self.depth == 0


def read_chain(request: ActionRequest) -> tuple[ChainLink, ...]:
    """Return the chain of a request, oldest first and itself included; empty when it is alone.

    A request that was sent back several times may have several successors; all of them are
    there; it follows at most `MOST` steps in each direction. One statement.
    """
    tenant = require_tenant_id()
    with connection.cursor() as cursor:
        cursor.execute(_CHAIN, [tenant, request.pk, tenant, MOST, tenant, MOST, tenant, 2 * MOST])
        links = [ChainLink(*row) for row in cursor.fetchall()]
    return tuple(links) if len(links) > 1 else ()


def successors_of(request: ActionRequest) -> list[str]:
    """Return the public ids of the requests that name this one as superseded. One statement."""
    later = ActionRequest.objects.filter(tenant_id=request.tenant_id, supersedes=request)
    idents = later.order_by("submitted_at", "pk").values_list("pk", flat=True)
    return [public_id("ar", ident) for ident in idents[:MOST]]
