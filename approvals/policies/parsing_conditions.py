"""Reading the condition tree: shape, fields, operators and values, within the caps."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Final

from approvals.policies import limits
from approvals.policies.checking import Checker
from approvals.policies.dates import read_date
from approvals.policies.decimals import read_decimal
from approvals.policies.fields import FIXED_NAMES, find_field
from approvals.policies.kinds import Field, Kind
from approvals.policies.operator_table import BY_KIND, BY_NAME, OPERATORS
from approvals.policies.parsing_values import parse_scalar, type_name
from approvals.policies.problems import pointer_to
from approvals.policies.rules import AllOf, AnyOf, Comparison, Condition, Not, Scalar
from approvals.policies.shown import listed, show

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
    if BY_NAME[op].takes == "none":
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
        close = difflib.get_close_matches(name, FIXED_NAMES, n=1, cutoff=0.85)
        known = listed(("payload.<name>", "run.count.<category>", *FIXED_NAMES), "or")
        hint = f"did you mean {close[0]}" if close else f"use {known}"
        checker.report(pointer, f"there is no field {show(name)}; {hint}")
    return field


def _with_value(
    checker: Checker, field: Field, op: str, value: object, pointer: str
) -> Comparison | None:
    takes = BY_NAME[op].takes
    if takes == "one":
        single = parse_scalar(checker, field, op, value, pointer)
        return None if single is None else Comparison(field.name, op, single)
    pair = takes == "pair"
    items = checker.items(
        value, pointer, least=2 if pair else 1, most=2 if pair else limits.VALUES_IN_LIST
    )
    if items is None:
        return None
    parsed = [
        parse_scalar(checker, field, op, item, pointer_to(pointer, index))
        for index, item in enumerate(items)
    ]
    good = tuple(each for each in parsed if each is not None)
    if len(good) != len(parsed):
        return None
    if len({type_name(each) for each in good}) > 1 and not (pair or field.kind is Kind.NUMBER):
        checker.report(pointer, "write only text, only numbers or only true/false in one list")
        return None
    if pair and not _ascends(checker, field, good, pointer):
        return None
    return Comparison(field.name, op, good)


def _ascends(checker: Checker, field: Field, pair: tuple[Scalar, ...], pointer: str) -> bool:
    if field.kind is Kind.DATE:
        first, last = (read_date(each) for each in pair)
        if first is None or last is None or first > last:
            checker.report(pointer, "write the earlier date first")
            return False
        return True
    low, high = read_decimal(pair[0]), read_decimal(pair[1])
    if low is None or high is None or low > high:
        checker.report(pointer, "write the smaller number first")
        return False
    return True
