"""Retracing a tree from the bodies of its events, from one size to the next."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from audit.merkle.tiles import HEIGHT, WIDTH
from audit.merkle.tree import HASH_BYTES, Frontier, leaf_hash, root_of, split_hashes
from audit.models import LedgerTile
from audit.selectors.tiles import read_tile
from audit.services.findings import Finding, Verification
from audit.services.pruned_checks import Prunings
from audit.services.retraced_rows import (
    BodyInvalid,
    LeafRows,
    Row,
    as_objects,
    fits,
    is_id,
    read_body,
)
from govapp.common.ids import public_id

_ROWS: Final = 2_048  # eight tiles
_TILES_AHEAD: Final = 64


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
        self._progress = progress or (lambda _done, _all: None)
        self._is_whole = True
        # A start inside a tile leaves that first tile to the signed root that it began with.
        self._tiles = _TileCheck(result, start.size)
        self._rows = LeafRows(tenant_id, start.size, result.size)
        self._prunings = Prunings(result)
        self._start = start.size

    def close(self) -> None:
        """Read no further."""
        self._rows.close()

    def check_pruned(self) -> None:
        """When all is retraced: what is said to be pruned is gone, and nothing else."""
        self._prunings.check_all_gone()
        self._prunings.check_ids(self._start)

    def advance(self, size: int) -> Retraced:
        """Go on to the tree of `size` leaves."""
        since, first, first_at = self.reached.size, "", None
        while self.reached.size < size:
            upto = min(size, self.reached.size + _ROWS)
            leaves, name, at = self._leaves(self.reached.size, upto)
            if not first:
                first, first_at = name, at
            self._grow(leaves)
            self._progress(self.reached.size, self._result.size)
        return Retraced(self.reached, since, first, first_at, self._is_whole)

    def _grow(self, leaves: list[bytes]) -> None:
        """Extend the tree and compare the tiles; a full tile is hashed once for both."""
        at = min(-self.reached.size % WIDTH, len(leaves))
        whole = len(leaves) - (len(leaves) - at) % WIDTH
        self.reached = self.reached.extend(leaves[:at])
        roots = [root_of(leaves[tile : tile + WIDTH]) for tile in range(at, whole, WIDTH)]
        if roots:
            self.reached = self.reached.extend(roots, rise=HEIGHT)
        self.reached = self.reached.extend(leaves[whole:])
        if self._is_whole:
            self._tiles.add(leaves[:at])
            self._tiles.add(leaves[at:whole], roots=roots)
            self._tiles.add(leaves[whole:])

    def _leaves(self, start: int, end: int) -> tuple[list[bytes], str, datetime | None]:
        """Return the leaves of a stretch, and its first event with its time."""
        rows = self._rows.take(end - start)
        if [row[0] for row in rows] == list(range(start, end)) and {
            len(row[1]) for row in rows
        } == {HASH_BYTES}:
            here = self._prunings.present(rows)
            if here is not None and (not here or fits(here, self._tenant)):
                self._result.events += len(here)
                self._prunings.count_there(here)
                self._result.pruned += len(rows) - len(here)
                first = as_objects(here[0] if here else rows[0])
                return [row[1] for row in rows], public_id("ev", first[2]), first[5]
        return self._one_by_one(rows, start, end)

    def _one_by_one(
        self, rows: list[Row], start: int, end: int
    ) -> tuple[list[bytes], str, datetime | None]:
        leaves: list[bytes] = []
        first, first_at, used = "", None, 0
        for index in range(start, end):
            row = as_objects(rows[used]) if used < len(rows) else None
            if row is None or row[0] != index:
                self._missing(index, row)
                leaves.append(b"\0" * HASH_BYTES)
                continue
            used += 1
            if not first and row[5] is not None:
                first, first_at = public_id("ev", row[2]), row[5]
            leaves.append(self._checked(row))
        self._rows.give_back(rows[used:])
        return leaves, first, first_at

    def _missing(self, index: int, following: Row | None) -> None:
        if self._is_whole:
            end = following[0] if following is not None else self._result.size
            what = f"the leaves {index} to {end - 1} are gone"
            self._result.found(Finding("leaf missing", what, index=index))
        # Without a leaf no later root can be computed.
        self._is_whole = False

    def _checked(self, row: Row) -> bytes:
        index, stored, event_id, body, *columns = row
        if len(stored) != HASH_BYTES:
            stored = self._hash_instead(row)
        if body is None and self._prunings.covers(index):
            self._result.pruned += 1
            return bytes(stored)
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
        self._prunings.count_there([row])
        if leaf_hash(body) != stored:
            self._differs("event changed", "its body is not what was sequenced", row)
        for what in self._column_faults(event_id, body, columns):
            self._differs("columns", what, row)
        return bytes(stored)

    def _hash_instead(self, row: Row) -> bytes:
        """Note a leaf that is not as long as a hash; return that of its body, when it is there."""
        _, stored, _, body, *_ = row
        self._differs("leaf", f"its hash has {len(stored)} bytes instead of {HASH_BYTES}", row)
        if body is not None:
            return leaf_hash(body)
        self._is_whole = False
        return b"\0" * HASH_BYTES

    def _column_faults(self, event_id: UUID, body: bytes, columns: list[Any]) -> Iterator[str]:
        """Yield what the search columns say otherwise than the body."""
        try:
            told = read_body(body)
        except BodyInvalid:
            yield "the body is not that of an event"
            return
        kind, at, actor_kind, actor_id, subject_type, subject_id, request_id = columns
        pairs = (
            ("id", is_id(told.id, "ev_", event_id), True),
            ("tenant", told.tenant, self._tenant),
            ("type", told.type, kind),
            ("time", told.at, at),
            ("actor kind", told.actor.kind, actor_kind),
            ("actor", told.actor.id, actor_id),
            ("subject type", told.subject.type, subject_type),
            ("subject", told.subject.id, subject_id),
            ("request", told.request, public_id("ar", request_id) if request_id else ""),
        )
        for name, inside, outside in pairs:
            if inside != outside:
                yield f"the column of the {name} is not what the body says"

    def _differs(self, kind: str, what: str, row: Row) -> None:
        self._result.found(
            Finding(kind, what, index=row[0], event_id=public_id("ev", row[2]), at=row[5])
        )


class _TileCheck:
    """Builds the full tiles from the leaves that pass and compares the stored ones."""

    def __init__(self, result: Verification, start: int) -> None:
        self._result = result
        self._edge: list[bytes] = []
        self._position: list[int] = []
        self._skip: list[int] = []
        self._stored: list[Iterator[tuple[int, bytes]]] = []
        self._start = start

    def add(self, leaves: Sequence[bytes], *, roots: Sequence[bytes] = (), level: int = 0) -> None:
        """Take the next hashes of a level; `roots` are those of their tiles, when these are full
        ones and the caller has hashed them."""
        if not leaves:
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
            if not roots:
                above.append(root_of(split_hashes(data)))
        self._edge[level] = edge
        self.add(roots or above, level=level + 1)

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
