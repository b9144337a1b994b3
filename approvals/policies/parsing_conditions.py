"""Reading the condition tree: shape, fields, operators and values, within the caps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import re2

from approvals.policies import limits
from approvals.policies.checking import Checker
from approvals.policies.decimals import read_decimal
from approvals.policies.fields import FIXED_NAMES, WEEKDAYS, Field, Kind, find_field
from approvals.policies.operators import (
    BY_KIND,
    LISTED,
    NUMERIC,
    OPERATORS,
    PRESENCE,
    TEXTUAL,
    compile_pattern,
)
from approvals.policies.problems import pointer_to
from approvals.policies.rules import AllOf, AnyOf, Comparison, Condition, Not, Scalar
from approvals.policies.shown import listed, show

_EXACT_INTEGER: Final = 2**53
_BRANCHES: Final = ("all", "any", "not")


class _TooLarge(Exception):
    """The tree has more nodes than allowed; counting on would be the attack."""


def parse_conditions(checker: Checker, value: object, pointer: str) -> Condition | None:
    """The tree, or None when something in it was reported."""
    try:
        return _Tree(checker).parse(value, pointer, depth=1)
    except _TooLarge:
        checker.report(pointer, f"write at most {limits.CONDITION_NODES} conditions in one rule")
        return None


class _Tree:
    def __init__(self, checker: Checker) -> None:
        self.checker = checker
        self.nodes = 0

    def parse(self, value: object, pointer: str, *, depth: int) -> Condition | None:
        self.nodes += 1
        if self.nodes > limits.CONDITION_NODES:
            raise _TooLarge
        if depth > limits.CONDITION_DEPTH:
            self.checker.report(
                pointer, f"nest conditions at most {limits.CONDITION_DEPTH} deep; split the rule"
            )
            return None
        branches = [key for key in _BRANCHES if isinstance(value, Mapping) and key in value]
        if not isinstance(value, Mapping) or not branches:
            return parse_comparison(self.checker, value, pointer)
        if len(value) != 1:
            self.checker.report(
                pointer, "write exactly one of all, any, not, or field with op, per condition"
            )
            return None
        branch = branches[0]
        place = pointer_to(pointer, branch)
        if branch == "not":
            child = self.parse(value["not"], place, depth=depth + 1)
            return None if child is None else Not(child)
        return self._parse_children(branch, value[branch], place, depth)

    def _parse_children(
        self, branch: str, value: object, pointer: str, depth: int
    ) -> Condition | None:
        items = self.checker.items(value, pointer, most=limits.CONDITION_NODES)
        if items is None:
            return None
        children = [
            self.parse(item, pointer_to(pointer, index), depth=depth + 1)
            for index, item in enumerate(items)
        ]
        good = tuple(child for child in children if child is not None)
        if len(good) != len(children):
            return None
        return AllOf(good) if branch == "all" else AnyOf(good)


def parse_comparison(checker: Checker, value: object, pointer: str) -> Comparison | None:
    """A leaf: field, op, and a value exactly when the operator takes one."""
    data = checker.mapping(value, pointer, required=("field", "op"), optional=("value",))
    if data is None or "field" not in data or "op" not in data:
        return None
    field = _parse_field(checker, data["field"], pointer_to(pointer, "field"))
    op = checker.choice(data["op"], pointer_to(pointer, "op"), OPERATORS)
    if field is None or op is None:
        return None
    if op not in BY_KIND[field.kind]:
        allowed = listed((each for each in OPERATORS if each in BY_KIND[field.kind]), "or")
        checker.report(
            pointer_to(pointer, "op"), f"{field.name} is {field.kind.value}; use {allowed}"
        )
        return None
    place = pointer_to(pointer, "value")
    if op in PRESENCE:
        if "value" in data:
            checker.report(place, f"remove the value; {op} takes none", at_key=True)
            return None
        return Comparison(field.name, op)
    if "value" not in data:
        checker.report(pointer, f"value is missing; {op} needs one")
        return None
    return _with_value(checker, field, op, data["value"], place)


def _parse_field(checker: Checker, value: object, pointer: str) -> Field | None:
    name = checker.text(value, pointer, most=limits.FIELD_CHARACTERS)
    if name is None:
        return None
    field = find_field(name)
    if field is None:
        known = listed(("payload.<name>", *FIXED_NAMES), "or")
        checker.report(pointer, f"there is no field {show(name)}; use {known}")
    return field


def _with_value(
    checker: Checker, field: Field, op: str, value: object, pointer: str
) -> Comparison | None:
    if op not in LISTED and op != "between":
        single = _parse_scalar(checker, field, op, value, pointer)
        return None if single is None else Comparison(field.name, op, single)
    pair = op == "between"
    items = checker.items(
        value, pointer, least=2 if pair else 1, most=2 if pair else limits.VALUES_IN_LIST
    )
    if items is None:
        return None
    parsed = [
        _parse_scalar(checker, field, op, item, pointer_to(pointer, index))
        for index, item in enumerate(items)
    ]
    good = tuple(each for each in parsed if each is not None)
    if len(good) != len(parsed):
        return None
    if len({_type_name(each) for each in good}) > 1 and not (pair or field.kind is Kind.NUMBER):
        checker.report(pointer, "write only text, only numbers or only true/false in one list")
        return None
    if pair:
        low, high = read_decimal(good[0]), read_decimal(good[1])
        if low is None or high is None or low > high:
            checker.report(pointer, "write the smaller number first")
            return None
    return Comparison(field.name, op, good)


def _type_name(value: Scalar) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "text" if isinstance(value, str) else "number"


def _parse_scalar(
    checker: Checker, field: Field, op: str, value: object, pointer: str
) -> Scalar | None:
    if op in NUMERIC or field.kind is Kind.NUMBER:
        number = _parse_number(checker, value, pointer)
        return number if number is None else _check_hour(checker, field, number, pointer)
    if op in TEXTUAL or field.kind in {Kind.TEXT, Kind.LABELS}:
        text = checker.text(value, pointer, most=limits.VALUE_CHARACTERS)
        return text if text is None else _check_text(checker, field, op, text, pointer)
    if field.kind is Kind.BOOLEAN:
        return checker.boolean(value, pointer)
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _parse_number(checker, value, pointer)
    if isinstance(value, str):
        return checker.text(value, pointer, most=limits.VALUE_CHARACTERS)
    checker.report(pointer, f"write text, a number, true or false here, not {show(value)}")
    return None


def _parse_number(checker: Checker, value: object, pointer: str) -> int | float | str | None:
    """Kept as written where JSON can carry it exactly; otherwise it must be a decimal string."""
    if isinstance(value, str) and read_decimal(value) is not None:
        return value
    if type(value) is int and abs(value) < _EXACT_INTEGER:
        return value
    if isinstance(value, float) and math.isfinite(value) and abs(value) < _EXACT_INTEGER:
        if value.is_integer():
            return int(value)
        if "e" not in repr(value):
            return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        checker.report(pointer, 'write this number as a plain decimal in quotes, such as "0.00001"')
    else:
        checker.report(pointer, f'write a number such as 10000 or "48200.00", not {show(value)}')
    return None


def _check_hour(
    checker: Checker, field: Field, number: int | float | str, pointer: str
) -> int | float | str | None:
    hour = read_decimal(number)
    if field.name == "time.hour" and (hour is None or not 0 <= hour <= 23 or hour % 1):
        checker.report(pointer, "write a whole hour from 0 to 23")
        return None
    return number


def _check_text(checker: Checker, field: Field, op: str, text: str, pointer: str) -> str | None:
    if op == "matches":
        return _check_pattern(checker, text, pointer)
    exact = op not in TEXTUAL and op != "contains"
    if field.name == "time.weekday" and exact and text not in WEEKDAYS:
        checker.report(pointer, f"write {listed(WEEKDAYS, 'or')}, not {show(text)}")
        return None
    return text


def _check_pattern(checker: Checker, pattern: str, pointer: str) -> str | None:
    if len(pattern) > limits.PATTERN_CHARACTERS:
        most = limits.PATTERN_CHARACTERS
        checker.report(pointer, f"write a pattern of at most {most} characters")
        return None
    try:
        compile_pattern(pattern)
    except re2.error as error:
        detail = error.args[0] if error.args else "unknown reason"
        said = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
        checker.report(pointer, f"this is not a pattern that RE2 accepts ({said}); simplify it")
        return None
    return pattern
