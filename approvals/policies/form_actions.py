"""What the buttons of the policy form do: add, remove and move, without a script."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from approvals.policies.form_conditions import (
    is_shown_as_text,
    read_conditions,
    tree_as_text,
    write_conditions,
    write_row,
)
from approvals.policies.form_fields import AnyFields, Fields, read_names
from approvals.policies.form_flows import write_escalation, write_seat, write_stage
from approvals.policies.form_rules import write_rule
from approvals.policies.rules import REQUIRE_APPROVAL

_N: Final = "(?:0|[1-9][0-9]{0,5})"
_LISTS: Final = f"rules|rules-{_N}-c|flows|flows-{_N}-s|flows-{_N}-s-{_N}-(?:seat|esc)"
_ADD: Final = re.compile(f"({_LISTS})-add", re.ASCII)
_MOVE: Final = re.compile(f"({_LISTS})-({_N})-(remove|up|down)", re.ASCII)
_TURN: Final = re.compile(f"(rules-{_N})-as-(text|rows)", re.ASCII)


def change_fields(fields: AnyFields, action: str) -> Fields:
    """The fields after one button was pressed; blank rows stay, so that they can be filled in.

    Actions: `<list>-add` (`rules-add`, `rules-0-c-add`, `flows-add`, `flows-0-s-add`,
    `flows-0-s-0-seat-add`, `flows-0-s-0-esc-add`) and `<item>-remove`, `-up`, `-down`
    (`rules-3-up`, `rules-0-c-2-remove`); `rules-N-as-text` and `rules-N-as-rows` turn rows into
    the text form and back where that can be done. Any other action changes nothing.
    """
    copied: Fields = {
        name: value if isinstance(value, str) else list(value) for name, value in fields.items()
    }
    if add := _ADD.fullmatch(action):
        return {**copied, **_blank(add[1], _next_number(copied, add[1]))}
    if move := _MOVE.fullmatch(action):
        return _reordered(copied, move[1], _moved(_keys(copied, move[1]), move[2], move[3]))
    if turn := _TURN.fullmatch(action):
        return _turned(copied, turn[1], turn[2])
    return copied


def _keys(fields: Fields, items: str) -> list[str]:
    return [key for key, _ in read_names(fields).numbered(items)]


def _next_number(fields: Fields, items: str) -> int:
    return max((int(key) + 1 for key in _keys(fields, items)), default=0)


def _blank(items: str, number: int) -> Fields:
    prefix = f"{items}-{number}"
    kind = items.rpartition("-")[2]
    if kind == "rules":
        return {**write_rule(prefix, {"then": REQUIRE_APPROVAL}), **write_row(f"{prefix}-c-0", {})}
    if kind == "c":
        return write_row(prefix, {})
    if kind == "seat":
        return write_seat(prefix, {})
    if kind == "esc":
        return write_escalation(prefix, {})
    stage = prefix if kind == "s" else f"{prefix}-s-0"
    made = {**write_stage(stage, {}), **write_seat(f"{stage}-seat-0", {})}
    return made if kind == "s" else {f"{prefix}-name": "", **made}


def _moved(keys: Sequence[str], key: str, how: str) -> list[str]:
    order = list(keys)
    if key not in order:
        return order
    place = order.index(key)
    order.remove(key)
    if how != "remove":
        order.insert(max(place + (-1 if how == "up" else 1), 0), key)
    return order


def _reordered(fields: Fields, items: str, order: Sequence[str]) -> Fields:
    """The fields with the items of one list numbered anew; those not in the order are left out."""
    numbers = {key: number for number, key in enumerate(order)}
    made: Fields = {}
    for name, value in fields.items():
        key, dash, rest = name.removeprefix(f"{items}-").partition("-")
        if not name.startswith(f"{items}-") or not dash or not key.isdigit():
            made[name] = value
        elif key in numbers:
            made[f"{items}-{numbers[key]}-{rest}"] = value
    return made


def _turned(fields: Fields, prefix: str, into: str) -> Fields:
    """Rows as text or text as rows; unchanged when they cannot be read or do not fit."""
    rule = read_names(fields).at(prefix)
    tree, both = read_conditions(rule)
    if not isinstance(tree, dict) or both or (into == "rows" and is_shown_as_text(tree)):
        return fields
    shown: object = tree
    if into == "text":
        shown = tree_as_text(tree)
        if shown is None:
            return fields
    kept = {
        name: value
        for name, value in fields.items()
        if not re.match(rf"{prefix}-(?:c|g)-", name, re.ASCII)
    }
    return {**kept, **write_conditions(prefix, shown)}
