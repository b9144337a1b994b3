"""Merkle trees (RFC 6962, RFC 9162): roots of many leaves at once, inclusion and consistency."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

Leaf = tuple[int, bytes]


def leaf_digest(entry: bytes) -> bytes:
    """Hash one entry."""
    return sha256(b"\x00" + entry).digest()


def node_digest(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def split_of(leaves: int) -> int:
    """Return the largest power of two below a number of leaves."""
    return 1 << (leaves - 1).bit_length() - 1


def root_of_leaves(size: int, leaves: Iterator[Leaf], take: Callable[[], bytes]) -> bytes:
    """Return the root of a tree of which some leaves are known, in ascending order.

    `take` gives the hash of each largest subtree without a known leaf, from left to right.
    """
    if size == 0:
        return sha256().digest()
    at = next(leaves, None)

    def walk(start: int, end: int) -> bytes:
        nonlocal at
        if at is None or at[0] >= end:
            return take()
        if end - start == 1:
            known, at = at[1], next(leaves, None)
            return known
        middle = start + split_of(end - start)
        left = walk(start, middle)
        return node_digest(left, walk(middle, end))

    return walk(0, size)


def root_of_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root to which an inclusion proof leads; None when it has the wrong length."""
    if not 0 <= index < size:
        return None
    node, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            found = node_digest(step, found)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            found = node_digest(found, step)
        node, last = node >> 1, last >> 1
    return None if last else found


def is_beginning(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Tell whether the proof shows that the old tree is the beginning of the new one."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    steps = list(proof) if old & (old - 1) else [old_root, *proof]
    if not steps:
        return False
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    small = large = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            small, large = node_digest(step, small), node_digest(step, large)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            large = node_digest(large, step)
        node, last = node >> 1, last >> 1
    return last == 0 and small == old_root and large == new_root
