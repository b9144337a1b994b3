"""The sequencer gives each recorded event its place in the tenant's tree and signs the result.

Business transactions only insert an event and a queue row. Here, one tenant at a time under the
lock of its `LedgerLog` row, queued events become leaves, full tiles and a signed checkpoint, all
in one transaction: killed anywhere, it either happened or it did not. Any number of sequencers may
run; each skips a tenant that another one is working on. Sources: C2SP tlog-tiles, tlog-checkpoint.
"""

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from uuid import UUID

import structlog
from django.db import connection, transaction

from audit.actors import SYSTEM, Subject
from audit.doors import tenants_with_queued_events
from audit.merkle.tiles import HEIGHT, Growth, Tile, grow
from audit.merkle.tree import Frontier, leaf_hash
from audit.models import LedgerCheckpoint, LedgerLog, LedgerQueueItem, LedgerTile
from audit.selectors.tiles import read_tile
from audit.services.bodies import Entry
from audit.services.ledger import record_first
from audit.services.signing import LedgerBroken, create_key, sign_growth
from audit.services.stream_hints import hint_streams
from audit.transports.checkpoint_file import publish_checkpoint
from govapp.common.ids import new_id
from govapp.common.tenancy import require_tenant_id, tenant_transaction
from govapp.common.unavailable import is_away

log = structlog.get_logger(__name__)

BATCH: Final = 2_000
"""Events in one transaction: large enough to share its cost, small enough to end within 1 s."""

_EDGES_KEPT: Final = 256

# Tenants of which this process has said that their queue names events that are not there.
_said: set[UUID] = set()


@dataclass
class Edges:
    """The partial tiles at the right edge of trees that this process extended last.

    They spare reading up to 255 tiles for each batch. An entry holds for exactly one frontier, so
    a tree that another process has extended meanwhile is read again.
    """

    _by_tenant: OrderedDict[UUID, tuple[bytes, dict[tuple[int, int], bytes]]] = field(
        default_factory=OrderedDict
    )

    def of(self, tenant_id: UUID, frontier: bytes) -> dict[tuple[int, int], bytes]:
        """Return the tiles at the edge of the tree with this frontier, as far as known."""
        known, tiles = self._by_tenant.get(tenant_id, (b"", {}))
        return tiles if known == frontier else {}

    def keep(self, tenant_id: UUID, frontier: Frontier, growth: Growth) -> None:
        """Remember the partial tiles after a batch was committed."""
        tiles = {(t.level, t.index): t.data for t in growth.tiles if not t.is_full}
        self._by_tenant[tenant_id] = (frontier.to_bytes(), tiles)
        self._by_tenant.move_to_end(tenant_id)
        while len(self._by_tenant) > _EDGES_KEPT:
            self._by_tenant.popitem(last=False)


def sequence_all(*, edges: Edges | None = None, at_most: int = 1_000) -> int:
    """Take one batch of each tenant that has queued events; return how many events were taken."""
    taken = 0
    for row in tenants_with_queued_events.call(at_most):
        try:
            taken += sequence_tenant(tenant_id=row["tenant_id"], edges=edges)
        except LedgerBroken as error:
            # One tenant's broken log must not stop the record of all others.
            log.exception("ledger.broken", tenant=str(row["tenant_id"]), reason=str(error))
        except Exception as error:
            if is_away(error):
                raise  # the database, for all of them
            # Its message may quote what is recorded: only its kind is logged.
            log.error(  # noqa: TRY400
                "ledger.not_sequenced",
                tenant=str(row["tenant_id"]),
                reason=type(error).__name__,
            )
    return taken


def sequence_tenant(*, tenant_id: UUID, edges: Edges | None = None, batch: int = BATCH) -> int:
    """Give indexes to at most `batch` queued events of one tenant; return how many.

    0 means that nothing waits or that another sequencer works on this tenant. Raises
    `LedgerBroken` when the stored tree does not match what was signed.
    """
    edges = edges if edges is not None else Edges()
    with tenant_transaction(tenant_id):
        if not _is_anything_queued():
            return 0  # nobody has a record before there is something to record
        ledger = _locked_log()
        if ledger is None:
            return 0
        queued = _queued(batch)
        if not queued:
            return 0
        _take(ledger, queued, edges)
        hint_streams()
        return len(queued)


def take_now(ledger: LedgerLog, *, batch: int = BATCH) -> int:
    """Give indexes to what waits first, for whoever holds the lock of the log already."""
    queued = _queued(batch)
    _take(ledger, queued, Edges())
    return len(queued)


def _take(ledger: LedgerLog, queued: list[tuple[UUID, UUID, bytes]], edges: Edges) -> None:
    tenant_id, before = ledger.tenant_id, _frontier_of(ledger)
    leaves = [leaf_hash(body) for _, _, body in queued]
    known = edges.of(tenant_id, before.to_bytes())

    def read(level: int, index: int) -> bytes:
        return known.get((level, index)) or read_tile(level, index)

    growth = grow(before.size, leaves, read)
    after = before.extend(leaves)
    if growth.root != after.root():
        # Two ways to the same root, from different rows: when they part, a row was changed.
        raise LedgerBroken(f"the tiles and the frontier of {ledger.origin} have different roots")
    _insert_leaves(before.size, queued, leaves)
    _insert_tiles([tile for tile in growth.tiles if tile.is_full])
    _check_continues(ledger)
    checkpoint, verifier = sign_growth(ledger, size=growth.size, root=growth.root)
    ledger.size, ledger.frontier = after.size, after.to_bytes()
    ledger.save(update_fields=["size", "frontier"])
    _delete_queued([item for item, _, _ in queued])
    transaction.on_commit(partial(edges.keep, tenant_id, after, growth))
    transaction.on_commit(partial(publish_checkpoint, vkey=verifier.encode(), note=checkpoint.note))


def _locked_log() -> LedgerLog | None:
    """Lock and return the bound tenant's log, made when there is none; None when it is taken."""
    locking = LedgerLog.objects.select_for_update(skip_locked=True)
    found = locking.first()
    if found is None and not LedgerLog.objects.exists():
        made = _create_log()
        found = locking.first()
        if found is not None and found.pk == made.pk:
            _record_birth(made)
    return found


def _record_birth(ledger: LedgerLog) -> None:
    """The record begins with the key that signs it; only the public half is in it."""
    verifier = create_key(ledger, from_size=1).encode()
    record_first(
        Entry(
            event_type="ledger.key_created",
            actor=SYSTEM,
            subject=Subject("ledger", ledger.origin, ledger.origin),
            summary=f"The record begins; its checkpoints are signed by {verifier}.",
            data={"origin": ledger.origin, "verifier": verifier},
        )
    )


def _create_log() -> LedgerLog:
    """Insert a log with a random origin, which names no tenant."""
    origin = f"log.govapp.example/{secrets.token_hex(16)}"
    ledger = LedgerLog(origin=origin, frontier=Frontier().to_bytes())
    # Two sequencers may meet a new tenant at once: the second waits here, and uses the first's.
    LedgerLog.objects.bulk_create([ledger], ignore_conflicts=True)
    return ledger


def _frontier_of(ledger: LedgerLog) -> Frontier:
    try:
        frontier = Frontier.from_bytes(bytes(ledger.frontier))
    except ValueError as error:
        raise LedgerBroken(f"the frontier of {ledger.origin} is malformed: {error}") from error
    if frontier.size != ledger.size:
        raise LedgerBroken(f"{ledger.origin} counts {ledger.size}, its frontier {frontier.size}")
    return frontier


def _is_anything_queued() -> bool:
    """Whether an event waits, not only the name of one that is not there.

    Such a name is left for whoever verifies the record and for the watch, and takes no lock.
    """
    if _queued(1):
        return True
    tenant_id = require_tenant_id()
    if tenant_id not in _said and LedgerQueueItem.objects.exists():
        _said.add(tenant_id)
        log.error("ledger.queue_names_no_event", tenant=str(tenant_id))
    return False


def _queued(batch: int) -> list[tuple[UUID, UUID, bytes]]:
    """(queue row, event, body) of the first that wait, in the order of their ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT q.id, e.id, e.body FROM audit_ledgerqueueitem q"
            " JOIN audit_ledgerevent e ON e.tenant_id = q.tenant_id AND e.id = q.event_id"
            " WHERE q.tenant_id = %s ORDER BY q.id LIMIT %s",
            [require_tenant_id(), batch],
        )
        return [(item, event, bytes(body)) for item, event, body in cursor.fetchall()]


def _insert_leaves(size: int, queued: list[tuple[UUID, UUID, bytes]], leaves: list[bytes]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_ledgerleaf (id, tenant_id, index, event_id, leaf_hash)"
            " SELECT row.id, %s, row.index, row.event_id, row.leaf_hash"
            " FROM unnest(%s::uuid[], %s::bigint[], %s::uuid[], %s::bytea[])"
            " AS row (id, index, event_id, leaf_hash)",
            [
                require_tenant_id(),
                [new_id() for _ in queued],
                list(range(size, size + len(queued))),
                [event for _, event, _ in queued],
                leaves,
            ],
        )


def _insert_tiles(tiles: list[Tile]) -> None:
    if any(tile.width != 1 << HEIGHT for tile in tiles):
        raise LedgerBroken("only full tiles are written")
    LedgerTile.objects.bulk_create(
        [LedgerTile(level=tile.level, index=tile.index, data=tile.data) for tile in tiles]
    )


def _check_continues(ledger: LedgerLog) -> None:
    """Raise `LedgerBroken` unless the tree of now is the one that was signed last."""
    last = LedgerCheckpoint.objects.order_by("-size").values_list("size", "root").first()
    if (last[0] if last else 0) != ledger.size:
        raise LedgerBroken(f"the last checkpoint of {ledger.origin} is not of its present size")
    if last is not None and bytes(last[1]) != _frontier_of(ledger).root():
        raise LedgerBroken(f"the last checkpoint of {ledger.origin} has another root")


def _delete_queued(items: list[UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM audit_ledgerqueueitem WHERE tenant_id = %s AND id = ANY(%s)",
            [require_tenant_id(), items],
        )
