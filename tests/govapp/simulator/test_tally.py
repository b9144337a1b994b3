"""Counting: what is pending moves, faults and broken promises make a run unclean."""

import pytest

from govapp.simulator.tally import Tally, percentile


@pytest.mark.parametrize(
    ("values", "part", "expected"),
    [([], 0.5, 0.0), ([4.0], 0.99, 4.0), ([3.0, 1.0, 2.0], 0.5, 2.0), ([1.0, 2.0], 0.5, 1.0)],
)
def test_percentiles_are_nearest_ranks(values: list[float], part: float, expected: float) -> None:
    assert percentile(values, part) == expected


def test_a_decision_is_no_longer_pending() -> None:
    tally = Tally()
    tally.submitted("pending")
    tally.submitted("allowed")
    tally.decided("approved")
    assert tally.counts == {"submitted": 2, "pending": 0, "allowed": 1, "approved": 1}


def test_refusals_are_clean_and_faults_are_not() -> None:
    tally = Tally()
    tally.answered("submit", 422, "invalid", 0.01)
    assert (tally.is_clean, dict(tally.refused)) == (True, {"422 invalid": 1})
    tally.answered("submit", 503, "busy", 0.01)
    assert (tally.is_clean, dict(tally.faults)) == (False, {"submit 503": 1})


def test_a_broken_promise_is_kept_and_shown() -> None:
    tally = Tally()
    tally.promise(True, "this held")
    assert (tally.is_clean, tally.broken) == (True, [])
    tally.promise(False, "a permission was used twice")
    assert (tally.is_clean, tally.broken) == (False, ["a permission was used twice"])
    assert tally.table().endswith("  a permission was used twice")


def test_the_time_of_a_long_poll_is_a_persons_and_is_not_counted() -> None:
    tally = Tally()
    tally.answered("wait", 200, "", 25.0)
    tally.answered("read", 200, "", 0.002)
    assert dict(tally.latencies) == {"read": [0.002]}
