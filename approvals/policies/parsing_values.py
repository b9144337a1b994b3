"""Reading the value of one comparison: numbers, text, dates, patterns, true and false."""

from __future__ import annotations

import math
from typing import Final

import re2

from approvals.policies import limits
from approvals.policies.checking import Checker
from approvals.policies.dates import read_date, read_moment
from approvals.policies.decimals import read_decimal
from approvals.policies.field_table import WEEKDAYS
from approvals.policies.kinds import Field, Kind
from approvals.policies.operator_table import DATED, NUMERIC, TEXTUAL
from approvals.policies.operators import compile_pattern
from approvals.policies.rules import Scalar
from approvals.policies.shown import listed, show

_EXACT_INTEGER: Final = 2**53


def type_name(value: Scalar) -> str:
    """The type of a value in a word; the values of one list must share it."""
    if isinstance(value, bool):
        return "boolean"
    return "text" if isinstance(value, str) else "number"


def parse_scalar(
    checker: Checker, field: Field, op: str, value: object, pointer: str
) -> Scalar | None:
    """One value as the field and the operator need it, or None when it was reported."""
    if op in DATED or field.kind is Kind.DATE:
        return _parse_date(checker, field, value, pointer)
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


def _parse_date(checker: Checker, field: Field, value: object, pointer: str) -> str | None:
    if isinstance(value, str) and read_moment(value) is not None:
        if field.kind is not Kind.DATE or read_date(value) is not None:
            return value
        checker.report(pointer, f"write a date without a time here, such as {value[:10]}")
        return None
    example = "2026-12-31" if field.kind is Kind.DATE else "2026-12-31 or 2026-12-31T18:00:00Z"
    checker.report(pointer, f"write a date such as {example} here, not {show(value)}")
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
