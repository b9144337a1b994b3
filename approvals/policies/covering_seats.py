"""Whether the seats of one flow are filled by whoever completes another one.

Only ever wrong on the strict side: what cannot be told counts as not filled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from approvals.policies.matching import seat_voters
from approvals.policies.seats import Seat


def find_unfilled(wanted: Sequence[Seat], offered: Sequence[Seat]) -> list[Seat]:
    """The seats of `wanted` that stay empty when all of `offered` are filled, with what they lack.

    People of different seats are different, so that each fills one seat of `wanted` at most.
    """
    left = list(offered)
    unfilled, others = [], []
    # Those that fewer people fit come first, so that what is missing is said of the others.
    for seat in sorted(wanted, key=lambda each: (each.kind == "anyone", -len(each.but))):
        if seat.kind != "groups" or seat.count == 1:
            others.append(seat)
        elif not _take(seat, left):
            unfilled.append(seat)
    units = {
        (index, number): frozenset(
            place for seat in others if covers(seat, each) for place in seat.places
        )
        for index, each in enumerate(left)
        for number in range(each.count)
    }
    return unfilled + list(seat_voters(others, units).missing)


def _take(seat: Seat, offered: list[Seat]) -> bool:
    """Fill a seat of several different groups from one such seat: only there they are different."""
    for index, each in enumerate(offered):
        if each.count >= seat.count and covers(seat, each):
            rest = each.count - seat.count
            offered[index : index + 1] = [replace(each, count=rest)] if rest else []
            return True
    return False


def covers(wanted: Seat, offered: Seat) -> bool:
    """Whether whoever may fill `offered` may fill `wanted` too."""
    if not {each.key for each in wanted.but} <= {each.key for each in offered.but}:
        return False
    if wanted.kind == "anyone":
        return True  # nobody votes without the right, whatever the seat
    if wanted.kind != "groups":
        return (wanted.kind, wanted.ref) == (offered.kind, offered.ref)
    if offered.kind == "groups":
        return set(offered.groups) <= set(wanted.groups)
    return wanted.count == 1 and offered.kind == "group" and offered.ref in wanted.groups
