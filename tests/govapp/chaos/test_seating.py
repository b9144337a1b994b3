"""Whether votes fill frozen seats, counted a second time: by hand, and small ones at random."""

from datetime import UTC, datetime
from itertools import permutations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from govapp.chaos.seating import is_filled

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def seat(kind: str, ref: str, count: int = 1, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "ref": ref, "count": count, **more}


def stage(*seats: dict[str, Any], **more: Any) -> dict[str, Any]:
    known = {"added": [], "satisfied_at": AT, "separation_of_duties": True, "stage": "s"}
    return {**known, "seats": list(seats), **more}


def vote(who: str, *keys: str, **more: Any) -> dict[str, Any]:
    known = {"cast_at": AT, "voter_keys": None, "is_agents_side": False}
    return {"member_id": who, "keys": list(keys), **known, **more}


ALICE = vote("alice", "group:finance", "role:approver")
BOB = vote("bob", "group:risk", "role:approver")
BOTH = vote("bo", "group:finance", "group:risk", "role:approver")


def test_each_seat_needs_a_person_of_its_own() -> None:
    two = stage(seat("group", "finance"), seat("group", "risk"))
    assert is_filled([two], [ALICE, BOB])
    assert is_filled([two], [BOTH, ALICE])
    assert not is_filled([two], [BOTH])
    assert not is_filled([two], [ALICE])
    assert not is_filled([two], [])


def test_a_person_sits_in_one_stage_only() -> None:
    stages = [stage(seat("group", "finance")), stage(seat("role", "approver"))]
    assert is_filled(stages, [ALICE, BOB])
    assert not is_filled(stages, [ALICE])


def test_different_groups_are_different() -> None:
    row = stage(seat("groups", "finance,legal,risk", 2))
    assert is_filled([row], [ALICE, BOB])
    assert not is_filled([row], [ALICE, vote("anna", "group:finance")])
    assert is_filled([row], [vote("anna", "group:finance"), BOTH])


def test_who_was_added_may_take_any_seat() -> None:
    added = stage(seat("group", "finance"), added=[{"kind": "group", "ref": "risk"}])
    assert is_filled([added], [BOB])


def test_who_is_left_out_fills_no_seat() -> None:
    but = seat("role", "approver", but=[{"kind": "group", "ref": "risk"}])
    assert not is_filled([stage(but)], [BOB])
    assert is_filled([stage(but)], [ALICE])


def test_the_agents_side_and_late_votes_do_not_count() -> None:
    one = stage(seat("role", "approver"))
    assert not is_filled([one], [{**ALICE, "is_agents_side": True}])
    assert is_filled([{**one, "separation_of_duties": False}], [{**ALICE, "is_agents_side": True}])
    assert not is_filled([one], [{**ALICE, "cast_at": AT.replace(hour=10)}])
    assert not is_filled([{**one, "satisfied_at": None}], [ALICE])


GROUPS = st.sampled_from(("a", "b", "c"))


@given(st.lists(GROUPS, min_size=1, max_size=3), st.lists(st.sets(GROUPS), max_size=4))
def test_any_order_of_people_finds_the_same(seats: list[str], people: list[set[str]]) -> None:
    asked = stage(*(seat("group", each) for each in seats))
    votes = [vote(str(n), *(f"group:{each}" for each in groups)) for n, groups in enumerate(people)]
    fits = any(
        all(wanted in held for wanted, held in zip(seats, order, strict=True))
        for order in permutations(people, len(seats))
    )
    assert is_filled([asked], votes) == fits
