"""Which item of a changed list is which item of the former one."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

# What a rule, stage, seat, escalation or comparison is known by when something in it changes.
_NAMES: Final = ("id", "name", "group", "role", "person", "field", "after")


def canonical(value: object) -> str:
    """The same text exactly for the same value; 1, 1.0, "1" and true are four."""
    return json.dumps(value, sort_keys=True)


def is_same(one: object, other: object) -> bool:
    """Whether two values are the same, also in their types."""
    return canonical(one) == canonical(other)


def _known_by(item: object) -> str | None:
    if not isinstance(item, Mapping):
        return None
    return next((f"{name}:{item[name]}" for name in _NAMES if name in item), None)


def align(old: Sequence[object], new: Sequence[object]) -> list[int | None]:
    """For each new item the index of the old one it was made from, None for one that is new.

    Equal items first, then those of the same name, then, when as many are left on both sides,
    those in the same order: a rule that got another id is still that rule.
    """
    found: list[int | None] = [None] * len(new)
    left = dict.fromkeys(range(len(old)))
    for name in (canonical, _known_by):
        waiting: dict[str | None, list[int]] = defaultdict(list)
        for index in left:
            waiting[name(old[index])].append(index)
        for index, item in enumerate(new):
            key = name(item)
            if found[index] is None and key is not None and waiting[key]:
                former = waiting[key].pop(0)
                found[index] = former
                del left[former]
    missing = [index for index, each in enumerate(found) if each is None]
    if len(missing) == len(left):
        for index, last in zip(missing, left, strict=True):
            found[index] = last
    return found
