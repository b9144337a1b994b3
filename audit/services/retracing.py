"""Retracing a tree from the bodies of its events, from one size to the next."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Min

from audit.merkle.tiles import HEIGHT, WIDTH
from audit.merkle.tree import HASH_BYTES, Frontier, leaf_hash, root_of, split_hashes
from audit.models import LedgerLeaf, LedgerTile
from audit.selectors.tiles import read_tile
from audit.services.findings import Finding, Verification
from audit.services.pruned_checks import Prunings
from audit.services.retraced_rows import (
    Block,
    BodyInvalid,
    Leaf,
    LeafBlocks,
    fits,
    is_id,
    read_body,
)
from govapp.common.ids import public_id

_TILES_AHEAD: Final = 64


@dataclass(frozen=True, slots=True)
class Retraced:
    """The tree at one size, and where the stretch began that led there.

    Without `is_whole` leaves were missing, and the frontier is not that of this size.
    """

    size: int
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
        self._following: int | None = start.size  # where the next leaf stands, after a gap
        # A start inside a tile leaves that first tile to the signed root that it began with.
        self._tiles = _TileCheck(result, start.size)
        self._blocks = LeafBlocks(tenant_id, start.size, result.size)
        self._prunings = Prunings(result)
        self._start = start.size

    def close(self) -> None:
        """Read no further."""
        self._blocks.close()

    def check_pruned(self) -> None:
        """When all is retraced: what is said to be pruned is gone, and nothing else."""
        self._prunings.check_all_gone()
        self._prunings.check_ids(self._start)

    def advance(self, size: int) -> Retraced:
        """Go on to the tree of `size` leaves, or to where no leaf follows."""
        since, first, first_at = self.reached.size, "", None
        while self.reached.size < size and self._following is not None:
            leaves, name, at = self._leaves(*self._blocks.take(size))
            if not first:
                first, first_at = name, at
            self._grow(leaves)
            self._progress(self.reached.size, self._result.size)
        return Retraced(size, self.reached, since, first, first_at, self._is_whole)

    def _grow(self, leaves: Sequence[bytes]) -> None:
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

    def _leaves(self, block: Block, upto: int) -> tuple[Sequence[bytes], str, datetime | None]:
        """Return the leaves of a stretch, and its first event with its time."""
        here = block.with_bodies()
        if (
            block.indexes == list(range(self.reached.size, upto))
            and set(map(len, block.leaf_hashes)) == {HASH_BYTES}
            and (here is block or self._prunings.cover(block))
            and fits(here, self._tenant)
        ):
            self._result.events += len(here.indexes)
            self._prunings.count_there(here.indexes)
            self._result.pruned += len(block.indexes) - len(here.indexes)
            first = next((here if here.indexes else block).leaves())
            return block.leaf_hashes, public_id("ev", first.event_id), first.at
        return self._one_by_one(list(block.leaves()), upto)

    def _one_by_one(
        self, rows: list[Leaf], upto: int
    ) -> tuple[Sequence[bytes], str, datetime | None]:
        leaves: list[bytes] = []
        named = next((row for row in rows if row.body is not None), None)
        used = 0
        for index in range(self.reached.size, upto):
            if used == len(rows) or rows[used].place != index:
                self._missing(index)
                leaves.append(b"\0" * HASH_BYTES)
                continue
            leaves.append(self._checked(rows[used]))
            used += 1
            while used < len(rows) and rows[used].place == index:
                what = "a second leaf, or a second row of its event, stands at this index"
                self._differs("leaf", what, rows[used])
                used += 1
        return leaves, public_id("ev", named.event_id) if named else "", named and named.at

    def _missing(self, index: int) -> None:
        if self._following is not None and index >= self._following:
            following = LedgerLeaf.objects.filter(index__gt=index, index__lt=self._result.size)
            self._following = following.aggregate(Min("index"))["index__min"]
        if self._is_whole:
            what = f"the leaves {index} to {(self._following or self._result.size) - 1} are gone"
            self._result.found(Finding("leaf missing", what, index=index))
        # Without a leaf no later root can be computed.
        self._is_whole = False

    def _checked(self, row: Leaf) -> bytes:
        stored = row.leaf_hash
        if len(stored) != HASH_BYTES:
            stored = self._hash_instead(row)
        if row.body is None and self._prunings.covers(row.place):
            self._result.pruned += 1
            return stored
        if row.body is None:
            self._differs("event deleted", "its leaf is there, the event is not", row)
            return stored
        self._result.events += 1
        self._prunings.count_there([row.place])
        if leaf_hash(row.body) != stored:
            self._differs("event changed", "its body is not what was sequenced", row)
        for what in self._column_faults(row, row.body):
            self._differs("columns", what, row)
        return stored

    def _hash_instead(self, row: Leaf) -> bytes:
        """Note a leaf that is not as long as a hash; return that of its body, when it is there."""
        length = len(row.leaf_hash)
        self._differs("leaf", f"its hash has {length} bytes instead of {HASH_BYTES}", row)
        if row.body is not None:
            return leaf_hash(row.body)
        self._is_whole = False
        return b"\0" * HASH_BYTES

    def _column_faults(self, row: Leaf, body: bytes) -> Iterator[str]:
        """Yield what the search columns say otherwise than the body."""
        try:
            told = read_body(body)
        except BodyInvalid:
            yield "the body is not that of an event"
            return
        request = public_id("ar", row.request_id) if row.request_id else ""
        pairs = (
            ("id", is_id(told.id, "ev_", row.event_id), True),
            ("tenant", told.tenant, self._tenant),
            ("type", told.type, row.type),
            ("time", told.at, row.at),
            ("actor kind", told.actor.kind, row.actor_kind),
            ("actor", told.actor.id, row.actor_id),
            ("subject type", told.subject.type, row.subject_type),
            ("subject", told.subject.id, row.subject_id),
            ("request", told.request, request),
        )
        for name, inside, outside in pairs:
            if inside != outside:
                yield f"the column of the {name} is not what the body says"

    def _differs(self, kind: str, what: str, row: Leaf) -> None:
        name = public_id("ev", row.event_id)
        self._result.found(Finding(kind, what, index=row.place, event_id=name, at=row.at))


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
            # Not cut apart: its length may be that of no tile.
            begins = range(0, len(data), HASH_BYTES)
            differ = (at for at in begins if data[at:][:HASH_BYTES] != stored[at:][:HASH_BYTES])
            where = next(differ, 0) // HASH_BYTES
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
