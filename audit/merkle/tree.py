"""RFC 6962 hashing, and the compact form of a tree that only grows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
MAX_SIZE = 2**63 - 1
"""Sizes stay within the signed 64-bit integers of databases and of other implementations."""

_SIZE_BYTES = 8


def leaf_hash(entry: bytes) -> bytes:
    """Hash one entry (RFC 6962 section 2.1): SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees (RFC 6962 section 2.1): SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return the Merkle Tree Hash over leaf (or subtree) hashes that are all at hand."""
    level = list(hashes)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        # The lone last subtree moves up unhashed: that is RFC 6962's uneven split.
        lone = level[-1:] if len(level) % 2 else []
        pairs = iter(level)
        # Written out, not `node_hash`: a million of them are made when a record is verified.
        level = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs)]  # noqa: B905 - the odd one is `lone`
        level += lone
    return level[0]


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: all that is needed to append and to name the root.

    `hashes` are the roots of the maximal perfect subtrees from left (largest) to right, one for
    each set bit of `size`. A frontier is a value: growing returns a new one, so a sequencer whose
    transaction fails still holds the old one.

    Raises ValueError when the hashes cannot belong to that size.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_SIZE:
            raise ValueError(f"a tree cannot have {self.size} leaves")
        if len(self.hashes) != self.size.bit_count():
            raise ValueError(f"{len(self.hashes)} subtrees do not make {self.size} leaves")
        for subtree in self.hashes:
            _check_hash(subtree)

    def append(self, leaf: bytes) -> "Frontier":
        """Return the frontier with one more leaf hash (32 bytes)."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes], *, rise: int = 0) -> "Frontier":
        """Return the frontier with more leaf hashes: O(n + log size) time, O(log size) memory.

        With `rise`, the hashes are roots of perfect subtrees of 2**rise leaves each. Raises
        ValueError when a hash is not 32 bytes, or when such subtrees cannot begin at this size.
        """
        if self.size % (1 << rise):
            raise ValueError(f"no subtree of {1 << rise} leaves begins at {self.size}")
        size, stack = self.size >> rise, list(self.hashes)
        for subtree in leaves:
            _check_hash(subtree)
            merges = size
            while merges & 1:
                subtree = node_hash(stack.pop(), subtree)
                merges >>= 1
            stack.append(subtree)
            size += 1
        return Frontier(size << rise, tuple(stack))

    def root(self) -> bytes:
        """Return the Merkle Tree Hash of the whole tree."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for subtree in reversed(self.hashes[:-1]):
            root = node_hash(subtree, root)
        return root

    def to_bytes(self) -> bytes:
        """Return the stored form: the size as 8 bytes, big-endian, then the hashes."""
        return self.size.to_bytes(_SIZE_BYTES, "big") + b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Frontier":
        """Read the stored form back; raises ValueError when it is not one."""
        size, hashes = data[:_SIZE_BYTES], data[_SIZE_BYTES:]
        if len(size) != _SIZE_BYTES:
            raise ValueError("a stored frontier begins with a size of 8 bytes")
        return cls(int.from_bytes(size, "big"), split_hashes(hashes))


def split_hashes(data: bytes) -> tuple[bytes, ...]:
    """Cut concatenated hashes apart; raises ValueError when the last one is cut short."""
    if len(data) % HASH_BYTES:
        raise ValueError(f"{len(data)} bytes are not a whole number of {HASH_BYTES}-byte hashes")
    return tuple(data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES))


def _check_hash(value: bytes) -> None:
    if len(value) != HASH_BYTES:
        raise ValueError(f"a hash has {HASH_BYTES} bytes, not {len(value)}")
