from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.policies import Matching, Seat, describe_missing, seat_voters

FINANCE, RISK, LEGAL = (Seat("group", name, 1) for name in ("finance", "risk", "legal"))
TWO_FINANCE = Seat("group", "finance", 2)
F, R, L = FINANCE.key, RISK.key, LEGAL.key


@pytest.mark.parametrize(
    ("seats", "candidates", "seated", "missing"),
    [
        ([FINANCE, RISK], {}, {}, "1 from Finance, 1 from Risk"),
        ([FINANCE, RISK], {"ann": {F}}, {"ann": F}, "1 from Risk"),
        ([FINANCE, RISK], {"ann": {F}, "bob": {R}}, {"ann": F, "bob": R}, ""),
        # Ann fits both seats and leaves Finance to Bob, who fits only that.
        ([FINANCE, RISK], {"ann": {F, R}, "bob": {F}}, {"ann": R, "bob": F}, ""),
        ([FINANCE, RISK], {"ann": {F, R}}, {"ann": F}, "1 from Risk"),
        ([TWO_FINANCE, RISK], {"ann": {F}}, {"ann": F}, "1 more from Finance, 1 from Risk"),
        ([FINANCE, FINANCE], {"ann": {F}}, {"ann": F}, "1 more from Finance"),
        ([FINANCE], {"ann": {L}, "bob": set()}, {}, "1 from Finance"),
        ([FINANCE], {"bob": {F}, "ann": {F}}, {"ann": F}, ""),
        ([Seat("role", "compliance", 2)], {}, {}, "2 with the role compliance"),
        ([Seat("person", "ann@example.com", 1)], {}, {}, "ann@example.com"),
        # A chain: everybody moves on by one.
        (
            [FINANCE, RISK, LEGAL],
            {"ann": {F, R}, "bob": {R, L}, "cat": {F}},
            {"ann": R, "bob": L, "cat": F},
            "",
        ),
    ],
)
def test_who_sits_where(
    seats: list[Seat], candidates: dict[str, Any], seated: dict[str, str], missing: str
) -> None:
    matching = seat_voters(seats, candidates)

    assert (dict(matching.seated), describe_missing(matching)) == (seated, missing)
    assert matching.is_complete is (missing == "")


def test_no_seats_are_never_complete() -> None:
    matching: Matching[str] = seat_voters([], {"ann": {F}})

    assert (matching.is_complete, matching.missing, dict(matching.seated)) == (False, (), {})


def test_many_people_and_seats_need_no_recursion() -> None:
    seats = [Seat("group", f"g{number}", 1) for number in range(300)]
    # Each fits its own seat and the next: the last seat filled moves all the others.
    candidates = {
        number: {seats[number].key, seats[(number + 1) % 300].key} for number in range(300)
    }

    assert seat_voters(seats[::-1], candidates).is_complete


keys = st.sampled_from([F, R, L, "role:approver"])
seat_lists = st.lists(
    st.builds(
        Seat, st.just("group"), st.sampled_from(["finance", "risk", "legal"]), st.integers(1, 3)
    ),
    min_size=1,
    max_size=4,
)
voters = st.dictionaries(st.integers(0, 9), st.frozensets(keys, max_size=4), max_size=6)


def brute_force(seats: list[Seat], candidates: dict[int, frozenset[str]]) -> int:
    """The largest number of filled seats, by trying every assignment."""
    units = [seat.key for seat in seats for _ in range(seat.count)]
    choices = [[None, *sorted(fits & set(units))] for fits in candidates.values()]
    return max(
        sum(min(picked.count(key), units.count(key)) for key in set(units))
        for picked in itertools.product(*choices)
    )


@given(seat_lists, voters)
def test_the_matching_is_a_largest_one_and_seats_nobody_twice(
    seats: list[Seat], candidates: dict[int, frozenset[str]]
) -> None:
    matching = seat_voters(seats, candidates)

    taken = list(matching.seated.values())
    units = [seat.key for seat in seats for _ in range(seat.count)]
    assert all(key in candidates[voter] for voter, key in matching.seated.items())
    assert all(taken.count(key) <= units.count(key) for key in taken)
    assert len(taken) == brute_force(seats, candidates)
    assert sum(seat.count for seat in matching.missing) == len(units) - len(taken)


@given(seat_lists, voters, st.randoms(use_true_random=False))
def test_the_order_of_votes_never_matters(
    seats: list[Seat], candidates: dict[int, frozenset[str]], random: Any
) -> None:
    shuffled = list(candidates.items())
    random.shuffle(shuffled)

    assert seat_voters(seats, candidates) == seat_voters(seats, dict(shuffled))


@given(seat_lists, voters, st.frozensets(keys))
def test_one_more_vote_never_empties_a_seat(
    seats: list[Seat], candidates: dict[int, frozenset[str]], fits: frozenset[str]
) -> None:
    before = seat_voters(seats, candidates)
    after = seat_voters(seats, {**candidates, 99: fits})

    assert len(after.seated) - len(before.seated) in {0, 1}
