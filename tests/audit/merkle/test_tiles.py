import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from audit.merkle.tiles import (
    TileInvalid,
    TileRef,
    grow,
    prove_consistency,
    prove_inclusion,
    root_from_tiles,
    tile_path,
    tiles_of,
)
from audit.merkle.tree import EMPTY_ROOT, Frontier, leaf_hash
from tests.audit.merkle.logs import EDGE_SIZES, MemoryLog, leaves, log_of, naive_root, unhurried
from tests.audit.merkle.vectors import CT_CONSISTENCY, CT_ENTRIES, CT_INCLUSION

ALL = leaves(max(EDGE_SIZES))


@pytest.fixture(scope="module")
def big() -> MemoryLog:
    return log_of(max(EDGE_SIZES))


@pytest.mark.parametrize(
    ("level", "index", "width", "path"),
    [
        (0, 0, 256, "tile/0/000"),
        (0, 999, 256, "tile/0/999"),
        (0, 1000, 256, "tile/0/x001/000"),
        (0, 1067, 256, "tile/0/x001/067"),
        (0, 1234067, 256, "tile/0/x001/x234/067"),
        (1, 0, 17, "tile/1/000.p/17"),
        (63, 1000, 1, "tile/63/x001/000.p/1"),
    ],
)
def test_paths_follow_the_specification(level: int, index: int, width: int, path: str) -> None:
    assert tile_path(level, index, width) == path
    assert TileRef(level, index, width).path == path


@pytest.mark.parametrize(
    ("level", "index", "width"), [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)]
)
def test_tiles_that_cannot_be_have_no_path(level: int, index: int, width: int) -> None:
    with pytest.raises(ValueError, match=r"^no tile has level"):
        tile_path(level, index, width)


def test_the_example_of_the_specification_with_70000_leaves() -> None:
    assert list(tiles_of(70_000)) == [
        *(TileRef(0, index, 256) for index in range(273)),
        TileRef(0, 273, 112),
        TileRef(1, 0, 256),
        TileRef(1, 1, 17),
        TileRef(2, 0, 1),
    ]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, []),
        (1, [TileRef(0, 0, 1)]),
        (255, [TileRef(0, 0, 255)]),
        (256, [TileRef(0, 0, 256), TileRef(1, 0, 1)]),
        (257, [TileRef(0, 0, 256), TileRef(0, 1, 1), TileRef(1, 0, 1)]),
    ],
)
def test_tiles_of_small_trees(size: int, expected: list[TileRef]) -> None:
    assert list(tiles_of(size)) == expected


@pytest.mark.parametrize("size", EDGE_SIZES)
def test_a_log_grown_at_once_has_exactly_its_tiles_and_root(size: int) -> None:
    growth = grow(0, ALL[:size], MemoryLog().read)
    written = [TileRef(tile.level, tile.index, tile.width) for tile in growth.tiles]
    assert written == list(tiles_of(size))
    assert (growth.size, growth.root) == (size, naive_root(ALL[:size]))


@pytest.mark.parametrize("size", EDGE_SIZES)
def test_one_more_leaf_at_every_edge(size: int, big: MemoryLog) -> None:
    growth = grow(size - 1, ALL[size - 1 : size], big.read)
    assert (growth.size, growth.root) == (size, naive_root(ALL[:size]))
    expected = {ref.path for ref in tiles_of(size)} - {ref.path for ref in tiles_of(size - 1)}
    assert {tile.path for tile in growth.tiles} == expected


@unhurried
@given(st.lists(st.integers(0, 700), max_size=6))
def test_any_batches_make_the_tiles_made_at_once(batches: list[int]) -> None:
    log, frontier = MemoryLog(), Frontier()
    for batch in batches:
        arriving = ALL[log.size : log.size + batch]
        log.append(arriving)
        frontier = frontier.extend(arriving)
        assert (log.size, log.root) == (frontier.size, frontier.root())
    assert log.tiles == log_of(sum(batches)).tiles


def test_a_big_log_in_uneven_batches(big: MemoryLog) -> None:
    log = MemoryLog()
    while log.size < big.size:
        log.append(ALL[log.size : log.size + 9_973])
    assert (log.root, log.tiles) == (big.root, big.tiles)


def test_growing_reads_only_the_right_edge(big: MemoryLog) -> None:
    big.reads.clear()
    grow(65_537, ALL[:300], big.read)
    assert big.reads == [(0, 256), (2, 0)]


def test_an_empty_batch_changes_nothing() -> None:
    log = log_of(300)
    root = log.root
    growth = log.append([])
    assert (growth.size, growth.root, growth.tiles) == (300, root, ())
    assert grow(0, [], MemoryLog().read).root == EMPTY_ROOT


@unhurried
@given(st.integers(1, 1200), st.data())
def test_past_roots_come_from_the_tiles_of_today(size: int, data: st.DataObject) -> None:
    past = data.draw(st.integers(0, size))
    assert root_from_tiles(past, log_of(size).read) == naive_root(ALL[:past])


@pytest.mark.parametrize(("index", "size", "path"), CT_INCLUSION)
def test_reference_inclusion_proofs(index: int, size: int, path: tuple[str, ...]) -> None:
    log = MemoryLog()
    log.append([leaf_hash(entry) for entry in CT_ENTRIES])
    assert tuple(step.hex() for step in prove_inclusion(index, size, log.read)) == path


@pytest.mark.parametrize(("old", "new", "proof"), CT_CONSISTENCY)
def test_reference_consistency_proofs(old: int, new: int, proof: tuple[str, ...]) -> None:
    log = MemoryLog()
    log.append([leaf_hash(entry) for entry in CT_ENTRIES])
    assert tuple(step.hex() for step in prove_consistency(old, new, log.read)) == proof


def test_another_implementation_makes_and_accepts_the_same_proofs() -> None:
    other = InmemoryTree(algorithm="sha256")
    other.append_entries([b"event %d" % at for at in range(600)])
    log = log_of(600)
    for size in (1, 2, 7, 255, 256, 257, 511, 513, 600):
        for index in {0, 1, size // 2, size - 1} & set(range(size)):
            theirs = other.prove_inclusion(index + 1, size)
            assert tuple(theirs.path[1:]) == prove_inclusion(index, size, log.read)
            later = other.prove_consistency(index + 1, size)
            roots = [root_from_tiles(at, log.read) for at in (index + 1, size)]
            later.verify(*roots, prior_size=index + 1, later_size=size)


@pytest.mark.parametrize("data", [b"", bytes(32 * 43), bytes(32 * 44 + 1), bytes(32 * 257)])
def test_a_stored_tile_of_another_length_is_refused(data: bytes) -> None:
    log = log_of(300)
    log.tiles[0, 1] = data
    with pytest.raises(TileInvalid, match=r"^tile/0/001 has \d+ bytes; a tree of 300"):
        prove_inclusion(0, 300, log.read)
    with pytest.raises(TileInvalid, match=r"^tile/0/001 has"):
        grow(300, leaves(1), log.read)


def test_what_the_reader_raises_for_a_missing_tile_passes_through() -> None:
    with pytest.raises(KeyError):
        prove_inclusion(0, 2, MemoryLog().read)


def test_impossible_requests_are_refused() -> None:
    log = log_of(10)
    with pytest.raises(ValueError, match=r"^a tree of 10 leaves has no leaf 10$"):
        prove_inclusion(10, 10, log.read)
    with pytest.raises(ValueError, match=r"^a tree of 10 leaves has no leaf -1$"):
        prove_inclusion(-1, 10, log.read)
    with pytest.raises(ValueError, match=r"^a tree of 9 leaves cannot continue one of 10$"):
        prove_consistency(10, 9, log.read)
    with pytest.raises(ValueError, match=r"^a tree cannot have -1 leaves$"):
        root_from_tiles(-1, log.read)
    with pytest.raises(ValueError, match=r"^every leaf hash must have 32 bytes$"):
        grow(10, [bytes(33)], log.read)
