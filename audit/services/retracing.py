"""Retracing a tree from the bodies of its events, from one size to the next."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db import connection

from audit.merkle.tiles import WIDTH
from audit.merkle.tree import HASH_BYTES, Frontier, leaf_hash, root_of, split_hashes
from audit.models import LedgerTile
from audit.selectors.tiles import read_tile
from audit.services.findings import Finding, Verification
from govapp.common.ids import public_id

_ROWS: Final = 2_000
_TILES_AHEAD: Final = 64

_LEAVES = """
SELECT l.index, l.leaf_hash, l.event_id, e.body, e.type, e.occurred_at, e.actor_kind, e.actor_id,
       e.subject_type, e.subject_id, e.request_id
FROM audit_ledgerleaf l
LEFT JOIN audit_ledgerevent e ON e.tenant_id = l.tenant_id AND e.id = l.event_id
WHERE l.tenant_id = %s AND l.index >= %s AND l.index < %s
ORDER BY l.index
"""


class _Party(msgspec.Struct):
    kind: str = ""
    type: str = ""
    id: str = ""


class _Body(msgspec.Struct):
    """The parts of a body that have a column of their own."""

    id: str
    tenant: str
    type: str
    at: datetime
    actor: _Party
    subject: _Party
    request: str = ""


_read_body = msgspec.json.Decoder(_Body).decode
_request_name = lru_cache(maxsize=4096)(lambda value: public_id("ar", value) if value else "")


@dataclass(frozen=True, slots=True)
class Retraced:
    """The tree at one size, and where the stretch began that led there."""

    frontier: Frontier
    since: int
    first: str
    first_at: datetime | None
    is_whole: bool


class Retracing:
    """Walks the leaves in order: hashes each body, compares columns, leaves and tiles.

    Where a body differs from its leaf the difference is noted with its place, and the stored leaf
    hash carries on, so that one change is one finding and not one for each later checkpoint.
    """

    def __init__(
        self,
        result: Verification,
        *,
        tenant_id: UUID,
        start: Frontier,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.reached = start
        self._result = result
        self._tenant = public_id("tn", tenant_id)
        self._tenant_id = tenant_id
        self._progress = progress or (lambda _done, _all: None)
        self._is_whole = True
        # A start inside a tile leaves that first tile to the signed root that it began with.
        self._tiles = _TileCheck(result, start.size)
        self._rows = self._stream(start.size, result.size)
        self._next: tuple[Any, ...] | None = next(self._rows, None)

    def advance(self, size: int) -> Retraced:
        """Go on to the tree of `size` leaves."""
        since, first, first_at = self.reached.size, "", None
        while self.reached.size < size:
            upto = min(size, self.reached.size + _ROWS)
            leaves, name, at = self._leaves(self.reached.size, upto)
            if not first:
                first, first_at = name, at
            self.reached = self.reached.extend(leaves)
            self._progress(self.reached.size, self._result.size)
        return Retraced(self.reached, since, first, first_at, self._is_whole)

    def _leaves(self, start: int, end: int) -> tuple[list[bytes], str, datetime | None]:
        leaves: list[bytes] = []
        first, first_at = "", None
        for index in range(start, end):
            row = self._next
            if row is None or row[0] != index:
                self._missing(index)
                leaves.append(b"\0" * HASH_BYTES)
                continue
            if not first and row[5] is not None:
                first, first_at = public_id("ev", row[2]), row[5]
            leaves.append(self._checked(row))
            self._next = next(self._rows, None)
        self._tiles.add(leaves, is_whole=self._is_whole)
        return leaves, first, first_at

    def _missing(self, index: int) -> None:
        if self._is_whole:
            end = self._next[0] if self._next is not None else self._result.size
            what = f"the leaves {index} to {end - 1} are gone"
            self._result.found(Finding("leaf missing", what, index=index))
        # Without a leaf no later root can be computed.
        self._is_whole = False

    def _checked(self, row: tuple[Any, ...]) -> bytes:
        index, stored, event_id, body, *columns = row
        if body is None:
            self._result.found(
                Finding(
                    "event deleted",
                    "its leaf is there, the event is not",
                    index=index,
                    event_id=public_id("ev", event_id),
                )
            )
            return bytes(stored)
        self._result.events += 1
        if leaf_hash(body) != stored:
            self._differs("event changed", "its body is not what was sequenced", row)
        for what in self._column_faults(event_id, body, columns):
            self._differs("columns", what, row)
        return bytes(stored)

    def _column_faults(self, event_id: UUID, body: bytes, columns: list[Any]) -> Iterator[str]:
        """Yield what the search columns say otherwise than the body."""
        try:
            told = _read_body(body)
        except (msgspec.DecodeError, msgspec.ValidationError):
            yield "the body is not that of an event"
            return
        kind, at, actor_kind, actor_id, subject_type, subject_id, request_id = columns
        pairs = (
            ("id", _event_number(told.id), event_id.int),
            ("tenant", told.tenant, self._tenant),
            ("type", told.type, kind),
            ("time", told.at, at),
            ("actor kind", told.actor.kind, actor_kind),
            ("actor", told.actor.id, actor_id),
            ("subject type", told.subject.type, subject_type),
            ("subject", told.subject.id, subject_id),
            ("request", told.request, _request_name(request_id)),
        )
        for name, inside, outside in pairs:
            if inside != outside:
                yield f"the column of the {name} is not what the body says"

    def _differs(self, kind: str, what: str, row: tuple[Any, ...]) -> None:
        self._result.found(
            Finding(kind, what, index=row[0], event_id=public_id("ev", row[2]), at=row[5])
        )

    def _stream(self, start: int, end: int) -> Iterator[tuple[Any, ...]]:
        connection.ensure_connection()
        # A server-side cursor of the driver itself: binary, so that bodies are not sent as hex.
        with connection.connection.cursor(name="retracing", binary=True) as cursor:
            cursor.itersize = _ROWS
            cursor.execute(_LEAVES, (self._tenant_id, start, end))
            yield from cursor


class _TileCheck:
    """Builds the full tiles from the leaves that pass and compares the stored ones."""

    def __init__(self, result: Verification, start: int) -> None:
        self._result = result
        self._edge: list[bytes] = []
        self._position: list[int] = []
        self._skip: list[int] = []
        self._stored: list[Iterator[tuple[int, bytes]]] = []
        self._start = start

    def add(self, leaves: list[bytes], *, is_whole: bool, level: int = 0) -> None:
        """Take the next hashes of a level. Stops for good when the tree is not whole."""
        if not is_whole or not leaves:
            return
        if level == len(self._edge):
            self._open_level(level)
        edge, above = self._edge[level] + b"".join(leaves), []
        width = WIDTH * HASH_BYTES
        while len(edge) + self._skip[level] * HASH_BYTES >= width:
            cut = width - self._skip[level] * HASH_BYTES
            if self._skip[level]:
                # Begun inside this tile: what is stored below it was under the signed root.
                data = read_tile(level, self._position[level])[:-cut] + edge[:cut]
                next(self._stored[level], None)
            else:
                data = edge[:cut]
                self._compare(level, data)
            edge, self._skip[level] = edge[cut:], 0
            self._position[level] += 1
            above.append(root_of(split_hashes(data)))
        self._edge[level] = edge
        self.add(above, is_whole=True, level=level + 1)

    def _open_level(self, level: int) -> None:
        index, skip = divmod(self._start >> (8 * level), WIDTH)
        self._edge.append(b"")
        self._position.append(index)
        self._skip.append(skip)
        self._stored.append(_stored_tiles(level, index))

    def _compare(self, level: int, data: bytes) -> None:
        index = self._position[level]
        stored_index, stored = next(self._stored[level], (-1, b""))
        self._result.tiles += 1
        if stored_index != index:
            what = f"the tile {level}/{index} is not stored"
        elif stored != data:
            places = zip(split_hashes(stored), split_hashes(data), strict=False)
            where = next((at for at, (a, b) in enumerate(places) if a != b), 0)
            what = f"the tile {level}/{index} differs from the events at its hash {where}"
            index = index * WIDTH + where
        else:
            return
        self._result.found(Finding("tile", what, index=index << (8 * level)))


def frontier_at(size: int) -> Frontier:
    """Return the frontier of the stored tree at a past size, from its tiles."""
    hashes, start = [], 0
    for bit in reversed(range(size.bit_length())):
        if size >> bit & 1:
            level, rise = divmod(bit, 8)
            index, offset = divmod(start >> (8 * level), WIDTH)
            tile = read_tile(level, index)[
                offset * HASH_BYTES : (offset + (1 << rise)) * HASH_BYTES
            ]
            hashes.append(root_of(split_hashes(tile)))
            start += 1 << bit
    return Frontier(size, tuple(hashes))


def _stored_tiles(level: int, index: int) -> Iterator[tuple[int, bytes]]:
    while True:
        ahead = list(
            LedgerTile.objects.filter(level=level, index__gte=index)
            .order_by("index")
            .values_list("index", "data")[:_TILES_AHEAD]
        )
        for at, data in ahead:
            yield at, bytes(data)
        if len(ahead) < _TILES_AHEAD:
            return
        index = ahead[-1][0] + 1


_CROCKFORD = str.maketrans("0123456789abcdefghjkmnpqrstvwxyz", "0123456789abcdefghijklmnopqrstuv")


def _event_number(name: str) -> int:
    """The number in an event's public id, -1 when it is none. In C, for it runs for each event."""
    try:
        return int(name[3:].translate(_CROCKFORD), 32) if name.startswith("ev_") else -1
    except ValueError:
        return -1
