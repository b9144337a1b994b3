"""A record of a million events that verifies: what the services would have written, made faster.

The bytes of one event are written by the service; each further one differs in its ids and its time.
Rows go in by COPY past all triggers; tiles and checkpoints are those of the sequencer.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from govapp.bench.ground import Ground, as_superuser

_AT_ONCE: Final = 50_000
_STEP: Final = timedelta(milliseconds=3)
_KIND: Final = "action_request.submitted"
_AGENT: Final = "ag_bench"
_EVENTS: Final = (
    "COPY audit_ledgerevent (id, tenant_id, type, occurred_at, actor_kind, actor_id, subject_type,"
    " subject_id, request_id, body) FROM STDIN"
)
_LEAVES: Final = "COPY audit_ledgerleaf (id, tenant_id, index, event_id, leaf_hash) FROM STDIN"

_Made = tuple[UUID, UUID, datetime, bytes]  # event, request, time, body


def fill_record(ground: Ground, tenant_id: UUID, count: int) -> None:
    """Add so many events to a tenant whose record has begun, with a checkpoint for each 50,000."""
    from govapp.common import clock
    from govapp.common.tenancy import tenant_transaction

    with tenant_transaction(tenant_id):
        at = clock.now() - count * _STEP
    for start in range(0, count, _AT_ONCE):
        _add(ground, tenant_id, min(_AT_ONCE, count - start), at + start * _STEP)


def _add(ground: Ground, tenant_id: UUID, count: int, at: datetime) -> None:
    from audit.merkle.tiles import grow
    from audit.merkle.tree import Frontier, leaf_hash
    from audit.models import LedgerLog, LedgerTile
    from audit.selectors.tiles import read_tile
    from audit.services.signing import sign_growth
    from govapp.common.tenancy import tenant_transaction

    with tenant_transaction(tenant_id):
        events = list(_events(count, at))
        leaves = [leaf_hash(body) for *_, body in events]
        ledger = LedgerLog.objects.select_for_update().get()
        _copy(ground, tenant_id, ledger.size, events, leaves)
        growth = grow(ledger.size, leaves, read_tile)
        full = [tile for tile in growth.tiles if tile.is_full]
        LedgerTile.objects.bulk_create(
            LedgerTile(level=tile.level, index=tile.index, data=tile.data) for tile in full
        )
        sign_growth(ledger, size=growth.size, root=growth.root)
        after = Frontier.from_bytes(bytes(ledger.frontier)).extend(leaves)
        ledger.size, ledger.frontier = after.size, after.to_bytes()
        ledger.save(update_fields=["size", "frontier"])


def _events(count: int, at: datetime) -> Iterator[_Made]:
    from audit.actors import Actor, Subject
    from audit.services.bodies import Bodies, Entry
    from govapp.common.ids import new_id, public_id

    first, request = new_id(), new_id()
    name = public_id("ar", request)
    body = Bodies().write(
        Entry(
            _KIND,
            Actor("agent", _AGENT, "payer"),
            Subject("action_request", name, "Pay EUR 48,200 to Northwind for invoice 1123"),
            "payer: “Pay EUR 48,200 to Northwind for invoice 1123”",
            {"category": "payments.transfer", "payload_digest": "0" * 64, "policy": {"version": 4}},
            request,
        ),
        first,
        at,
    )
    parts = body.replace(public_id("ev", first).encode(), b"%(event)b")
    parts = parts.replace(_written(at), b"%(at)b").replace(name.encode(), b"%(request)b")
    for number in range(count):
        event, request, moment = new_id(), new_id(), at + number * _STEP
        yield (
            event,
            request,
            moment,
            parts
            % {
                b"event": public_id("ev", event).encode(),
                b"request": public_id("ar", request).encode(),
                b"at": _written(moment),
            },
        )


def _written(at: datetime) -> bytes:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z").encode()


def _copy(
    ground: Ground, tenant_id: UUID, size: int, events: list[_Made], leaves: list[bytes]
) -> None:
    from govapp.common.ids import new_id, public_id

    with as_superuser(ground) as connection, connection.cursor() as cursor:
        with cursor.copy(_EVENTS) as copy:
            for event, request, at, body in events:
                copy.write(
                    f"{event}\t{tenant_id}\t{_KIND}\t{at.isoformat()}\tagent\t{_AGENT}"
                    f"\taction_request\t{public_id('ar', request)}\t{request}\t\\\\x{body.hex()}\n"
                )
        with cursor.copy(_LEAVES) as copy:
            for index, ((event, *_), leaf) in enumerate(zip(events, leaves, strict=True), size):
                copy.write(f"{new_id()}\t{tenant_id}\t{index}\t{event}\t\\\\x{leaf.hex()}\n")
