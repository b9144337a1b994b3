import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from audit.merkle.tree import EMPTY_ROOT, HASH_BYTES, Frontier, leaf_hash, node_hash, root_of
from tests.audit.merkle.logs import EDGE_SIZES, leaves, naive_root, unhurried
from tests.audit.merkle.vectors import CT_ENTRIES, CT_ROOTS

ALL = leaves(max(EDGE_SIZES))


def test_the_empty_tree_hashes_nothing() -> None:
    expected = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    assert expected == EMPTY_ROOT == root_of([]) == Frontier().root()


def test_leaves_and_nodes_are_hashed_apart() -> None:
    assert leaf_hash(b"").hex() == CT_ROOTS[0]
    assert leaf_hash(b"L123456").hex() == (
        "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    )
    assert node_hash(b"N123", b"N456").hex() == (
        "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
    )


@pytest.mark.parametrize("size", range(1, 9))
def test_certificate_transparency_reference_roots(size: int) -> None:
    hashes = [leaf_hash(entry) for entry in CT_ENTRIES[:size]]
    expected = CT_ROOTS[size - 1]
    assert root_of(hashes).hex() == expected
    assert Frontier().extend(hashes).root().hex() == expected
    assert naive_root(hashes).hex() == expected


@pytest.mark.parametrize("size", EDGE_SIZES)
def test_roots_around_powers_of_256(size: int) -> None:
    expected = naive_root(ALL[:size])
    assert root_of(ALL[:size]) == expected
    assert Frontier().extend(ALL[:size]).root() == expected


@unhurried
@given(st.lists(st.integers(0, 90), max_size=8))
def test_growing_in_any_batches_gives_the_naive_root(batches: list[int]) -> None:
    frontier = Frontier()
    for batch in batches:
        frontier = frontier.extend(ALL[frontier.size : frontier.size + batch])
        assert frontier.root() == naive_root(ALL[: frontier.size])
    assert frontier == Frontier().extend(ALL[: sum(batches)])


def test_one_by_one_is_the_same_as_all_at_once() -> None:
    frontier = Frontier()
    for leaf in ALL[:300]:
        frontier = frontier.append(leaf)
    assert frontier == Frontier().extend(ALL[:300])


def test_growing_leaves_the_old_frontier_alone() -> None:
    before = Frontier().extend(ALL[:5])
    root = before.root()
    before.extend(ALL[5:20])
    assert (before.size, before.root()) == (5, root)


@unhurried
@given(st.integers(0, 2000))
def test_a_stored_frontier_reads_back_and_stays_small(size: int) -> None:
    frontier = Frontier().extend(ALL[:size])
    data = frontier.to_bytes()
    assert Frontier.from_bytes(data) == frontier
    assert len(data) == 8 + HASH_BYTES * size.bit_count()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "a stored frontier begins with a size of 8 bytes"),
        (bytes(7), "a stored frontier begins with a size of 8 bytes"),
        (bytes(8) + bytes(32), "1 subtrees do not make 0 leaves"),
        ((3).to_bytes(8, "big") + bytes(32), "1 subtrees do not make 3 leaves"),
        ((1).to_bytes(8, "big") + bytes(31), "31 bytes are not a whole number of 32-byte hashes"),
        ((2**63).to_bytes(8, "big") + bytes(32), "a tree cannot have 9223372036854775808 leaves"),
    ],
)
def test_a_damaged_stored_frontier_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        Frontier.from_bytes(data)


def test_a_leaf_hash_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^a hash has 32 bytes, not 31$"):
        Frontier().append(bytes(31))


def test_another_implementation_finds_the_same_roots() -> None:
    other, frontier = InmemoryTree(algorithm="sha256"), Frontier()
    for at in range(300):
        entry = b"event %d" % at
        other.append_entry(entry)
        frontier = frontier.append(leaf_hash(entry))
        assert other.get_root() == frontier.root()


@pytest.mark.parametrize("size", [256, 512, 1024, 1280])
def test_subtrees_that_were_hashed_elsewhere_extend_as_their_leaves_do(size: int) -> None:
    every = [leaf_hash(b"event %d" % at) for at in range(size)]
    roots = [root_of(every[at : at + 256]) for at in range(0, size, 256)]
    assert Frontier().extend(roots, rise=8) == Frontier().extend(every)
    assert Frontier().extend(every[:256]).extend(roots[1:], rise=8).root() == root_of(every)


def test_a_subtree_begins_where_one_can_begin() -> None:
    started = Frontier().append(leaf_hash(b"one"))
    with pytest.raises(ValueError, match=r"^no subtree of 256 leaves begins at 1$"):
        started.extend([bytes(32)], rise=8)
