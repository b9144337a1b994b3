"""What one batch of a pruning takes: requests and runs whole, in as many events as that takes."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from audit.selectors import over_age
from audit.selectors.over_age import Going, choose, in_parts

OLD = datetime(2024, 5, 2, tzinfo=UTC)


def going(index: int, request: int | None = None, run: str = "") -> Going:
    ident = UUID(int=request) if request else None
    return Going(index, OLD, UUID(int=1_000 + index), ident, run)


def chosen(*rows: Going) -> list[list[int]]:
    """The indexes that each event names."""
    found = []
    for runs, some in in_parts(choose(list(rows))):
        found.append([index for run in runs for index in run])
        assert found[-1] == [each.index for each in some]
    return found


def test_what_can_be_named_goes_in_the_order_of_the_indexes() -> None:
    assert chosen(going(1, 7), going(2), going(3, 8), going(4, 7)) == [[1, 2, 3, 4]]
    assert chosen() == []


def test_of_more_ranges_than_fit_whole_requests_and_runs_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(over_age, "MOST_RUNS", 2)
    rows = [going(1, 7), going(3, run="run_1"), going(5, 7), going(7, run="run_1"), going(9, 9)]
    assert chosen(*rows) == [[1, 5]]
    assert chosen(*rows[1:2], *rows[3:]) == [[3, 7]]


def test_a_request_that_is_scattered_more_than_an_event_can_name_takes_several(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(over_age, "MOST_RUNS", 2)
    rows = [going(index, 7) for index in (1, 3, 4, 5, 7, 9)]
    assert chosen(*rows) == [[1, 3, 4, 5], [7, 9]]
    assert chosen(*rows, going(11, 7), going(13, 8)) == [[1, 3, 4, 5], [7, 9], [11]]
