"""Checking proofs, by the algorithms of RFC 9162 sections 2.1.3.2 and 2.1.4.2."""

from collections.abc import Sequence
from hmac import compare_digest

from audit.merkle.tree import EMPTY_ROOT, HASH_BYTES, node_hash


class ProofInvalid(Exception):
    """A proof that does not prove what is claimed; the message says why."""


def verify_inclusion(
    *, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that the leaf hash `leaf` stands at `index` in the tree with this size and root.

    Size and root must come together from one signed checkpoint: an inclusion proof alone does not
    bind the size. Raises ProofInvalid with the reason.
    """
    if not 0 <= index < size:
        raise ProofInvalid(f"leaf {index} lies outside a tree of {size} leaves")
    _check_hashes(leaf, root, *proof)
    node, last, computed = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise ProofInvalid("the proof has more hashes than the path from leaf to root")
        if node & 1 or node == last:
            computed = node_hash(step, computed)
            node, last = _up_to_right_child(node, last)
        else:
            computed = node_hash(computed, step)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofInvalid("the proof has fewer hashes than the path from leaf to root")
    if not compare_digest(computed, root):
        raise ProofInvalid("the leaf and the proof lead to another root")


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the new tree begins with every leaf of the old one, in the same order.

    The empty tree begins every tree; its root is SHA-256 of nothing. Raises ProofInvalid with the
    reason.
    """
    if not 0 <= old_size <= new_size:
        raise ProofInvalid(f"a tree of {new_size} leaves cannot continue one of {old_size}")
    _check_hashes(old_root, new_root, *proof)
    _check_empty_tree(old_size, old_root)
    _check_empty_tree(new_size, new_root)
    if old_size in (0, new_size):
        if proof:
            raise ProofInvalid("nothing is to be proved between these sizes, yet there are hashes")
        if old_size == new_size and not compare_digest(old_root, new_root):
            raise ProofInvalid("two trees of the same size have different roots")
        return
    if not proof:
        raise ProofInvalid("the proof is empty")
    _climb(old_size, new_size, old_root, new_root, proof)


def _climb(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    steps = list(proof)
    if old_size & (old_size - 1) == 0:
        # A perfect old tree is a subtree of the new one, so its root is left out of the proof.
        steps.insert(0, old_root)
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise ProofInvalid("the proof has more hashes than the path to the root")
        if node & 1 or node == last:
            old, new = node_hash(step, old), node_hash(step, new)
            node, last = _up_to_right_child(node, last)
        else:
            new = node_hash(new, step)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofInvalid("the proof has fewer hashes than the path to the root")
    if not compare_digest(old, old_root):
        raise ProofInvalid("the proof does not lead to the old root: history was changed")
    if not compare_digest(new, new_root):
        raise ProofInvalid("the proof does not lead to the new root")


def _up_to_right_child(node: int, last: int) -> tuple[int, int]:
    """Skip the levels on which the last node has no sibling and moves up unhashed."""
    while node and not node & 1:
        node, last = node >> 1, last >> 1
    return node, last


def _check_empty_tree(size: int, root: bytes) -> None:
    if size == 0 and not compare_digest(root, EMPTY_ROOT):
        raise ProofInvalid("a tree without leaves has another root than the empty one")


def _check_hashes(*hashes: bytes) -> None:
    for value in hashes:
        if len(value) != HASH_BYTES:
            raise ProofInvalid(f"a hash has {HASH_BYTES} bytes, not {len(value)}")
