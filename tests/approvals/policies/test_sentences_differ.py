"""Rules that mean different things read differently, so that a diff in sentences hides nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from approvals.policies import describe_rule, parse_policy
from approvals.policies.operator_table import NUMERIC
from approvals.policies.rules import AllOf, AnyOf, Comparison, Condition, Not
from tests.approvals.policies.builders import compare, document, rule
from tests.approvals.policies.strategies import conditions, obligations

# Names and values that are easily taken for each other.
_tricky_fields = st.sampled_from(
    [
        *("payload.amount", "payload.amount_over", "payload.amount.over", "payload.category"),
        *("category.key", "payload.payload_category", "payload.agent_name", "agent.name"),
        *("payload.a_and_b", "payload.a", "payload.and_b", "payload.x-y", "payload.x_y"),
    ]
)
_tricky_values = st.sampled_from(
    [
        *("5", "a", "b", "a or b", "a, b", "given", "true", "over 5", '"a"', "a\\", "\\u{7}", "é"),
        *("a and amount 5", "\u202e", "A", "one of a", "of", " a", "a ", "a,", "(a)", "not"),
    ]
)
_tricky = st.one_of(
    st.builds(
        compare,
        _tricky_fields,
        st.sampled_from(["eq", "ne", "contains", "starts_with", "matches"]),
        _tricky_values.filter(lambda value: value not in {"a\\", "\\u{7}", "(a)"}),
    ),
    st.builds(
        compare,
        _tricky_fields,
        st.sampled_from(["in", "not_in"]),
        st.lists(_tricky_values, min_size=1, max_size=3),
    ),
    st.builds(compare, _tricky_fields, st.sampled_from(["exists", "absent"])),
)
_tricky_trees = st.recursive(
    _tricky,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda each: {"all": each}),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: {"any": each}),
        inner.map(lambda each: {"not": each}),
    ),
    max_leaves=4,
)


def meaning(condition: Condition | None) -> object:
    """The tree without what makes no difference: single children, and how a number is written."""
    if condition is None:
        return None
    if isinstance(condition, Not):
        return ("not", meaning(condition.child))
    if isinstance(condition, AllOf | AnyOf):
        children = tuple(map(meaning, condition.children))
        return children[0] if len(children) == 1 else (type(condition).__name__, children)
    return condition.field, condition.op, _value(condition)


def _value(leaf: Comparison) -> object:
    values = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    if leaf.op in NUMERIC and leaf.field != "time.date":
        return tuple(str(Decimal(str(each))) for each in values)
    return tuple((type(each).__name__, str(each)) for each in values)


def reads(tree: Any, **more: Any) -> tuple[object, str]:
    made = parse_policy(document(rule(conditions=tree, **more)))
    return meaning(made.rules[0].when.conditions), describe_rule(made.rules[0], policy=made)


@given(_tricky_trees | conditions, _tricky_trees | conditions)
def test_conditions_that_differ_read_differently(first: Any, second: Any) -> None:
    (one, sentence), (other, another) = reads(first), reads(second)

    assert (sentence == another) is (one == other)


@given(obligations.filter(bool), obligations.filter(bool))
def test_obligations_that_differ_read_differently(first: Any, second: Any) -> None:
    policies = [parse_policy(document(rule(obligations=each))) for each in (first, second)]
    sentences = {describe_rule(made.rules[0], policy=made) for made in policies}

    assert (len(sentences) == 1) is (policies[0].rules == policies[1].rules)


def test_names_that_look_alike_stay_apart() -> None:
    trees = [
        [compare(field, op, value)]
        for field in ("payload.amount", "payload.category", "category.key", "payload.a_or_b")
        for op in ("eq", "ne", "contains", "starts_with")
        for value in ("5", "a", '"a"', "over 5", "given", "a or b", "a, b", " a", "é")
    ]

    sentences = {reads({"all": tree})[1] for tree in trees}

    assert len(sentences) == len(trees)
