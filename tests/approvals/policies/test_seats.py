"""Seats that ask for different groups, leave people out, or mean whom the request points to."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.policies import Reference, Seat, describe_missing, seat_stages, seat_voters

GROUPS = ("finance", "legal", "risk")
TWO_OF_THREE = Seat("groups", "finance,legal,risk", 2)
FINANCE, LEGAL, RISK = (f"group:{name}" for name in GROUPS)
Keys = frozenset[str]


def seated(seats: list[Seat], people: dict[Any, Keys]) -> Any:
    """Who sits there: everybody takes what their keys fit."""
    fits = {
        name: frozenset().union(*(seat.places_for(keys) for seat in seats))
        for name, keys in people.items()
    }
    return seat_voters(seats, fits)


@pytest.mark.parametrize(
    ("seats", "people", "missing"),
    [
        # Two from one group fill one place only.
        (
            [TWO_OF_THREE],
            {"ann": {FINANCE}, "bob": {FINANCE}},
            "1 more from another of these groups (Finance, Legal, Risk)",
        ),
        ([TWO_OF_THREE], {"ann": {FINANCE}, "bob": {LEGAL}}, ""),
        # One person in two groups stands for one of them.
        ([TWO_OF_THREE], {"ann": {FINANCE, LEGAL}, "bob": {FINANCE}}, ""),
        (
            [TWO_OF_THREE],
            {"ann": {FINANCE, LEGAL, RISK}},
            "1 more from another of these groups (Finance, Legal, Risk)",
        ),
        ([TWO_OF_THREE], {}, "2 from different groups (Finance, Legal, Risk)"),
        # Ann is moved from Finance to Legal, and Bob from the seat of the group to Finance.
        (
            [TWO_OF_THREE, Seat("group", "finance")],
            {"ann": {FINANCE, LEGAL}, "bob": {FINANCE}, "cat": {FINANCE}},
            "",
        ),
        ([Seat("manager", "agent_owner")], {"ann": {FINANCE}}, "the manager of the agent's owner"),
        ([Seat("manager", "agent_owner")], {"ann": {"manager:agent_owner"}}, ""),
        ([Seat("anyone", "approver", 2)], {"ann": {"anyone:approver"}},
         "1 more with the right to approve"),
        (
            [Seat("anyone", "approver", but=(Reference("group", "finance"),))],
            {"ann": {"anyone:approver", FINANCE}},
            "1 with the right to approve (anyone but Finance)",
        ),
        (
            [Seat("group", "legal", but=(Reference("manager", "agent_owner"),))],
            {"ann": {LEGAL, "manager:agent_owner"}, "bob": {LEGAL}},
            "",
        ),
        # The same people with and without an exception are two seats.
        (
            [Seat("group", "legal"), Seat("group", "legal", but=(Reference("person", "a@b.c"),))],
            {"ann": {LEGAL, "person:a@b.c"}, "bob": {LEGAL}},
            "",
        ),
    ],
)  # fmt: skip
def test_who_fits(seats: list[Seat], people: dict[str, Any], missing: str) -> None:
    matching = seated(seats, {name: frozenset(keys) for name, keys in people.items()})

    assert describe_missing(matching) == missing
    assert matching.is_complete is (missing == "")


def test_whoever_was_added_takes_any_place_unless_left_out() -> None:
    seat = Seat("groups", "finance,legal", 2, (Reference("person", "a@b.c"),))

    assert seat.places_for(frozenset({"group:other"}), is_added=True) == frozenset(seat.places)
    assert seat.places_for(frozenset({"person:a@b.c", FINANCE}), is_added=True) == frozenset()


def test_a_later_stage_gets_the_person_whom_the_earlier_one_can_spare() -> None:
    first, second = Seat("group", "finance"), Seat("group", "legal")
    ann, bob = {first.key, second.key}, {first.key}
    fits = [{"ann": ann & {seat.key}, "bob": bob & {seat.key}} for seat in (first, second)]

    matchings = seat_stages([[first], [second]], fits)

    assert [dict(each.seated) for each in matchings] == [{"bob": first.key}, {"ann": second.key}]


def test_the_same_two_groups_may_serve_two_stages() -> None:
    seat = Seat("groups", "finance,legal", 2)
    people = {1: {FINANCE}, 2: {FINANCE}, 3: {LEGAL}, 4: {LEGAL}}
    fits = {who: seat.places_for(frozenset(keys)) for who, keys in people.items()}

    assert all(each.is_complete for each in seat_stages([[seat], [seat]], [fits, fits]))
    assert seat_voters([seat, seat], fits).is_complete


KEYS = st.frozensets(
    st.sampled_from([FINANCE, LEGAL, RISK, "anyone:approver", "manager:agent_owner"]), max_size=4
)
BUT = st.lists(
    st.sampled_from([Reference("group", "finance"), Reference("manager", "agent_owner")]),
    max_size=1,
).map(tuple)
SEATS = st.one_of(
    st.builds(Seat, st.just("group"), st.sampled_from(GROUPS), st.integers(1, 2), BUT),
    st.builds(Seat, st.just("anyone"), st.just("approver"), st.integers(1, 2), BUT),
    st.builds(Seat, st.just("manager"), st.just("agent_owner"), st.just(1)),
    st.builds(
        Seat, st.just("groups"), st.sampled_from(["finance,legal", "finance,legal,risk"]),
        st.integers(1, 2), BUT,
    ),
)  # fmt: skip
FLOWS = st.lists(st.lists(SEATS, min_size=1, max_size=2), min_size=1, max_size=2)
PEOPLE = st.dictionaries(st.integers(0, 9), KEYS, max_size=5)


def brute_force(stages: list[list[Seat]], people: dict[int, Keys]) -> int:
    """The largest number of people that can sit at once, by trying every assignment."""
    # One entry for each seat of each stage, as the document has them.
    seats = [seat for stage in stages for seat in stage]
    choices = []
    for keys in people.values():
        places: list[tuple[int, str] | None] = [None]
        for index, seat in enumerate(seats):
            if any(each.key in keys for each in seat.but):
                continue
            if seat.kind == "groups":
                places += [(index, name) for name in seat.groups if f"group:{name}" in keys]
            elif f"{seat.kind}:{seat.ref}" in keys:
                places.append((index, ""))
        choices.append(places)

    def is_legal(picked: tuple[tuple[int, str] | None, ...]) -> bool:
        taken = [each for each in picked if each]
        groups = [each for each in taken if each[1]]
        counts = [sum(each[0] == index for each in taken) for index in range(len(seats))]
        return len(groups) == len(set(groups)) and all(
            count <= seat.count for count, seat in zip(counts, seats, strict=True)
        )

    return max(
        sum(each is not None for each in picked)
        for picked in itertools.product(*choices)
        if is_legal(picked)
    )


@given(FLOWS, PEOPLE)
def test_as_many_sit_as_an_exhaustive_search_finds(
    stages: list[list[Seat]], people: dict[int, Keys]
) -> None:
    fits = [
        {
            who: frozenset[str]().union(*(seat.places_for(keys) for seat in seats))
            for who, keys in people.items()
        }
        for seats in stages
    ]

    matchings = seat_stages(stages, fits)

    sitting = [who for each in matchings for who in each.seated]
    assert len(sitting) == len(set(sitting)) == brute_force(stages, people)
    wanted = sum(seat.count for seats in stages for seat in seats)
    assert sum(seat.count for each in matchings for seat in each.missing) == wanted - len(sitting)


@given(FLOWS, PEOPLE, st.randoms(use_true_random=False))
def test_the_order_of_people_never_matters(
    stages: list[list[Seat]], people: dict[int, Keys], random: Any
) -> None:
    seats = stages[0]
    shuffled = list(people.items())
    random.shuffle(shuffled)

    assert seated(seats, people) == seated(seats, dict(shuffled))


@given(SEATS)
def test_a_seat_goes_to_plain_data_and_back(seat: Seat) -> None:
    assert Seat.from_dict(seat.to_dict()) == seat
    assert Seat.from_row(seat.to_row()) == seat


@pytest.mark.parametrize(
    "data",
    [
        {"group": "a", "anyone": "approver"},
        {"groups": "a"},
        {"groups": [1, 2]},
        {"manager": "boss"},
        {"anyone": "auditor"},
        {"groups": ["a", "b"], "count": 3},
        {"group": "a", "count": 0},
        {},
    ],
)
def test_what_is_no_seat_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"seat|means"):
        Seat.from_dict(data)
