"""Fills a tenant's record with millions of events, their leaves, tiles and a signed checkpoint.

No service could do that in minutes: rows are made in SQL past all triggers. The tree is a true
one, so that a page proves what it shows. Times lie within two years, and each stage is spread over
all of them: the older half of a record that grows is as large as the newer one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

import psycopg

from govapp.bench.ground import Ground, as_superuser

if TYPE_CHECKING:
    from govapp.bench.company import Company

DAYS: Final = 730
_AT_ONCE: Final = 200_000
_OTHERS: Final = 50  # tenants beside it, with a tenth as many rows in all
# What a request's life records, in turns: the sixth is one that seldom happens.
_TYPES: Final = (
    "action_request.submitted",
    "stage.opened",
    "vote.cast",
    "action_request.approved",
    "grant.issued",
    "grant.redeemed",
)
RARE_TYPE: Final = "credential.revoked"
_RARELY: Final = 1_999  # 50 in the first 100,000: a page of them is full at every size
# `k` counts all events; six that follow each other are of one request. A body has the size and the
# parts of a submitted request's; its places are looked for among the disclosures and found erased.
_EVENTS: Final = """
WITH line AS (
  SELECT k, now() - make_interval(secs => %(seconds)s * (1 - (k - %(first)s + 0.5) / %(count)s))
    AS at, k / 6 AS turn FROM generate_series(%(start)s::bigint, %(end)s::bigint) AS k),
told AS (
  SELECT k, at, turn, uuidv7(at - clock_timestamp()) AS id,
    CASE WHEN k %% %(rarely)s = 0 THEN %(rare)s ELSE (%(types)s::text[])[1 + k %% 6] END AS type,
    (%(actors)s::text[])[1 + turn %% %(actor_count)s] AS actor,
    'ar_' || substr(md5(turn::text), 1, 26) AS subject,
    (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint / 100000), 12, '0') || '70008000'
      || lpad(to_hex(turn), 12, '0'))::uuid AS request
  FROM line),
event AS (
  INSERT INTO audit_ledgerevent (id, tenant_id, type, occurred_at, actor_kind, actor_id,
    subject_type, subject_id, request_id, body)
  SELECT id, %(tenant)s, type, at, 'agent', actor, 'action_request', subject, request,
    convert_to(format(
      '{"actor":{"id":"%%s","kind":"agent","name":"agent-%%s"},"at":"%%s",'
      '"correlation":"%%s","data":{"category":"payments.kind_%%s","payload_digest":"%%s",'
      '"policy":{"digest":"%%s","version":%%s}},"id":"ev_%%s",'
      '"personal":{"1":{"hmac":"%%s","kind":"content","of":"%%s"}},"request":"%%s",'
      '"subject":{"id":"%%s","label":"⟦1⟧","type":"action_request"},'
      '"summary":"agent-%%s: “⟦1⟧”","type":"%%s","v":2}',
      actor, turn %% 64, to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), substr(md5(k::text), 1, 20),
      turn %% 8, md5(subject) || md5(actor), md5(type) || md5(type), k %% 40,
      replace(id::text, '-', ''), md5(id::text) || md5(k::text), subject, subject, subject,
      turn %% 64, type), 'UTF8')
  FROM told RETURNING id, body)
"""
_PLACED: Final = (
    _EVENTS
    + """
INSERT INTO audit_ledgerleaf (id, tenant_id, index, event_id, leaf_hash)
SELECT uuidv7(), %(tenant)s, %(size)s - 1 + row_number() OVER (ORDER BY id), id,
  sha256('\\x00'::bytea || body) FROM event
"""
)
_UNPLACED: Final = _EVENTS + "SELECT count(*) FROM event"  # noqa: S608 - texts of ours
# One for each fifth event, as wide as a sealed text; none is of an event that has a place for it.
_DISCLOSURES: Final = """
INSERT INTO audit_ledgerdisclosure (id, tenant_id, event_id, subject_key_id, sealed)
SELECT uuidv7(), %(tenant)s, uuidv7(), %(key)s, decode(repeat(md5(k::text), 6), 'hex')
FROM generate_series(1, %(count)s) AS k
"""


# What is searched of each, where there is such a table: as many lexemes as a short event has.
_WORDS: Final = """
INSERT INTO audit_ledgerwords (id, tenant_id, index, occurred_at, type, "group", actor_kind,
  actor_id, category, outcome, agent_id, request_id, words)
SELECT e.id, e.tenant_id, l.index, e.occurred_at, e.type, told.heading, e.actor_kind, e.actor_id,
  told.category, '', e.actor_id, e.request_id, array_to_tsvector(array_remove(ARRAY[
    m || '=type:' || e.type, m || '=kind:' || e.actor_kind, m || '=actor:' || e.actor_id,
    m || '=subject:' || e.subject_id, m || '=request:' || replace(e.request_id::text, '-', ''),
    m || '=group:' || told.heading, m || '=category:' || told.category,
    m || '=agent:' || e.actor_id, m || ':agent', m || ':payments', m || ':' || told.heading,
    m || ':' || e.subject_id, m || ':' || left(md5(l.index::text), 6)], NULL))
FROM audit_ledgerleaf l
JOIN audit_ledgerevent e ON e.tenant_id = l.tenant_id AND e.id = l.event_id,
LATERAL (SELECT split_part(e.type, '.', 1) AS heading, 'payments.kind_' || l.index %% 8 AS category,
  right(replace(e.tenant_id::text, '-', ''), 6) AS m) AS told
WHERE l.tenant_id = %(tenant)s AND l.index >= %(size)s
"""
_CURSOR: Final = """
INSERT INTO audit_wordscursor (id, tenant_id, size, indexed_at)
SELECT uuidv7(), tenant_id, size, now() FROM audit_ledgerlog WHERE tenant_id = %(tenant)s
ON CONFLICT (tenant_id) DO UPDATE SET size = excluded.size
"""
_INDEXES: Final = """
SELECT indexname, replace(indexdef, ' ON ONLY ', ' ON ') FROM pg_indexes
WHERE tablename IN ('audit_ledgerevent', 'audit_ledgerdisclosure', 'audit_ledgerwords')
AND indexdef NOT LIKE '%UNIQUE%'
"""


class Filler:
    """Fills one tenant, stage by stage, beside others that have rows as well."""

    def __init__(self, ground: Ground, company: "Company") -> None:
        from tenants.models import Agent

        self._ground = ground
        self._company = company
        agents: list[Agent] = company.agents
        self._actors = [agent.public_id for agent in agents]
        self._others = [uuid4() for _ in range(_OTHERS)]
        self._made = 0
        self._first_leaf = 0

    def fill(self, total: int) -> None:
        """Make events until there are so many; sign the tree that they make."""
        count = total - self._made
        with _in_haste(self._ground), as_superuser(self._ground) as connection:
            connection.execute("SET synchronous_commit = off")
            connection.execute("SET work_mem = '256MB'")
            connection.execute("SET maintenance_work_mem = '512MB'")
            with _without_indexes(connection):
                self._insert_events(connection, count)
                self._insert_beside(connection, count)
        self._made = total
        with as_superuser(self._ground) as connection:
            connection.commit()
            connection.autocommit = True
            # As autovacuum does after many inserts: what counts reads indexes alone.
            connection.execute("VACUUM (ANALYZE)")
            # What was filled within minutes would be written out beside what is measured then.
            connection.execute("CHECKPOINT")

    def _insert_beside(
        self, connection: psycopg.Connection[tuple[object, ...]], count: int
    ) -> None:
        """Rows of other tenants, and what lies beside the events."""
        for other in self._others:
            values = self._values(count // 10 // _OTHERS + 1) | {"tenant": other}
            connection.execute(_UNPLACED, values)
        values = {"tenant": self._company.tenant_id, "key": uuid4(), "count": count // 5}
        connection.execute(_DISCLOSURES, values)
        found = connection.execute("SELECT to_regclass('audit_ledgerwords')").fetchone()
        if found and found[0]:
            first = {"tenant": self._company.tenant_id, "size": self._first_leaf}
            connection.execute(_WORDS, first)
            connection.execute(_CURSOR, first)

    def _insert_events(
        self, connection: psycopg.Connection[tuple[object, ...]], count: int
    ) -> None:
        from audit.merkle.tiles import grow
        from audit.merkle.tree import Frontier
        from audit.models import LedgerLog
        from audit.selectors.tiles import read_tile
        from audit.services.sequencer import _insert_tiles
        from audit.services.signing import sign_growth
        from govapp.common.tenancy import tenant_transaction

        for number, values in enumerate(self._batches(count)):
            with tenant_transaction(self._company.tenant_id):
                ledger = LedgerLog.objects.select_for_update().get()
                if not number:
                    self._first_leaf = ledger.size if self._made else 0
                connection.execute(_PLACED, values | {"size": ledger.size})
                connection.commit()
                leaves = self._leaves(connection, ledger.size)
                growth = grow(ledger.size, leaves, read_tile)
                after = Frontier.from_bytes(bytes(ledger.frontier)).extend(leaves)
                _insert_tiles([tile for tile in growth.tiles if tile.is_full])
                sign_growth(ledger, size=growth.size, root=growth.root)
                ledger.size, ledger.frontier = after.size, after.to_bytes()
                ledger.save(update_fields=["size", "frontier"])

    def _batches(self, count: int) -> Iterator[dict[str, Any]]:
        values = self._values(count)
        for start in range(self._made, self._made + count, _AT_ONCE):
            end = min(start + _AT_ONCE, self._made + count) - 1
            yield values | {"start": start, "end": end, "tenant": self._company.tenant_id}

    def _values(self, count: int) -> dict[str, Any]:
        return {
            "first": self._made,
            "start": self._made,
            "end": self._made + count - 1,
            "count": count,
            "seconds": DAYS * 86_400,
            "types": list(_TYPES),
            "rare": RARE_TYPE,
            "rarely": _RARELY,
            "actors": self._actors,
            "actor_count": len(self._actors),
        }

    def _leaves(self, connection: psycopg.Connection[tuple[object, ...]], size: int) -> list[bytes]:
        rows = connection.execute(
            "SELECT leaf_hash FROM audit_ledgerleaf WHERE tenant_id = %s AND index >= %s"
            " ORDER BY index",
            [self._company.tenant_id, size],
        )
        return [bytes(leaf) for (leaf,) in rows.fetchall()]  # type: ignore[call-overload]


@contextmanager
def _without_indexes(connection: psycopg.Connection[tuple[object, ...]]) -> Iterator[None]:
    """Make the indexes that only find rows when the rows are there: sorted, it takes a third."""
    found = connection.execute(_INDEXES).fetchall()
    for name, _ in found:
        connection.execute(f'DROP INDEX "{name}"')
    connection.commit()
    yield
    for _, definition in found:
        connection.execute(str(definition))


@contextmanager
def _in_haste(ground: Ground) -> Iterator[None]:
    """Let the server write without waiting for the disk while it is filled, and never after."""
    with as_superuser(ground) as connection:
        connection.commit()
        connection.autocommit = True
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("ALTER SYSTEM SET full_page_writes = off")
        connection.execute("ALTER SYSTEM SET max_wal_size = '4GB'")
        connection.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            connection.execute("ALTER SYSTEM RESET ALL")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CHECKPOINT")


def sample(ground: Ground, tenant_id: UUID) -> dict[str, Any]:
    """Return one event from the middle of the record: what pages are asked about."""
    with as_superuser(ground) as connection:
        row = connection.execute(
            "SELECT id, subject_id, actor_id, occurred_at FROM audit_ledgerevent"
            " WHERE tenant_id = %s AND occurred_at < now() - interval '1 year'"
            " ORDER BY occurred_at DESC LIMIT 1",
            [tenant_id],
        ).fetchone()
    if row is None:
        raise RuntimeError("The record was not filled.")
    return dict(zip(("id", "subject", "actor", "at"), row, strict=True))
