"""The stored tiles beside those that the retraced leaves make, and where to begin among them."""

from collections.abc import Iterator, Sequence
from typing import Final

from django.db.models import BinaryField, Func

from audit.merkle.tiles import WIDTH, TileInvalid
from audit.merkle.tree import HASH_BYTES, Frontier, root_of, split_hashes
from audit.models import LedgerTile
from audit.selectors.tiles import read_tile
from audit.services.findings import Finding, Verification

_TILES_AHEAD: Final = 64
_NO_TILE: Final = (-1, b"")


class TileCheck:
    """Builds the full tiles from the leaves that pass and compares the stored ones."""

    def __init__(self, result: Verification, start: int) -> None:
        self._result = result
        self._edge: list[bytes] = []
        self._position: list[int] = []
        self._skip: list[int] = []
        self._stored: list[Iterator[tuple[int, bytes]]] = []
        self._next: list[tuple[int, bytes]] = []  # of the stored ones, at each level
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
                data = _begun(level, self._position[level], width - cut) + edge[:cut]
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
        self._next.append(next(self._stored[level], _NO_TILE))

    def _compare(self, level: int, data: bytes) -> None:
        index, where = self._position[level], 0
        at, stored = self._next[level]
        if at == index:
            self._go_behind(level, index)
        self._result.tiles += 1
        if at != index:
            what = f"the tile {level}/{index} is not stored"
        elif stored != data:
            # Not cut apart: its length may be that of no tile.
            cuts = [slice(each, each + HASH_BYTES) for each in range(0, len(data), HASH_BYTES)]
            where = next((each for each, cut in enumerate(cuts) if data[cut] != stored[cut]), 0)
            what = f"the tile {level}/{index} differs from the events at its hash {where}"
        else:
            return
        self._result.found(Finding("tile", what, index=(index * WIDTH + where) << (8 * level)))

    def _go_behind(self, level: int, index: int) -> None:
        """Let the next stored tile wait; one that is stored twice is another's finding."""
        while 0 <= self._next[level][0] <= index:
            self._next[level] = next(self._stored[level], _NO_TILE)


def _begun(level: int, index: int, length: int) -> bytes:
    """Return the beginning of a tile inside of which one starts: it was under the signed root."""
    try:
        begun = read_tile(level, index)[:length]
    except TileInvalid:
        begun = b""
    return begun.ljust(length, b"\0")


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
    # No more than shows that one is too long.
    begin = Func(
        "data",
        function="substring",
        template=f"coalesce(%(function)s(%(expressions)s FOR {WIDTH * HASH_BYTES + 1}), '')",
        output_field=BinaryField(),
    )
    while True:
        ahead = list(
            LedgerTile.objects.filter(level=level, index__gte=index)
            .order_by("index")
            .values_list("index", begin)[:_TILES_AHEAD]
        )
        for at, data in ahead:
            yield at, bytes(data)
        if len(ahead) < _TILES_AHEAD:
            return
        index = ahead[-1][0] + 1
