"""What one batch of a pruning takes: requests whole, and no more ranges than an event can name."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from audit.selectors import over_age
from audit.selectors.over_age import Going, choose

OLD = datetime(2024, 5, 2, tzinfo=UTC)


def going(index: int, request: int | None = None) -> Going:
    return Going(index, OLD, UUID(int=1_000 + index), UUID(int=request) if request else None)


def chosen(*rows: Going) -> list[int]:
    runs, taken = choose(list(rows))
    assert [index for run in runs for index in run] == [each.index for each in taken]
    return [each.index for each in taken]


def test_what_can_be_named_goes_in_the_order_of_the_indexes() -> None:
    assert chosen(going(1, 7), going(2), going(3, 8), going(4, 7)) == [1, 2, 3, 4]


def test_of_more_ranges_than_fit_whole_requests_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(over_age, "MOST_RUNS", 2)
    rows = [going(1, 7), going(3, 8), going(5, 7), going(7, 8), going(9, 9)]
    assert chosen(*rows) == [1, 5]
    assert chosen(*rows[1:2], *rows[3:]) == [3, 7]


def test_a_request_that_is_scattered_more_than_an_event_can_name_goes_in_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(over_age, "MOST_RUNS", 2)
    rows = [going(index, 7) for index in (1, 3, 5, 7, 9)]
    assert chosen(*rows) == [1, 3]
    assert chosen(*rows, going(11, 8)) == [1, 3]
