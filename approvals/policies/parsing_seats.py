"""Reading seats, and whoever else is named: groups, roles, people, whom the request points to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from approvals.policies import limits
from approvals.policies.checking import Checker
from approvals.policies.problems import pointer_to
from approvals.policies.seats import (
    BUT_KINDS,
    FIXED_REFS,
    REFERENCE_KINDS,
    SEAT_KINDS,
    SINGLE_KINDS,
    Reference,
    Seat,
    SeatKind,
    join_groups,
)
from approvals.policies.shown import listed

# Deliberately loose: whether the person exists is checked when the policy is published.
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+")


def parse_seat(checker: Checker, value: object, pointer: str) -> Seat | None:
    """A seat: whom it means, how many of them, and who of them does not fit."""
    reference = parse_reference(
        checker, value, pointer, kinds=SEAT_KINDS, optional=("count", "but")
    )
    if reference is None or not isinstance(value, Mapping):
        return None
    but = _parse_but(checker, value["but"], pointer, reference) if "but" in value else ()
    count = _parse_count(checker, value.get("count", 1), pointer_to(pointer, "count"), reference)
    if count is None or but is None:
        return None
    return Seat(reference.kind, reference.ref, count, but)


def _parse_count(checker: Checker, value: object, place: str, of: Reference) -> int | None:
    count = checker.integer(value, place, least=1, most=limits.SEAT_COUNT)
    if count is None:
        return None
    if of.kind in SINGLE_KINDS and count > 1:
        checker.report(place, "write 1 here; one person can approve only once")
    elif of.kind == "groups" and count > len(of.groups):
        checker.report(place, f"write at most {len(of.groups)} here; there are no more groups")
    else:
        return count
    return None


def _parse_but(
    checker: Checker, value: object, seat: str, of: Reference
) -> tuple[Reference, ...] | None:
    place = pointer_to(seat, "but")
    if of.kind == "person":
        checker.report(place, "remove but; this seat means one person only", at_key=True)
        return None
    items = checker.items(value, place, most=limits.SEAT_GROUPS)
    if items is None:
        return None
    found: dict[str, Reference] = {}
    for index, item in enumerate(items):
        where = pointer_to(place, index)
        each = parse_reference(checker, item, where, kinds=BUT_KINDS)
        if each is None:
            continue
        if each.key in found:
            checker.report(where, f"{each.kind} {each.ref} is already in this list; remove it")
        elif each.key == of.key:
            checker.report(where, "this leaves nobody for the seat; name somebody else")
        else:
            found[each.key] = each
    return tuple(found.values()) if len(found) == len(items) else None


def parse_reference(
    checker: Checker,
    value: object,
    pointer: str,
    *,
    kinds: Sequence[SeatKind] = REFERENCE_KINDS,
    optional: Sequence[str] = (),
) -> Reference | None:
    """Some people: exactly one of the `kinds`, and the `optional` keys."""
    data = checker.mapping(value, pointer, optional=(*kinds, *optional))
    if data is None:
        return None
    named = [kind for kind in kinds if kind in data]
    if len(named) != 1:
        checker.report(pointer, f"write exactly one of {listed(kinds, 'or')} here")
        return None
    kind = named[0]
    ref = _parse_ref(checker, kind, data[kind], pointer_to(pointer, kind))
    return None if ref is None else Reference(kind, ref)


def _parse_ref(checker: Checker, kind: SeatKind, value: object, place: str) -> str | None:
    if kind in FIXED_REFS:
        return checker.choice(value, place, (FIXED_REFS[kind],))
    if kind == "groups":
        return _parse_groups(checker, value, place)
    if kind != "person":
        return checker.slug(value, place)
    address = checker.line(value, place)
    if address is not None and not _EMAIL.fullmatch(address):
        checker.report(place, "write the person's e-mail address here")
        return None
    return None if address is None else address.lower()


def _parse_groups(checker: Checker, value: object, place: str) -> str | None:
    items = checker.items(value, place, least=2, most=limits.SEAT_GROUPS)
    if items is None:
        return None
    found: list[str] = []
    for index, item in enumerate(items):
        where = pointer_to(place, index)
        slug = checker.slug(item, where)
        if slug in found:
            checker.report(where, f"group {slug} is already in this list; remove it")
        elif slug is not None:
            found.append(slug)
    return join_groups(found) if len(found) == len(items) else None
