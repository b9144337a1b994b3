"""Where the words of one tenant are looked up: an explicit tenant, which has to be the bound one.

Operators on words are not leakproof, so under row-level security a search would read every row of
the tenant. These functions see past it, and say themselves whose rows they look at. They answer
with ids, times and counts.
"""

from typing import Final

from govapp.common.doors import Door, register_door

_TABLE: Final = "audit_ledgerwords"
_LINES: Final = (
    f" FROM {_TABLE} WHERE tenant_id = $1"
    " AND $1 = nullif(current_setting('app.tenant_id', true), '')::uuid"
    " AND ($3 IS NULL OR occurred_at >= $3) AND ($4 IS NULL OR occurred_at < $4)"
)
_ASKED: Final = "($2 IS NULL OR words @@ $2)"
# Going by time is quick when much is found, going by words when little is. Nobody knows before:
# the planner's statistics know no word that is rare or begins like none. So this many of the
# nearest lines are looked at, and what is found among them decides.
_NEAR: Final = 10_000
_OFTEN: Final = _NEAR * 3 // 100  # from here on by time when thousands are wanted
_SELDOM: Final = _NEAR // 500  # below it by words; between the two by time, but only so far back:
_REACH: Final = 50_000
_MOST: Final = 20_000  # of what is found by words: seldom now may have been often once
_ARGUMENTS: Final = "of_tenant uuid, asked tsquery, since timestamptz, until timestamptz"
_SEARCHED: Final = ("id", "tenant_id", "words", "occurred_at", "index")
SHORT: Final = "short"
_FACETS: Final = ("group", "actor_kind", "actor_id", "category", "outcome", "agent_id")
_SHOWN: Final = ", ".join(f'"{name}"' for name in ("id", "occurred_at", *_FACETS))


def _list(name: str, order: str, behind: str) -> Door:
    """A page of what was found, behind a place in the order; of a tree of at most this size."""
    lines = (
        f"{_LINES} AND ($5 IS NULL OR (occurred_at {behind}= $5 AND (occurred_at, id) {behind}"
        " ($5, $6))) AND ($7 IS NULL OR index < $7)"
    )
    by_time = f"ORDER BY occurred_at {order}, id {order}"
    return register_door(
        Door(
            name=name,
            arguments=f"{_ARGUMENTS}, after_at timestamptz, after_id uuid, below bigint,"
            " at_most integer",
            returns="id uuid, occurred_at timestamptz",
            # OFFSET 0 keeps the limit out of the plan: found by words first, put in order then.
            body=(
                "WITH near AS MATERIALIZED (SELECT id, occurred_at FROM"  # noqa: S608 - our own words
                f" (SELECT id, occurred_at, words{lines} {by_time} LIMIT {_NEAR}) nearest"
                f" WHERE {_ASKED} LIMIT $8),"
                " enough AS MATERIALIZED (SELECT coalesce(count(*) >= $8, false) AS is_so"
                " FROM near)"
                " (SELECT id, occurred_at FROM near WHERE (SELECT is_so FROM enough)"
                f" {by_time}) UNION ALL (SELECT id, occurred_at FROM (SELECT id, occurred_at{lines}"
                f" AND {_ASKED} AND NOT (SELECT is_so FROM enough) OFFSET 0) every"
                f" {by_time} LIMIT $8)"
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

_NEWEST: Final = "ORDER BY occurred_at DESC, id DESC LIMIT"


def summary_body(
    near: int = _NEAR, often: int = _OFTEN, seldom: int = _SELDOM, reach: int = _REACH,
    most: int = _MOST,
) -> str:  # fmt: skip
    """Return the statement that counts, with its bounds in lines of the record."""
    return (
        "WITH near AS MATERIALIZED (SELECT count(*) AS hits FROM"  # noqa: S608 - our own words
        f" (SELECT words{_LINES} {_NEWEST} {near}) nearest WHERE {_ASKED}),"
        # Often: by time until there are enough of them.
        f" often AS MATERIALIZED (SELECT {_SHOWN}{_LINES} AND {_ASKED}"
        f" AND (SELECT hits >= {often} FROM near) {_NEWEST} $6),"
        # Neither often nor seldom: those among the nearest lines, however few they are.
        f" between AS MATERIALIZED (SELECT {_SHOWN} FROM (SELECT {_SHOWN}, words{_LINES}"
        f" AND (SELECT hits >= {seldom} AND hits < {often} FROM near) {_NEWEST} {reach}) nearest"
        f" WHERE {_ASKED}),"
        # Seldom: by words. OFFSET 0 keeps the planner from going by time after all.
        f" seldom AS MATERIALIZED (SELECT {_SHOWN}{_LINES} AND {_ASKED}"
        f" AND (SELECT hits < {seldom} FROM near) OFFSET 0 LIMIT {most}),"
        " line AS MATERIALIZED (SELECT * FROM often UNION ALL"
        f" (SELECT * FROM between {_NEWEST} $6) UNION ALL (SELECT * FROM seldom {_NEWEST} $6)),"
        " found AS MATERIALIZED"
        " (SELECT line.*, (occurred_at AT TIME ZONE $5)::date AS day FROM line),"
        " reach AS (SELECT EXISTS (SELECT 1 FROM between) AND EXISTS (SELECT 1 FROM (SELECT 1"
        f"{_LINES} OFFSET {reach} LIMIT 1) further)"
        f" OR (SELECT count(*) FROM seldom) = {most} AS is_short){_COUNTS}"
        f" UNION ALL SELECT '{SHORT}', '', 1 FROM reach WHERE is_short"
    )


# How often each value occurs among the newest of what was found, and on which days. A line named
# `SHORT` says that it was not looked for to the record's beginning, or, of what is seldom now, that
# not all of it was read: then it is any of it, and not the newest.
search_summary = register_door(
    Door(
        name="door_search_summary",
        arguments=f"{_ARGUMENTS}, zone text, at_most integer",
        returns="facet text, label text, counted bigint",
        body=summary_body(),
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
