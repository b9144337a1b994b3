"""The text form of conditions, for experts: the same tree, written in one line.

    payload.amount > 10000 and (category.risk = high or not (agent.labels contains trusted))

There is no second engine: text becomes the tree that documents hold, is checked as that tree is,
and `format_condition` writes the tree back. Both directions are exact.
"""

from __future__ import annotations

from contextlib import suppress

from approvals.policies.checking import Checker, TooManyProblems
from approvals.policies.operator_table import BY_NAME
from approvals.policies.parsing_conditions import parse_conditions
from approvals.policies.rules import AllOf, Comparison, Condition, Not
from approvals.policies.text_syntax import read_tree
from approvals.policies.text_tokens import (
    WORDS,
    ConditionTextInvalid,
    write_field,
    write_value,
)

__all__ = [
    "ConditionTextInvalid",
    "check_condition_text",
    "format_condition",
    "parse_condition_text",
]


def parse_condition_text(text: str) -> Condition:
    """The tree that a text stands for, within the caps of limits.py.

    Raises ConditionTextInvalid at the first thing that is wrong, with its column from 1.
    """
    tree, position = read_tree(text)
    checker = Checker()
    condition = None
    with suppress(TooManyProblems):
        condition = parse_conditions(checker, tree, "")
    if condition is None:
        finding = checker.findings[0]
        raise ConditionTextInvalid(finding.message, position.locate(finding)[1] or 1)
    return condition


def check_condition_text(checker: Checker, text: str, pointer: str) -> Condition | None:
    """As `parse_condition_text`, for a text inside a document; what is wrong is reported there."""
    try:
        return parse_condition_text(text)
    except ConditionTextInvalid as error:
        checker.report(pointer, str(error))
        return None


def format_condition(condition: Condition) -> str:
    """The one text of a tree; `parse_condition_text` reads the same tree from it."""
    return _write(condition, nested=False)


def _write(condition: Condition, *, nested: bool) -> str:
    if isinstance(condition, Comparison):
        return _write_comparison(condition)
    if isinstance(condition, Not):
        return f"not ({_write(condition.child, nested=False)})"
    is_all = isinstance(condition, AllOf)
    if len(condition.children) == 1:
        inner = _write(condition.children[0], nested=False)
        return f"{'all' if is_all else 'any'}({inner})"
    joint = " and " if is_all else " or "
    words = joint.join(_write(child, nested=True) for child in condition.children)
    return f"({words})" if nested else words


def _write_comparison(comparison: Comparison) -> str:
    start = f"{write_field(comparison.field)} {WORDS[comparison.op]}"
    if comparison.value is None:
        return start
    if not isinstance(comparison.value, tuple):
        return f"{start} {write_value(comparison.value)}"
    values = [write_value(each) for each in comparison.value]
    if BY_NAME[comparison.op].takes == "pair":
        return f"{start} {' and '.join(values)}"
    return f"{start} [{', '.join(values)}]"
