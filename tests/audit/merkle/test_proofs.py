from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.merkle.proofs import ProofInvalid, verify_consistency, verify_inclusion
from audit.merkle.tiles import prove_consistency, prove_inclusion, root_from_tiles
from audit.merkle.tree import EMPTY_ROOT
from tests.audit.merkle.logs import (
    EDGE_SIZES,
    MemoryLog,
    each_flip,
    flipped,
    leaves,
    log_of,
    refuses,
    unhurried,
)

Change: TypeAlias = Callable[[list[bytes]], list[bytes]]
ALL = leaves(max(EDGE_SIZES))


@pytest.fixture(scope="module")
def big() -> MemoryLog:
    return log_of(max(EDGE_SIZES))


def included(index: int, size: int, hashes: Sequence[bytes]) -> None:
    """Verify (leaf, root, *proof) given as one list, so that a test can change any part."""
    leaf, root, *proof = hashes
    verify_inclusion(leaf=leaf, index=index, size=size, proof=proof, root=root)


def inclusion_parts(log: MemoryLog, index: int, size: int) -> list[bytes]:
    root = root_from_tiles(size, log.read)
    return [ALL[index], root, *prove_inclusion(index, size, log.read)]


def continued(old: int, new: int, hashes: Sequence[bytes]) -> None:
    """Verify (old root, new root, *proof) given as one list."""
    first, second, *proof = hashes
    verify_consistency(old_size=old, new_size=new, old_root=first, new_root=second, proof=proof)


def consistency_parts(log: MemoryLog, old: int, new: int) -> list[bytes]:
    roots = [root_from_tiles(size, log.read) for size in (old, new)]
    return [*roots, *prove_consistency(old, new, log.read)]


@pytest.mark.parametrize("size", EDGE_SIZES)
def test_inclusion_around_powers_of_256(size: int, big: MemoryLog) -> None:
    for index in {0, 1, 254, 255, 256, 257, size // 2, size - 2, size - 1} & set(range(size)):
        parts = inclusion_parts(big, index, size)
        included(index, size, parts)
        for at in range(len(parts)):
            wrong = [*parts[:at], flipped(parts[at], at), *parts[at + 1 :]]
            with pytest.raises(
                ProofInvalid, match=r"^the leaf and the proof lead to another root$"
            ):
                included(index, size, wrong)


@pytest.mark.parametrize("new", EDGE_SIZES)
def test_consistency_around_powers_of_256(new: int, big: MemoryLog) -> None:
    for old in (0, *(size for size in EDGE_SIZES if size <= new)):
        parts = consistency_parts(big, old, new)
        continued(old, new, parts)
        if old:
            for at in range(len(parts)):
                wrong = [*parts[:at], flipped(parts[at], at), *parts[at + 1 :]]
                assert refuses(ProofInvalid, partial(continued, old, new, wrong)), (old, new, at)


@unhurried
@given(st.integers(1, 1500), st.data())
def test_every_leaf_is_proved_and_one_flipped_bit_or_moved_index_is_not(
    size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    parts = inclusion_parts(log_of(size), index, size)
    included(index, size, parts)
    at = data.draw(st.integers(0, len(parts) - 1))
    parts_wrong = [*parts]
    parts_wrong[at] = flipped(parts[at], data.draw(st.integers(0, 255)))
    with pytest.raises(ProofInvalid):
        included(index, size, parts_wrong)
    other = data.draw(st.integers(0, 2 * size).filter(lambda number: number != index))
    with pytest.raises(ProofInvalid):
        included(other, size, parts)


@unhurried
@given(st.integers(1, 1500), st.data())
def test_every_growth_is_proved_and_one_flipped_bit_is_not(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    parts = consistency_parts(log_of(new), old, new)
    continued(old, new, parts)
    at = data.draw(st.integers(0, len(parts) - 1))
    parts[at] = flipped(parts[at], data.draw(st.integers(0, 255)))
    with pytest.raises(ProofInvalid):
        continued(old, new, parts)


def test_every_single_bit_counts() -> None:
    log = log_of(13)
    for size in (1, 2, 3, 8, 11, 13):
        for index in range(size):
            for wrong in each_flip(inclusion_parts(log, index, size)):
                assert refuses(ProofInvalid, partial(included, index, size, wrong))
        for old in range(1, size + 1):
            for wrong in each_flip(consistency_parts(log, old, size)):
                assert refuses(ProofInvalid, partial(continued, old, size, wrong))


def test_a_log_that_changed_its_past_cannot_prove_that_it_only_grew() -> None:
    honest, forged = log_of(40), MemoryLog()
    forged.append([*ALL[:7], ALL[8], ALL[7], *ALL[9:60]])
    with pytest.raises(ProofInvalid, match=r"^the proof does not lead to the old root: history"):
        verify_consistency(
            old_size=40,
            new_size=60,
            old_root=honest.root,
            new_root=forged.root,
            proof=prove_consistency(40, 60, forged.read),
        )


@pytest.mark.parametrize(
    ("index", "size", "change", "reason"),
    [
        (5, 5, lambda parts: parts, "leaf 5 lies outside a tree of 5 leaves"),
        (-1, 5, lambda parts: parts, "leaf -1 lies outside a tree of 5 leaves"),
        (2, 5, lambda parts: parts[:-1], "the proof has fewer hashes than the path"),
        (2, 5, lambda parts: [*parts, parts[-1]], "the proof has more hashes than the path"),
        (2, 5, lambda parts: [*parts[:-1], bytes(31)], "a hash has 32 bytes, not 31"),
        (3, 5, lambda parts: parts, "the leaf and the proof lead to another root"),
    ],
)
def test_reasons_against_inclusion(index: int, size: int, change: Change, reason: str) -> None:
    with pytest.raises(ProofInvalid, match=f"^{reason}"):
        included(index, size, change(inclusion_parts(log_of(5), 2, 5)))


@pytest.mark.parametrize(
    ("old", "new", "change", "reason"),
    [
        (6, 5, lambda parts: parts, "a tree of 5 leaves cannot continue one of 6"),
        (-1, 5, lambda parts: parts, "a tree of 5 leaves cannot continue one of -1"),
        (3, 5, lambda parts: parts[:2], "the proof is empty"),
        (3, 5, lambda parts: parts[:-1], "the proof has fewer hashes than the path"),
        (3, 5, lambda parts: [*parts, parts[-1]], "the proof has more hashes than the path"),
        (3, 5, lambda parts: [*parts[:-1], bytes(33)], "a hash has 32 bytes, not 33"),
        (3, 3, lambda parts: parts, "nothing is to be proved between these sizes"),
        (3, 3, lambda parts: parts[:2], "two trees of the same size have different roots"),
        (0, 5, lambda parts: parts[:2], "a tree without leaves has another root"),
        (0, 0, lambda parts: parts[:2], "a tree without leaves has another root"),
        (0, 5, lambda parts: [EMPTY_ROOT, *parts[1:]], "nothing is to be proved between these"),
    ],
)
def test_reasons_against_consistency(old: int, new: int, change: Change, reason: str) -> None:
    with pytest.raises(ProofInvalid, match=f"^{reason}"):
        continued(old, new, change(consistency_parts(log_of(5), 3, 5)))


def test_the_empty_tree_begins_every_tree() -> None:
    root = log_of(5).root
    continued(0, 5, [EMPTY_ROOT, root])
    continued(0, 0, [EMPTY_ROOT, EMPTY_ROOT])
