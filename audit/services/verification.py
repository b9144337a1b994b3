"""Verification: the whole record of a tenant computed again from the bodies of its events.

Nothing stored is believed but the bodies and the signatures. The stream has constant memory; every
read is bounded by the size that the log had at the start, so that the sequencer can go on.
Source: design page audit.md, "Prove"; RFC 6962; C2SP tlog-tiles, tlog-checkpoint.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Final
from uuid import UUID

import psycopg
from django.db import DataError, connection

from audit.merkle.note import Checkpoint, NoteInvalid
from audit.merkle.tiles import TileInvalid
from audit.merkle.tree import Frontier
from audit.models import LedgerCheckpoint, LedgerEvent, LedgerLog, LedgerQueueItem
from audit.selectors.proofs import LedgerKeyInfo
from audit.services.checkpoint_checks import opened
from audit.services.directory_verification import check_against_directory
from audit.services.findings import Finding, Verification
from audit.services.key_checks import keys_to_verify_with
from audit.services.retraced_rows import readable_time
from audit.services.retraced_tiles import frontier_at
from audit.services.retracing import Retraced, Retracing
from audit.transports.checkpoint_file import OutsideCheckpoint, published_checkpoint
from govapp.common import clock
from govapp.common.ids import public_id
from govapp.common.tenancy import tenant_transaction

Keys = tuple[LedgerKeyInfo, ...]
Progress = Callable[[int, int], None]
"""(events done, events in all)"""

# Full tiles alone are stored. The size is that of now: a sequencer goes on meanwhile.
_TILES_TOO_MANY: Final = """
SELECT level, index FROM audit_ledgertile GROUP BY level, index
HAVING count(*) > 1 OR level IS NULL OR level NOT BETWEEN 0 AND 6 OR index IS NULL OR index < 0
    OR index >= greatest(%s, (SELECT max(size) FROM audit_ledgerlog)) >> (8 * (level + 1))
ORDER BY level, index LIMIT 100
"""
OVERDUE: Final = timedelta(minutes=10)
"""The promised merge delay is 2 s; a queue row of this age means that nobody sequences."""


def verify_tenant(
    *,
    tenant_id: UUID,
    outside: OutsideCheckpoint | None = None,
    from_size: int = 0,
    progress: Progress | None = None,
) -> Verification:
    """Compute one tenant's record again and return every difference, with its place.

    `outside` is a checkpoint that was kept elsewhere; without one, the one that the sequencer
    published is taken. `from_size` begins after the signed checkpoint of that size and trusts
    what it covers (to resume; bodies before it are not read).
    """
    result = Verification(tenant_id=tenant_id)
    try:
        with tenant_transaction(tenant_id):
            _verify(tenant_id, outside, from_size, progress, result)
    except (DataError, psycopg.DataError) as error:
        # A time that Python has none for, for one: no program of ours wrote it.
        what = f"something cannot be read, and what comes after it was not looked at: {error}"
        result.found(Finding("unreadable", what))
    return result


def _verify(
    tenant_id: UUID,
    outside: OutsideCheckpoint | None,
    from_size: int,
    progress: Progress | None,
    result: Verification,
) -> None:
    ledger = LedgerLog.objects.first()
    if ledger is None or not ledger.size:
        _nothing_there(result)
        return
    result.origin = ledger.origin
    outside = outside or _published(result)
    # The file before the row: a sequencer that goes on meanwhile must not look like a loss.
    ledger.refresh_from_db()
    result.size = ledger.size
    keys = keys_to_verify_with(outside, result)
    start = _start(ledger, keys, from_size, result)
    retracing = Retracing(result, tenant_id=tenant_id, start=start, progress=progress)
    with closing(retracing) as tree:
        _check_checkpoints(ledger, keys, outside, tree, result)
        tree.check_pruned()
    _check_outside_of_the_tree(ledger.size, result)
    check_against_directory(ledger, result)


def _nothing_there(result: Verification) -> None:
    result.queued = LedgerQueueItem.objects.count()
    what = "there is no sequenced event: an empty record proves nothing"
    if LedgerEvent.objects.exists():
        what = f"there are events but no log ({result.queued} wait in the queue)"
    result.found(Finding("empty", what))


def _published(result: Verification) -> OutsideCheckpoint | None:
    try:
        return published_checkpoint(result.origin)
    except NoteInvalid as error:
        result.found(Finding("outside checkpoint", f"unreadable: {error}"))
        return None


def _start(ledger: LedgerLog, keys: Keys, from_size: int, result: Verification) -> Frontier:
    """Return the frontier to begin with; an empty one when the wanted one is not signed."""
    if not from_size:
        return Frontier()
    row = LedgerCheckpoint.objects.filter(size=from_size).first()
    if row is None or from_size > ledger.size:
        result.found(Finding("checkpoint", f"there is none of size {from_size} to begin with"))
        return Frontier()
    signed = opened(row, keys, result)
    try:
        frontier = frontier_at(from_size)
    except (TileInvalid, ValueError):
        frontier = None
    if frontier is None or (signed is not None and frontier.root() != signed.root):
        what = (
            f"the tiles do not have the root that was signed at size {from_size}, or cannot be read"
        )
        result.found(Finding("tree", what))
    return frontier or Frontier()


def _check_checkpoints(
    ledger: LedgerLog,
    keys: Keys,
    outside: OutsideCheckpoint | None,
    tree: Retracing,
    result: Verification,
) -> None:
    """Retrace the tree from checkpoint to checkpoint and compare each signed root."""
    covered = tree.reached.size
    wanted = outside.checkpoint if outside is not None else None
    result.outside_size = wanted.size if wanted else None
    for row in _checkpoints(covered, ledger.size):
        signed = opened(row, keys, result)
        if wanted is not None and covered < wanted.size < row.size:
            _compare(tree.advance(wanted.size), wanted, "outside checkpoint", result)
        retraced = tree.advance(row.size)
        result.checkpoints += 1
        if signed is not None:
            _compare(retraced, signed, "checkpoint", result)
        if wanted is not None and wanted.size == row.size:
            _compare(retraced, wanted, "outside checkpoint", result)
        covered = row.size
    if covered != ledger.size:
        what = f"the log counts {ledger.size} events, the last checkpoint is of {covered}"
        result.found(Finding("checkpoint missing", what, index=covered))
        if wanted is not None and covered < wanted.size <= ledger.size:
            _compare(tree.advance(wanted.size), wanted, "outside checkpoint", result)
        tree.advance(ledger.size)
    _check_log_row(ledger, tree.reached, result)
    if wanted is not None and wanted.size > ledger.size:
        what = (
            f"a signed checkpoint outside of the database has {wanted.size} events, the database"
            f" {ledger.size}: the last {wanted.size - ledger.size} were cut off"
        )
        result.found(Finding("truncated", what, index=ledger.size))


def _check_log_row(ledger: LedgerLog, last: Frontier, result: Verification) -> None:
    if bytes(ledger.frontier or b"") != last.to_bytes() and result.is_intact:
        result.found(Finding("log", "the sequencer's frontier is not that of the events"))


def _compare(retraced: Retraced, signed: Checkpoint, kind: str, result: Verification) -> None:
    if retraced.is_whole and retraced.frontier.root() != signed.root:
        what = (
            f"the signed root at size {signed.size} is not that of the events; something between"
            f" index {retraced.since} and {signed.size - 1} was changed"
        )
        result.found(
            Finding(kind, what, index=retraced.since, at=retraced.first_at, event_id=retraced.first)
        )


def _checkpoints(after: int, upto: int) -> Iterator[LedgerCheckpoint]:
    rows = LedgerCheckpoint.objects.filter(size__gt=after, size__lte=upto).order_by("size")
    yield from rows.iterator(chunk_size=500)


def _check_outside_of_the_tree(size: int, result: Verification) -> None:
    """Find what the tree does not know: events without a place, leaves and tiles beyond it."""
    with connection.cursor() as cursor:
        # One statement is one snapshot: a committed event has a leaf or a queue row in it.
        cursor.execute(
            f"SELECT e.id, {readable_time('e', 'occurred_at')} FROM audit_ledgerevent e"  # noqa: S608 - ours
            " LEFT JOIN audit_ledgerleaf l ON l.tenant_id = e.tenant_id AND l.event_id = e.id"
            " LEFT JOIN audit_ledgerqueueitem q ON q.tenant_id = e.tenant_id AND q.event_id = e.id"
            " WHERE l.id IS NULL AND q.id IS NULL ORDER BY e.id LIMIT 100"
        )
        for event_id, at in cursor.fetchall():
            what = "this event is neither in the tree nor in the queue"
            result.found(Finding("not in the tree", what, event_id=_event(event_id), at=at))
        cursor.execute(
            f"SELECT q.event_id, {readable_time('q', 'queued_at')},"  # noqa: S608 - ours
            " e.id IS NULL, l.id IS NOT NULL FROM audit_ledgerqueueitem q"
            " LEFT JOIN audit_ledgerevent e ON e.tenant_id = q.tenant_id AND e.id = q.event_id"
            " LEFT JOIN audit_ledgerleaf l ON l.tenant_id = q.tenant_id AND l.event_id = q.event_id"
            " WHERE e.id IS NULL OR l.id IS NOT NULL OR q.queued_at < %s ORDER BY q.id LIMIT 100",
            [clock.now() - OVERDUE],
        )
        for event_id, at, is_lost, is_double in cursor.fetchall():
            what = f"has waited longer than {OVERDUE.seconds // 60} minutes for its place"
            if is_lost:
                what = "was queued, but its row is gone"
            elif is_double:
                what = "is queued although it is in the tree"
            result.found(Finding("queue", f"an event {what}", event_id=_event(event_id), at=at))
        cursor.execute(
            "SELECT l.index, l.event_id FROM audit_ledgerleaf l"
            " WHERE l.index IS NULL OR l.index < 0"
            " OR (l.index >= %s AND l.index >= (SELECT max(size) FROM audit_ledgerlog))"
            " ORDER BY l.index LIMIT 100",
            [size],
        )
        for index, event_id in cursor.fetchall():
            what = "a leaf stands beyond the end of the log"
            result.found(Finding("leaf", what, index=index, event_id=_event(event_id)))
        cursor.execute(_TILES_TOO_MANY, [size])
        for level, index in cursor.fetchall():
            what = f"a tile {level}/{index} is stored twice, or beyond the end of the log"
            result.found(Finding("tile", what))
    result.queued = LedgerQueueItem.objects.count()


def _event(event_id: UUID | None) -> str:
    return public_id("ev", event_id) if event_id else ""
