"""A log in memory, and the slow obvious way to compute what the core computes fast."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from hypothesis import settings

from audit.merkle.tiles import Growth, grow
from audit.merkle.tree import leaf_hash

unhurried = settings(deadline=None)
"""A slow machine is no failure: what is tested here is never time."""

EDGE_SIZES = (1, 2, 3, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537)


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(b"event %d" % at) for at in range(count)]


def naive_root(hashes: Sequence[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    left, right = naive_root(hashes[:split]), naive_root(hashes[split:])
    return sha256(b"\x01" + left + right).digest()


@dataclass
class MemoryLog:
    """Keeps the widest version of each tile, and holds full tiles to be written only once."""

    size: int = 0
    root: bytes = b""
    tiles: dict[tuple[int, int], bytes] = field(default_factory=dict)
    reads: list[tuple[int, int]] = field(default_factory=list)

    def read(self, level: int, index: int) -> bytes:
        self.reads.append((level, index))
        return self.tiles[level, index]

    def append(self, hashes: Sequence[bytes]) -> Growth:
        growth = grow(self.size, hashes, self.read)
        for tile in growth.tiles:
            before = self.tiles.get((tile.level, tile.index), b"")
            assert len(before) < len(tile.data), "a tile was written twice"
            assert tile.data.startswith(before), "a tile changed instead of growing"
            self.tiles[tile.level, tile.index] = tile.data
        self.size, self.root = growth.size, growth.root
        return growth


def log_of(count: int) -> MemoryLog:
    log = MemoryLog()
    log.append(leaves(count))
    return log


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def each_flip(hashes: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Every way to flip one bit in one of the hashes."""
    for at, value in enumerate(hashes):
        for bit in range(len(value) * 8):
            yield [*hashes[:at], flipped(value, bit), *hashes[at + 1 :]]


def refuses(error: type[Exception], check: Callable[[], object]) -> bool:
    """Cheaper than pytest.raises where thousands of refusals are counted."""
    try:
        check()
    except error:
        return True
    return False
