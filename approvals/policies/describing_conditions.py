"""Conditions in words, so exact that two conditions that differ also read differently."""

from __future__ import annotations

import re
from typing import Final

from approvals.policies import limits
from approvals.policies.fields import find_field
from approvals.policies.kinds import Field, Kind
from approvals.policies.operator_table import BY_NAME, DATED, NUMERIC
from approvals.policies.rules import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    ConditionValue,
    Not,
    Scalar,
)
from approvals.policies.shown import listed, safe_text, show
from approvals.policies.words import RESERVED

# Text that needs no quotes: nothing in it could be taken for the sentence around it.
_BARE: Final = re.compile(r"[!-~]+", re.ASCII)
_UNCLEAR: Final = re.compile(r'["\\(),;]|[.:]$')
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)


def describe_condition(condition: Condition, *, nested: bool = False) -> str:
    """The tree in words, with brackets where "and" and "or" would otherwise be read together."""
    if isinstance(condition, Comparison):
        return _comparison_words(condition)
    if isinstance(condition, Not):
        return f"not ({describe_condition(condition.child)})"
    if len(condition.children) == 1:
        return describe_condition(condition.children[0], nested=nested)
    joint = " and " if isinstance(condition, AllOf) else " or "
    words = joint.join(describe_condition(child, nested=True) for child in condition.children)
    bracketed = nested and isinstance(condition, AllOf | AnyOf)
    return f"({words})" if bracketed else words


def _comparison_words(comparison: Comparison) -> str:
    field = find_field(comparison.field)
    if field is None:
        raise ValueError(f"no field {comparison.field}")
    name = safe_text(field.words, limits.FIELD_CHARACTERS)
    operator, value = BY_NAME[comparison.op], comparison.value
    if field.phrases is not None and isinstance(value, bool):
        return operator.has.replace("{}", field.phrases[not value])
    return f"{name} {operator.has.replace('{}', _value_words(field, comparison.op, value))}"


def _value_words(field: Field, op: str, value: ConditionValue) -> str:
    """The policy's value in full: nothing is shortened, so that every difference shows."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        conjunction = "or" if op in {"in", "contains_any"} else "and"
        return listed((_scalar_words(field, op, each) for each in value), conjunction)
    return _scalar_words(field, op, value)


def _scalar_words(field: Field, op: str, value: Scalar) -> str:
    as_number = op in NUMERIC or field.kind is Kind.NUMBER
    if not isinstance(value, str) or as_number or op in DATED or field.kind is Kind.DATE:
        return safe_text(value) if isinstance(value, str) else show(value)
    # Text that looks like a number or a word of the sentence is marked as what it is.
    plain = _BARE.fullmatch(value) and not _UNCLEAR.search(value)
    if plain and value.lower() not in RESERVED and not _NUMBER.fullmatch(value):
        return value
    return quote(value)


def quote(text: str) -> str:
    """The whole text in quotes, with quotes, backslashes and unseen characters as escapes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{safe_text(escaped, 2 * len(escaped) + 1)}"'
