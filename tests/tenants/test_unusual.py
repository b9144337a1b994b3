"""What is unusual about an hour of use, as a table."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tenants.enums import UnusualUse
from tenants.unusual import HourOfUse, find_unusual

NOW = datetime(2026, 3, 27, 10, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def working_days(count: int, **each: int) -> list[HourOfUse]:
    """Use at nine, ten and eleven on that many days before."""
    return [
        HourOfUse(NOW - day * DAY + shift * HOUR, **({"requests": 4} | each))
        for day in range(1, count + 1)
        for shift in (-1, 0, 1)
    ]


def kinds(now: HourOfUse, before: list[HourOfUse], zone: str = "UTC") -> list[UnusualUse]:
    return [each.kind for each in find_unusual(now, before, zone=ZoneInfo(zone))]


V, H, T, F = UnusualUse.VOLUME, UnusualUse.HOUR, UnusualUse.TARGET, UnusualUse.FAILURE
USUAL = working_days(7)
TABLE: list[tuple[str, HourOfUse, list[HourOfUse], list[UnusualUse]]] = [
    ("as always", HourOfUse(NOW, requests=4), USUAL, []),
    ("nothing at all", HourOfUse(NOW), USUAL, []),
    ("without history", HourOfUse(NOW, requests=500, new_targets=9), [], []),
    ("failures without history", HourOfUse(NOW, requests=9, failed=9), [], [F]),
    ("three times the busiest", HourOfUse(NOW, requests=12), USUAL, []),
    ("one more", HourOfUse(NOW, requests=13), USUAL, [V]),
    ("calls count as well", HourOfUse(NOW, requests=4, calls=9), USUAL, [V]),
    ("few even if many times", HourOfUse(NOW, requests=9), working_days(7, requests=1), []),
    ("four hours of history", HourOfUse(NOW, requests=90), USUAL[:4], []),
    ("five hours of history", HourOfUse(NOW, requests=90), USUAL[:5], [V]),
    ("an hour beside the usual", HourOfUse(NOW + 2 * HOUR, requests=4), USUAL, []),
    ("two hours beside", HourOfUse(NOW + 3 * HOUR, requests=4), USUAL, [H]),
    ("at night", HourOfUse(NOW - 8 * HOUR, requests=1), USUAL, [H]),
    ("at night, four days known", HourOfUse(NOW - 8 * HOUR, requests=1), working_days(4), []),
    ("a new target", HourOfUse(NOW, requests=4, new_targets=1), USUAL, [T]),
    ("a new target early on", HourOfUse(NOW, requests=4, new_targets=1), USUAL[:4], []),
    ("four of four fail", HourOfUse(NOW, requests=4, failed=4), USUAL, []),
    ("five of ten fail", HourOfUse(NOW, requests=10, failed=3, refused=2), USUAL, [F]),
    ("five of eleven fail", HourOfUse(NOW, requests=11, failed=5), USUAL, []),
    (
        "as many fail as ever",
        HourOfUse(NOW, requests=6, failed=6),
        working_days(7, failed=2),
        [],
    ),
    (
        "everything at once",
        HourOfUse(NOW - 8 * HOUR, requests=40, refused=40, new_targets=3),
        USUAL,
        [V, H, T, F],
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("now", "before", "found"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_what_is_unusual(now: HourOfUse, before: list[HourOfUse], found: list[UnusualUse]) -> None:
    assert kinds(now, before) == found


def test_the_time_of_day_is_the_tenants() -> None:
    """Ten in Berlin is nine in UTC in winter and eight in summer: the people's clock decides."""
    berlin = ZoneInfo("Europe/Berlin")
    before = [
        HourOfUse(datetime(2026, 3, day, 10, tzinfo=berlin).astimezone(UTC), requests=4)
        for day in range(20, 28)
    ]
    summer = HourOfUse(datetime(2026, 3, 30, 11, tzinfo=berlin).astimezone(UTC), requests=4)
    assert summer.hour == datetime(2026, 3, 30, 9, tzinfo=UTC)
    assert kinds(summer, before, "Europe/Berlin") == []
    later = HourOfUse(datetime(2026, 3, 30, 12, tzinfo=berlin).astimezone(UTC), requests=4)
    assert kinds(later, before, "Europe/Berlin") == [H]
    assert kinds(later, before, "UTC") == []


def test_the_words_say_the_numbers() -> None:
    now = HourOfUse(NOW - 8 * HOUR, requests=40, refused=40, new_targets=3)
    assert [each.words for each in find_unusual(now, USUAL, zone=UTC)] == [
        "40 uses in one hour; its busiest hour before had 4",
        "used between 2:00 and 3:00, when it never was before",
        "acted on 3 targets that it had never acted on before",
        "40 of 40 requests failed or were refused in one hour",
    ]
