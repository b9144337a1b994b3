"""Exact numbers out of JSON values, at a bounded cost."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Final

from approvals.policies import limits

_STRICT: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)


def read_decimal(value: object) -> Decimal | None:
    """The number that a JSON value stands for, or None when it stands for none.

    Accepted are integers, finite floats, finite Decimals and plain decimal strings such as
    "48200.00": no exponent, no sign but minus, no leading zero, no space. A bool is never a
    number. Length and magnitude are capped before any arithmetic, so "1e999999999" costs nothing.
    """
    if isinstance(value, str):
        if len(value) <= limits.NUMBER_CHARACTERS and _STRICT.fullmatch(value):
            return Decimal(value)
        return None
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value) if value.bit_length() <= limits.NUMBER_MAGNITUDE * 3 else None
    if isinstance(value, float):
        return _bounded(Decimal(repr(value))) if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return _bounded(value) if value.is_finite() else None
    return None


def read_float(digits: str) -> float:
    """The float that is exactly the number written, or infinity, which no document may hold."""
    exact = read_decimal(digits)
    if exact is None:
        return math.inf
    number = float(digits)
    return number if Decimal(repr(number)) == exact else math.inf


def _bounded(number: Decimal) -> Decimal | None:
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or abs(exponent) > limits.NUMBER_MAGNITUDE * 6:
        return None
    return number if abs(number.adjusted()) <= limits.NUMBER_MAGNITUDE else None


def plain(number: Decimal) -> str:
    """The number without an exponent, as people write it; only for numbers read here."""
    return format(number, "f")
