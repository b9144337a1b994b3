"""Reading delegations: the chain that a submission comes under, and where one is cut.

`DELEGATION_SQL` is part of the one statement that a submission is judged by
(`selectors.situation`): SQL, because that statement is.
"""

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from approvals.delegating.links import Link, links_of, why_cut
from approvals.delegating.narrowing import Problem
from approvals.models import Delegation
from govapp.common import clock
from govapp.common.api.pagination import Page, Position, read_page
from govapp.common.arrays import uuid_array
from govapp.common.errors import NotFound
from govapp.common.ids import InvalidId, parse_public_id
from govapp.common.tenancy import require_tenant_id
from tenants.keys import hash_key, prefix_of
from tenants.models import Agent

Direction = Literal["in", "out"]
MARK: Final = "gov_dg_"
_NO_HASH: Final = bytes(32)
_LINKS: Final = """
SELECT json_agg(json_build_object(
  'id', l.id, 'depth_left', l.depth_left,
  'from', json_build_object('id', giver.id, 'name', giver.name,
    'status', giver.status, 'owner', giver.owner_id),
  'to', json_build_object('id', taker.id, 'name', taker.name,
    'status', taker.status, 'owner', taker.owner_id),
  'categories', to_json(l.categories), 'integrations', to_json(l.integrations),
  'expires_at', l.expires_at, 'revoked_at', l.revoked_at,
  'key_revoked', key.revoked_at IS NOT NULL,
  'budget', (
    SELECT json_object_agg(b.currency, json_build_object(
      'amount', b.amount::text, 'left', (b.amount - b.reserved - b.settled)::text))
    FROM approvals_delegationbudget b
    WHERE b.tenant_id = l.tenant_id AND b.delegation_id = l.id)
) ORDER BY l.depth)
FROM approvals_delegation l
JOIN tenants_agent giver ON giver.tenant_id = l.tenant_id AND giver.id = l.from_agent_id
JOIN tenants_agent taker ON taker.tenant_id = l.tenant_id AND taker.id = l.to_agent_id
JOIN tenants_credential key ON key.tenant_id = l.tenant_id AND key.id = l.credential_id
"""
_LINKS_AS_TEXT: Final = _LINKS.replace(") ORDER BY l.depth)", ") ORDER BY l.depth)::text")
# With `t`, the tenant, and `asked.delegation`, the ids of the chain.
DELEGATION_SQL: Final = (
    "SELECT json_build_object('most', t.delegation_depth, 'links', ("
    f"{_LINKS} WHERE l.tenant_id = t.id AND l.id = ANY(asked.delegation)))"
    " WHERE asked.delegation <> '{}'"
)


@dataclass(frozen=True)
class Claim:
    """The delegation that somebody named: its row, and the ids of its chain, the first first."""

    delegation: Delegation
    chain: tuple[UUID, ...]


def find_claim(named: str) -> Claim | None:
    """Return what a token, or a public id that we wrote ourselves, stands for; None for nothing.

    Whoever takes it from outside takes tokens only: an id is no secret.
    """
    rows = Delegation.objects.select_related("from_agent", "to_agent")
    found: Delegation | None = None
    if named.startswith(MARK):
        prefix = prefix_of(named, MARK)
        found = rows.filter(prefix=prefix).first() if prefix else None
        stored = bytes(found.secret_hash) if found else _NO_HASH
        # Compared also when there is no such row, so that the time tells nothing.
        if not hmac.compare_digest(stored, hash_key(named)):
            return None
    else:
        try:
            found = rows.filter(pk=parse_public_id("dg", named)).first()
        except InvalidId:
            return None
    return Claim(found, chain_ids(found.path)) if found else None


def chain_ids(path: str) -> tuple[UUID, ...]:
    """Return the ids that a path names, the first link first."""
    return tuple(parse_public_id("dg", each) for each in path.strip("/").split("/"))


def hold_chain(chain: Sequence[UUID]) -> None:
    """Keep the chain from being cut until this transaction ends: whoever cuts it waits.

    By id, the order in which everybody takes these locks. One statement; what is read after it is
    how the chain stands.
    """
    _lock(
        "SELECT FROM approvals_delegation WHERE id = ANY(%s::uuid[]) ORDER BY id FOR SHARE", chain
    )


def hold_budgets(chain: Sequence[UUID]) -> None:
    """Wait for whoever spends along this chain, and keep its budgets. One statement, as above."""
    _lock(
        "SELECT FROM approvals_delegationbudget WHERE delegation_id = ANY(%s::uuid[])"
        " ORDER BY delegation_id, currency FOR NO KEY UPDATE",
        chain,
    )


def _lock(sql: str, chain: Sequence[UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, [uuid_array(chain)])


def read_links(chain: Sequence[UUID]) -> tuple[Link, ...]:
    """Return a chain as it stands now, the first link first. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_LINKS_AS_TEXT} WHERE l.tenant_id = %s AND l.id = ANY(%s::uuid[])",
            [require_tenant_id(), uuid_array(chain)],
        )
        (links,) = cursor.fetchone()
    return links_of({"links": json.loads(links or "[]")})


def cut(delegation_id: UUID, *, hold: bool = False) -> Problem | None:
    """Return why nothing is done under this delegation any more; None when its chain is whole.

    With `hold` it stays as it is until the transaction ends.
    """
    row = Delegation.objects.only("path").get(pk=delegation_id)
    chain = chain_ids(row.path)
    if hold:
        hold_chain(chain)
    return why_cut(read_links(chain), clock.now())


def under(delegation: Delegation) -> QuerySet[Delegation]:
    """Return a link and everything under it.

    All that begins with its path: what lies from it to before the same with "0", which is the
    character after "/" (the column compares bytes).
    """
    path = delegation.path
    return Delegation.objects.filter(path__gte=path, path__lt=f"{path[:-1]}0")


def get_delegation(ident: UUID) -> Delegation:
    """Return one with its agents and budgets. Raises `NotFound`."""
    found = read_rows().filter(pk=ident).first()
    if found is None:
        raise NotFound("There is no such delegation.")
    return found


def list_delegations(
    agent: Agent, *, direction: Direction | None, after: Position | None, limit: int
) -> Page[Delegation]:
    """Return a page of what was handed to an agent, what it handed on, or both; newest first."""
    mine = {
        "in": Q(to_agent=agent),
        "out": Q(from_agent=agent),
        None: Q(to_agent=agent) | Q(from_agent=agent),
    }
    rows = read_rows().filter(mine[direction])
    return read_page(rows, field="created_at", after=after, limit=limit)


def status_of(delegation: Delegation, now: datetime) -> Literal["live", "revoked", "expired"]:
    """Return how a link stands by itself; the agents of its chain are looked at in `cut`."""
    if delegation.revoked_at is not None:
        return "revoked"
    return "expired" if now >= delegation.expires_at else "live"


def read_rows() -> QuerySet[Delegation]:
    """Return delegations with their agents and budgets."""
    rows = Delegation.objects.select_related("from_agent__owner", "to_agent__owner")
    return rows.prefetch_related("budgets")
