"""Public ids in bodies beside the ids of rows, many at once."""

from uuid import UUID

import pytest

from audit.services.retraced_rows import are_ids, is_id
from govapp.common.ids import public_id

IDS = [UUID(int=number) for number in (0, 1, 2**128 - 1, 0x0192B0AA00007000800000000000A1B2)]
NAMES = [public_id("ev", each) for each in IDS]


def test_names_of_the_same_ids_in_the_same_order_are_the_same() -> None:
    ids = [each.bytes for each in IDS]
    assert are_ids(NAMES, "ev_", ids)
    assert not are_ids(NAMES[::-1], "ev_", ids)
    assert not are_ids(NAMES[:-1], "ev_", ids)
    assert are_ids([], "ev_", [])
    assert not are_ids([], "ev_", ids[:1])


@pytest.mark.parametrize(
    "name",
    [
        "",
        NAMES[3][:-1],
        NAMES[3] + "0",
        NAMES[3].replace("ev_", "ar_"),
        NAMES[3].upper(),
        NAMES[3].replace("ev_0", "ev__"),
        NAMES[3].replace("ev_0", "ev_ "),
        NAMES[3].replace("ev_0", "ev_+"),
        NAMES[3].replace("ev_0", "ev_\uff10"),
        NAMES[3][:-1] + "i",
        NAMES[3][:-1] + "u",
        public_id("ev", UUID(int=IDS[3].int + 1)),
        "ev_ev_" + NAMES[3][6:],
    ],
)
def test_another_name_is_not_that_of_the_id(name: str) -> None:
    assert is_id(NAMES[3], "ev_", IDS[3])
    assert not is_id(name, "ev_", IDS[3])


def test_a_name_that_is_too_long_for_an_id_is_none() -> None:
    assert not is_id("ev_z" + NAMES[2][4:], "ev_", IDS[2])
