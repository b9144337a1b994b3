"""Places of a log in C2SP's spelling, which is the only one; bundles of entries."""

import pytest

from audit.merkle.paths import ENTRIES, Place, entry_bundle, parse_place


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("0/000", Place(0, 0, 256)),
        ("0/x001/x234/067", Place(0, 1_234_067, 256)),
        ("1/x001/000.p/17", Place(1, 1000, 17)),
        ("63/000.p/255", Place(63, 0, 255)),
        ("entries/x273/437.p/112", Place(ENTRIES, 273_437, 112)),
        ("entries/999", Place(ENTRIES, 999, 256)),
    ],
)
def test_places_are_read(path: str, place: Place) -> None:
    assert parse_place(path) == place


@pytest.mark.parametrize(
    "path",
    [
        "", "0", "0/0", "0/00", "0/0000", "0/1234", "0/001/000", "0/x000/000", "0/x001/x234/67",
        "00/000", "64/000", "-1/000", "+1/000", "0/000.p/0", "0/000.p/256", "0/000.p/01",
        "0/000.p/", "0/000/", "/0/000", "0/000\n", "data/000", "entries/x000/000",
        "0/\u0660\u0660\u0660",
        "0/x036/x028/x797/x018/x963/968", "0/x001/x000/x000/x000/x000/x000/x000/000",
    ],
)  # fmt: skip
def test_every_other_spelling_is_none(path: str) -> None:
    assert parse_place(path) is None


def test_the_last_place_of_all_is_one() -> None:
    # 2**63 - 1 leaves: one more tile than this would be beyond them.
    assert parse_place("0/x036/x028/x797/x018/x963/966") == Place(0, 2**63 // 256 - 2, 256)


def test_entries_stand_behind_their_lengths() -> None:
    assert entry_bundle([b"", b"a", b"b" * 258]) == b"\0\0" + b"\0\1a" + b"\1\2" + b"b" * 258
    with pytest.raises(OverflowError):
        entry_bundle([b"x" * 65_536])
