"""How far the counts beside a search look, with bounds small enough to reach."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection

from audit.search_doors import SHORT, summary_body
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import index_now, write_event

pytestmark = pytest.mark.django_db
AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
ARGUMENTS = {
    "$1": "%(tenant)s::uuid",
    "$2": "%(asked)s::tsquery",
    "$3": "NULL::timestamptz",
    "$4": "NULL::timestamptz",
    "$5": "'UTC'",
    "$6": "%(at_most)s",
}


@pytest.fixture
def line() -> UUID:
    """Twelve events, the oldest first: three of plums, six of pears and three of both in turns."""
    tenant_id = new_id()
    kinds = ["plum"] * 3 + ["pear"] * 6 + ["plum", "pear", "plum"]
    for number, kind in enumerate(kinds):
        write_event(tenant_id, event_type=f"x.{kind}", summary=kind, at=AT + timedelta(days=number))
    index_now(tenant_id)
    return tenant_id


def counted(
    tenant_id: UUID, word: str, at_most: int = 100, **bounds: int
) -> tuple[list[int], bool]:
    """The days of January that were counted, and whether it was said that there may be more."""
    body = summary_body(**bounds)
    for name, value in ARGUMENTS.items():
        body = body.replace(name, value)
    asked = f"'{tenant_id.hex[-6:]}:{word}'"
    with tenant_transaction(tenant_id), connection.cursor() as cursor:
        cursor.execute(body, {"tenant": tenant_id, "asked": asked, "at_most": at_most})
        rows = cursor.fetchall()
    days = [int(label[-2:]) for facet, label, _ in rows if facet == "day"]
    return sorted(days), any(facet == SHORT for facet, _, _ in rows)


PLUMS = [5, 6, 7, 14, 16]


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        # Often among the nearest two: all of them, as many as are wanted.
        ({"near": 2, "often": 1, "seldom": 1}, (PLUMS, False)),
        # Neither often nor seldom: no further than the reach, which is said.
        ({"near": 2, "often": 2, "seldom": 1, "reach": 5}, ([14, 16], True)),
        ({"near": 2, "often": 2, "seldom": 1, "reach": 11}, ([7, 14, 16], True)),
        # A reach that holds all of it (the birth of its key, later than all, is the first line).
        ({"near": 2, "often": 2, "seldom": 1, "reach": 13}, (PLUMS, False)),
        # Seldom: all that there are, wherever they are.
        ({"near": 2, "often": 3, "seldom": 2, "reach": 1}, (PLUMS, False)),
    ],
)  # fmt: skip
def test_how_far_is_looked_depends_on_how_often_it_occurs_nearby(
    line: UUID, bounds: dict[str, int], expected: tuple[list[int], bool]
) -> None:
    assert counted(line, "plum", **bounds) == expected


def test_what_was_often_once_is_counted_up_to_a_bound(line: UUID) -> None:
    days, is_short = counted(line, "plum", near=2, often=3, seldom=2, at_most=4, reach=1)
    assert (len(days), is_short) == (4, False)
    days, is_short = counted(line, "plum", near=2, often=3, seldom=2, most=4)
    assert (len(days), is_short) == (4, True)


def test_the_newest_are_counted_when_fewer_are_wanted(line: UUID) -> None:
    for bounds in (
        {"near": 2, "often": 1, "seldom": 1},
        {"near": 2, "often": 2, "seldom": 1},
        {"near": 2, "often": 3, "seldom": 2},
    ):
        assert counted(line, "plum", at_most=3, **bounds) == ([7, 14, 16], False)
