"""C2SP tlog-tiles: a tree kept as write-once tiles of 256 hashes, and proofs made from them.

A tile at level l holds hashes of perfect subtrees of 256**l leaves. Full tiles never change;
the one partial tile at the right edge of each level only gets wider.
Source: https://c2sp.org/tlog-tiles
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from audit.merkle.tree import HASH_BYTES, MAX_SIZE, node_hash, root_of, split_hashes

HEIGHT = 8
WIDTH = 1 << HEIGHT
MAX_LEVEL = 63

ReadTile: TypeAlias = Callable[[int, int], bytes]
"""(level, index) -> the tile's hashes, concatenated. A wider tile than the size asked about needs
is fine (the log has grown since); what it raises for a missing tile passes through unchanged."""


class TileInvalid(Exception):
    """A stored tile that cannot belong to a tree of the size asked about."""


@dataclass(frozen=True, slots=True)
class TileRef:
    """The place of a tile; `width` counts its hashes, 256 when it is full."""

    level: int
    index: int
    width: int

    @property
    def path(self) -> str:
        """Where C2SP clients fetch it, relative to the log's prefix."""
        return tile_path(self.level, self.index, self.width)


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile to be stored: `data` is its hashes, concatenated."""

    level: int
    index: int
    data: bytes

    @property
    def width(self) -> int:
        """How many hashes it holds, 1 to 256."""
        return len(self.data) // HASH_BYTES

    @property
    def is_full(self) -> bool:
        """A full tile is final; a partial one is replaced by a wider one."""
        return self.width == WIDTH

    @property
    def path(self) -> str:
        """Where C2SP clients fetch it, relative to the log's prefix."""
        return tile_path(self.level, self.index, self.width)


@dataclass(frozen=True, slots=True)
class Growth:
    """What a batch of leaves changes: the new size and root, and every tile to write.

    `tiles` holds the tiles that became full and, last on each level, the new partial one.
    """

    size: int
    root: bytes
    tiles: tuple[Tile, ...]


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """Return the C2SP path of a tile, e.g. "tile/0/x001/067" or "tile/1/000.p/17".

    Raises ValueError when no tile has that level, index or width.
    """
    if not (0 <= level <= MAX_LEVEL and index >= 0 and 1 <= width <= WIDTH):
        raise ValueError(f"no tile has level {level}, index {index} and width {width}")
    parts = [f"{index % 1000:03d}"]
    while index := index // 1000:
        parts.append(f"x{index % 1000:03d}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(reversed(parts))}{partial}"


def tiles_of(size: int) -> Iterator[TileRef]:
    """Yield every tile of a tree, level by level from the leaves, left to right."""
    level, hashes = 0, _checked_size(size)
    while hashes:
        full, partial = divmod(hashes, WIDTH)
        for index in range(full):
            yield TileRef(level, index, WIDTH)
        if partial:
            yield TileRef(level, full, partial)
        level, hashes = level + 1, full


def grow(size: int, leaves: Sequence[bytes], read: ReadTile) -> Growth:
    """Append leaf hashes to a tree of `size` leaves.

    Reads at most the right-most partial tile of each level. Raises TileInvalid when a stored tile
    is too short for `size`, ValueError when a leaf hash is not 32 bytes.
    """
    if any(len(leaf) != HASH_BYTES for leaf in leaves):
        raise ValueError(f"every leaf hash must have {HASH_BYTES} bytes")
    before = _Snapshot(size, read)
    written: dict[tuple[int, int], Tile] = {}
    level, arriving = 0, b"".join(leaves)
    while arriving:
        first, kept = divmod(size >> (HEIGHT * level), WIDTH)
        row = (before.tile(level, first) if kept else b"") + arriving
        above = []
        for at in range(0, len(row), WIDTH * HASH_BYTES):
            tile = Tile(
                level, first + at // (WIDTH * HASH_BYTES), row[at : at + WIDTH * HASH_BYTES]
            )
            written[level, tile.index] = tile
            if tile.is_full:
                above.append(root_of(split_hashes(tile.data)))
        level, arriving = level + 1, b"".join(above)

    def read_grown(level: int, index: int) -> bytes:
        tile = written.get((level, index))
        return read(level, index) if tile is None else tile.data

    grown = size + len(leaves)
    return Growth(grown, root_from_tiles(grown, read_grown), tuple(written.values()))


def root_from_tiles(size: int, read: ReadTile) -> bytes:
    """Return the root of the tree at any past or present size."""
    if size == 0:
        return root_of(())
    return _Snapshot(size, read).subtree(0, size)


def prove_inclusion(index: int, size: int, read: ReadTile) -> tuple[bytes, ...]:
    """Return the audit path of leaf `index` in a tree of `size` leaves (RFC 9162 section 2.1.3.1).

    Raises ValueError when the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    tree, path = _Snapshot(size, read), []
    start, end = 0, size
    while end - start > 1:
        middle = start + _left_width(end - start)
        if index < middle:
            path.append(tree.subtree(middle, end))
            end = middle
        else:
            path.append(tree.subtree(start, middle))
            start = middle
    return tuple(reversed(path))


def prove_consistency(old: int, new: int, read: ReadTile) -> tuple[bytes, ...]:
    """Return the proof that the tree of `old` leaves begins that of `new` (RFC 9162 2.1.4.1).

    Empty when `old` is 0 or equals `new`. Raises ValueError when `old` is larger than `new`.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} leaves cannot continue one of {old}")
    tree, path = _Snapshot(new, read), []
    if old in (0, new):
        return ()
    start, end = 0, new
    while old != end:
        middle = start + _left_width(end - start)
        if old <= middle:
            path.append(tree.subtree(middle, end))
            end = middle
        else:
            path.append(tree.subtree(start, middle))
            start = middle
    if start:
        # Starting at leaf 0 the subtree is the old tree itself, whose root the verifier has.
        path.append(tree.subtree(start, end))
    return tuple(reversed(path))


def subtree_root(start: int, end: int, size: int, read: ReadTile) -> bytes:
    """Return the hash of leaves start to end (exclusive), a range that RFC 6962 splits a tree of
    `size` leaves into."""
    return _Snapshot(size, read).subtree(start, end)


class _Snapshot:
    """A tree of one size, seen through its tiles, each read once."""

    def __init__(self, size: int, read: ReadTile) -> None:
        self._size = _checked_size(size)
        self._read = read
        self._tiles: dict[tuple[int, int], bytes] = {}

    def tile(self, level: int, index: int) -> bytes:
        """Return the tile as wide as it was at this size."""
        if (level, index) not in self._tiles:
            width = min(WIDTH, (self._size >> (HEIGHT * level)) - index * WIDTH)
            data = self._read(level, index)
            if not width * HASH_BYTES <= len(data) <= WIDTH * HASH_BYTES or len(data) % HASH_BYTES:
                raise TileInvalid(
                    f"{tile_path(level, index)} has {len(data)} bytes; a tree of {self._size} "
                    f"leaves needs {width} hashes of {HASH_BYTES} bytes in it"
                )
            self._tiles[level, index] = data[: width * HASH_BYTES]
        return self._tiles[level, index]

    def subtree(self, start: int, end: int) -> bytes:
        """Return the hash of leaves start to end (exclusive), a range that RFC 6962 splits into."""
        lowest = _lowest_bit(end - start)
        root = self._perfect(end - lowest, lowest)
        end -= lowest
        while end > start:
            lowest = _lowest_bit(end - start)
            root = node_hash(self._perfect(end - lowest, lowest), root)
            end -= lowest
        return root

    def _perfect(self, start: int, leaves: int) -> bytes:
        level, rise = divmod(leaves.bit_length() - 1, HEIGHT)
        index, offset = divmod(start >> (HEIGHT * level), WIDTH)
        hashes = self.tile(level, index)[offset * HASH_BYTES : (offset + (1 << rise)) * HASH_BYTES]
        return root_of(split_hashes(hashes))


def _left_width(leaves: int) -> int:
    """The largest power of two below the number of leaves: where RFC 6962 splits a tree."""
    return 1 << ((leaves - 1).bit_length() - 1)


def _lowest_bit(number: int) -> int:
    return number & -number


def _checked_size(size: int) -> int:
    if not 0 <= size <= MAX_SIZE:
        raise ValueError(f"a tree cannot have {size} leaves")
    return size
