"""The operators: each becomes one closure from a present value to a judgement.

A judgement is True, False, or a sentence part that says why no answer is possible ("is not a
number"). Every closure is total and runs in time linear in the capped size of the value.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from datetime import date, tzinfo
from decimal import Decimal
from typing import Final, TypeAlias, cast

import re2

from approvals.policies import limits
from approvals.policies.dates import compare_moments, read_date, read_moment
from approvals.policies.decimals import read_decimal
from approvals.policies.kinds import Kind
from approvals.policies.operator_table import CONTAINING, EQUALITY, LISTED, NUMERIC, TEXTUAL
from approvals.policies.rules import ConditionValue, Scalar

Judgement: TypeAlias = bool | str
Judge = Callable[[object], Judgement]
ZonedJudge = Callable[[object, tzinfo | None], Judgement]

NOT_A_NUMBER: Final = "is not a number"
NOT_TEXT: Final = "is not text"
NOT_A_BOOLEAN: Final = "is not true or false"
NOT_SEARCHABLE: Final = "is neither text nor a list"
TOO_LONG: Final = "is too long to compare"
MIXED_LIST: Final = "holds items of another type"
NOT_UNICODE: Final = "is not valid text"
NOT_A_LIST: Final = "is not a list"
NOT_A_DATE: Final = "is not a date"
INEXACT: Final = "cannot be compared without a time of day or a time zone"


def compile_pattern(pattern: str) -> re2._Regexp:
    """Compile for RE2, which matches in linear time. Raises `re2.error`, also when too large."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = limits.PATTERN_BYTES
    compiled = re2.compile(pattern, options)
    if compiled.programsize > limits.PATTERN_PROGRAM:
        raise re2.error("pattern too large")
    return compiled


def compile_operator(op: str, value: ConditionValue, kind: Kind) -> Judge:
    """The closure for a validated comparison; `kind` is the field's kind."""
    if op in EQUALITY:
        return _negated(_equals(cast("Scalar", value), kind), when=op == "ne")
    if op in LISTED:
        return _negated(_one_of(cast("tuple[Scalar, ...]", value), kind), when=op == "not_in")
    if op in NUMERIC:
        return _spans(value) if kind is Kind.DATE else _compares(op, value)
    if op == "contains":
        return _contains(cast("Scalar", value))
    if op in CONTAINING:
        return _contains_several(op, cast("tuple[Scalar, ...]", value))
    if op == "matches":
        return _matches(str(value))
    if op in TEXTUAL:
        return _affix(op, str(value))
    raise ValueError(f"no operator {op}")


def compile_dated(op: str, value: str) -> ZonedJudge:
    """The closure for before, after and the like, which also needs the tenant's time zone."""
    wanted = read_moment(value)
    if wanted is None:
        raise ValueError(f"{value} is not a date")
    earlier, later = op.endswith("before"), op.endswith("after")
    same = op.startswith("on_or_")

    def dated(found: object, zone: tzinfo | None) -> Judgement:
        moment = read_moment(found)
        if moment is None:
            return NOT_A_DATE
        try:
            order = compare_moments(moment, wanted, zone)
        except OverflowError:
            return NOT_A_DATE
        if order is None:
            return INEXACT
        return same if order == 0 else (later if order > 0 else earlier)

    return dated


def kind_of(value: Scalar, kind: Kind) -> Kind:
    """How to compare with this value: by the field's kind, or else by the value's own type."""
    if kind in _READERS:
        return kind
    if isinstance(value, bool):
        return Kind.BOOLEAN
    return Kind.TEXT if isinstance(value, str) else Kind.NUMBER


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


_READERS: Final[dict[Kind, tuple[Callable[[object], object], str]]] = {
    Kind.NUMBER: (read_decimal, NOT_A_NUMBER),
    Kind.TEXT: (_text, NOT_TEXT),
    Kind.BOOLEAN: (_boolean, NOT_A_BOOLEAN),
    Kind.DATE: (read_date, NOT_A_DATE),
}


# Functions of the interpreter: no frame of ours for each comparison.
_ORDERS: Final[dict[str, Callable[[Decimal, Decimal], bool]]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def _negated(judge: Judge, *, when: bool) -> Judge:
    if not when:
        return judge

    def negated(value: object) -> Judgement:
        judged = judge(value)
        return judged if isinstance(judged, str) else not judged

    return negated


def _equals(wanted: Scalar, kind: Kind) -> Judge:
    read, wrong_type = _READERS[kind_of(wanted, kind)]
    target = read(wanted)

    def equals(value: object) -> Judgement:
        found = read(value)
        return wrong_type if found is None else found == target

    return equals


def _one_of(wanted: Sequence[Scalar], kind: Kind) -> Judge:
    read, wrong_type = _READERS[kind_of(wanted[0], kind)]
    targets = frozenset(read(each) for each in wanted)

    def one_of(value: object) -> Judgement:
        found = read(value)
        return wrong_type if found is None else found in targets

    return one_of


def _compares(op: str, value: ConditionValue) -> Judge:
    bounds = value if isinstance(value, tuple) else (value, value)
    low, high = (cast("Decimal", read_decimal(bound)) for bound in bounds)
    test = _ORDERS.get(op)

    def compares(found: object) -> Judgement:
        number = read_decimal(found)
        if number is None:
            return NOT_A_NUMBER
        return low <= number <= high if test is None else test(number, low)

    return compares


def _contains(wanted: Scalar) -> Judge:
    """A part of a text, or an item of a list; one item of another type leaves doubt."""
    equals = _equals(wanted, Kind.ANY)

    def contains(value: object) -> Judgement:
        if isinstance(value, str):
            if not isinstance(wanted, str):
                return NOT_SEARCHABLE
            return wanted in value if len(value) <= limits.TEXT_CHARACTERS else TOO_LONG
        if not isinstance(value, list | tuple | frozenset):
            return NOT_SEARCHABLE
        if len(value) > limits.LIST_ITEMS:
            return TOO_LONG
        judged = [equals(item) for item in value]
        if True in judged:
            return True
        return MIXED_LIST if any(isinstance(each, str) for each in judged) else False

    return contains


def _contains_several(op: str, wanted: Sequence[Scalar]) -> Judge:
    """Items of a list, found in one pass; an item of another type leaves doubt as to the rest."""
    read, _ = _READERS[kind_of(wanted[0], Kind.ANY)]
    targets = frozenset(read(each) for each in wanted)
    enough = len(targets) if op == "contains_all" else 1
    found = op != "contains_none"

    def contains(value: object) -> Judgement:
        if not isinstance(value, list | tuple | frozenset):
            return NOT_A_LIST
        if len(value) > limits.LIST_ITEMS:
            return TOO_LONG
        items = {read(item) for item in value}
        if len(targets & items) >= enough:
            return found
        return MIXED_LIST if None in items else not found

    return contains


def _spans(value: ConditionValue) -> Judge:
    first, last = (cast("date", read_date(bound)) for bound in cast("tuple[Scalar, ...]", value))

    def spans(found: object) -> Judgement:
        day = read_date(found)
        return NOT_A_DATE if day is None else first <= day <= last

    return spans


def _affix(op: str, wanted: str) -> Judge:
    test = str.startswith if op == "starts_with" else str.endswith

    def affix(value: object) -> Judgement:
        return test(value, wanted) if isinstance(value, str) else NOT_TEXT

    return affix


def _matches(pattern: str) -> Judge:
    search = compile_pattern(pattern).search

    def matches(value: object) -> Judgement:
        if not isinstance(value, str):
            return NOT_TEXT
        if len(value) > limits.MATCHED_CHARACTERS:
            return TOO_LONG
        try:
            return search(value) is not None
        except UnicodeEncodeError:
            return NOT_UNICODE

    return matches
