"""One proof for many leaves leads to the root, whichever leaves they are."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.packs.together import Runs, prove_together
from audit.packs.verifier.trees import root_of_leaves
from tests.audit.merkle.logs import EDGE_SIZES, leaves, log_of, naive_root, unhurried


def proof(size: int, chosen: list[int]) -> list[bytes]:
    runs = Runs()
    for index in chosen:
        runs.add(index)
    return list(prove_together(runs, size, log_of(size).read))


def root(size: int, chosen: list[int], hashes: list[bytes]) -> bytes:
    known, given_hashes = leaves(size), iter(hashes)
    picked: Iterator[tuple[int, bytes]] = iter([(index, known[index]) for index in chosen])
    return root_of_leaves(size, picked, lambda: next(given_hashes))


@unhurried
@given(st.integers(1, 600).flatmap(lambda size: st.tuples(
    st.just(size), st.sets(st.integers(0, size - 1), max_size=40))))  # fmt: skip
def test_any_leaves_lead_to_the_root(case: tuple[int, set[int]]) -> None:
    size, chosen = case[0], sorted(case[1])
    assert root(size, chosen, proof(size, chosen)) == naive_root(leaves(size))


@pytest.mark.parametrize("size", EDGE_SIZES)
def test_a_run_needs_no_more_than_two_paths(size: int) -> None:
    chosen = list(range(size // 3, size // 2 + 1))
    hashes = proof(size, chosen)
    assert len(hashes) <= 2 * size.bit_length()
    if size < 1000:
        assert root(size, chosen, hashes) == naive_root(leaves(size))


def test_all_leaves_need_nothing_and_none_need_the_root() -> None:
    assert proof(300, list(range(300))) == []
    assert proof(300, []) == [naive_root(leaves(300))]


def test_indices_ascend() -> None:
    runs = Runs()
    runs.add(4)
    with pytest.raises(ValueError, match="ascend"):
        runs.add(3)
