"""Ranges of indexes: what is put together is what was taken apart."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from audit.selectors.pruned import merged, runs_of

INDEXES = st.sets(st.integers(0, 400), max_size=120)


@given(INDEXES)
def test_runs_hold_exactly_their_indexes_in_order_and_apart(indexes: set[int]) -> None:
    runs = runs_of(sorted(indexes))
    assert [index for run in runs for index in run] == sorted(indexes)
    assert all(one.stop < two.start for one, two in pairwise(runs))


@given(st.lists(INDEXES, max_size=6))
def test_what_several_prunings_name_is_one_list_without_overlap(several: list[set[int]]) -> None:
    ranges = [run for indexes in several for run in runs_of(sorted(indexes))]
    whole = merged(reversed(ranges))
    assert [index for run in whole for index in run] == sorted(set().union(*several))
    assert whole == tuple(runs_of(sorted(set().union(*several))))
