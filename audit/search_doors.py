"""Where the words of one tenant are looked up: an explicit tenant, which has to be the bound one.

Operators on words are not leakproof, so under row-level security a search would read every row of
the tenant. These functions see past it, and say themselves whose rows they look at. They answer
with ids, times and counts.
"""

from typing import Final

from govapp.common.doors import Door, register_door

_TABLE: Final = "audit_ledgerwords"
_FOUND: Final = (
    f" FROM {_TABLE} WHERE tenant_id = $1"
    " AND $1 = nullif(current_setting('app.tenant_id', true), '')::uuid"
    " AND ($2 IS NULL OR words @@ $2)"
    " AND ($3 IS NULL OR occurred_at >= $3) AND ($4 IS NULL OR occurred_at < $4)"
)
_ARGUMENTS: Final = "of_tenant uuid, asked tsquery, since timestamptz, until timestamptz"
_SEARCHED: Final = ("id", "tenant_id", "words", "occurred_at", "index")
_FACETS: Final = ("group", "actor_kind", "actor_id", "category", "outcome", "agent_id")


def _list(name: str, order: str, behind: str) -> Door:
    """A page of what was found, behind a place in the order; of a tree of at most this size."""
    return register_door(
        Door(
            name=name,
            arguments=f"{_ARGUMENTS}, after_at timestamptz, after_id uuid, below bigint,"
            " at_most integer",
            returns="id uuid, occurred_at timestamptz",
            body=(
                f"SELECT id, occurred_at{_FOUND}"
                f" AND ($5 IS NULL OR (occurred_at {behind}= $5 AND (occurred_at, id) {behind}"
                " ($5, $6))) AND ($7 IS NULL OR index < $7)"
                f" ORDER BY occurred_at {order}, id {order} LIMIT $8"
            ),
            reads={_TABLE: (*_SEARCHED, *_FACETS)},
            is_planned_anew=True,
        )
    )


search_newest = _list("door_search_newest", "DESC", "<")
search_oldest = _list("door_search_oldest", "ASC", ">")

_COUNTS: Final = " UNION ALL".join(
    f" SELECT '{name}', \"{name}\"::text, count(*) FROM found GROUP BY 2"  # noqa: S608 - ours
    for name in (*_FACETS, "day")
)

# How often each value occurs among the newest of what was found, and on which days.
search_summary = register_door(
    Door(
        name="door_search_summary",
        arguments=f"{_ARGUMENTS}, zone text, at_most integer",
        returns="facet text, label text, counted bigint",
        body=(
            'WITH found AS MATERIALIZED (SELECT "group", actor_kind, actor_id, category, outcome,'
            f" agent_id, (occurred_at AT TIME ZONE $5)::date AS day{_FOUND}"
            f" ORDER BY occurred_at DESC, id DESC LIMIT $6){_COUNTS}"
        ),
        reads={_TABLE: (*_SEARCHED, *_FACETS)},
        is_planned_anew=True,
    )
)

# Asked after each batch of the sequencer: whose leaves are not indexed yet.
tenants_to_index = register_door(
    Door(
        name="door_tenants_to_index",
        arguments="at_most integer",
        returns="tenant_id uuid",
        body=(
            "SELECT log.tenant_id FROM audit_ledgerlog AS log"
            " LEFT JOIN audit_wordscursor AS done ON done.tenant_id = log.tenant_id"
            " WHERE log.size > coalesce(done.size, 0) LIMIT $1"
        ),
        reads={
            "audit_ledgerlog": ("tenant_id", "origin", "size"),
            "audit_wordscursor": ("tenant_id", "size"),
        },
    )
)
