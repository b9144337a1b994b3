"""What can be told from rules alone is never wrong; checked against the engine itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from approvals.policies import evaluate
from approvals.policies.possible import could_hold, covers, find_dead_parts, fits
from tests.approvals.policies.builders import compare, facts, policy, rule
from tests.approvals.policies.rule_strategies import conditions, payloads

AMOUNT, CURRENCY = "payload.amount", "payload.currency"


def when(conditions: Any = None, **more: Any) -> Any:
    return policy(rule(conditions=conditions, **more)).rules[0].when


def every(*children: Any) -> dict[str, Any]:
    return {"all": list(children)}


def pair(field: str, first: tuple[str, Any], second: tuple[str, Any]) -> dict[str, Any]:
    return every(compare(field, *first), compare(field, *second))


def some(*children: Any) -> dict[str, Any]:
    return {"any": list(children)}


LARGE, SMALL = compare(AMOUNT, "gt", 10_000), compare(AMOUNT, "lt", 500)
EUR = compare(CURRENCY, "eq", "EUR")


@pytest.mark.parametrize(
    ("tree", "dead"),
    [
        (every(LARGE, SMALL), ["/c"]),
        (every(LARGE, EUR), []),
        (pair(AMOUNT, ("gt", 5), ("lte", 5)), ["/c"]),
        (pair(AMOUNT, ("gte", 5), ("lte", 5)), []),
        (pair(AMOUNT, ("between", [1, 2]), ("between", [3, 4])), ["/c"]),
        (pair(AMOUNT, ("eq", 7), ("in", [8, 9])), ["/c"]),
        (every(EUR, compare(CURRENCY, "eq", "USD")), ["/c"]),
        (every(EUR, {"not": EUR}), ["/c"]),
        (every(EUR, compare(CURRENCY, "starts_with", "U")), ["/c"]),
        (every(compare(AMOUNT, "absent"), LARGE), ["/c"]),
        (every(compare(AMOUNT, "exists"), {"not": compare(AMOUNT, "exists")}), ["/c"]),
        (pair("time.hour", ("gt", 22), ("lt", 23)), ["/c"]),
        (pair("time.hour", ("gt", 21), ("lt", 23)), []),
        (pair("category.reversible", ("ne", True), ("eq", True)), ["/c"]),
        (pair("time.date", ("before", "2026-01-01"), ("after", "2026-01-01")), ["/c"]),
        (pair("time.date", ("on_or_before", "2026-01-01"), ("on_or_after", "2026-01-01")), []),
        (pair("agent.labels", ("contains", "a"), ("contains_none", ["a"])), ["/c"]),
        (pair(CURRENCY, ("starts_with", "EU"), ("starts_with", "US")), ["/c"]),
        (pair(CURRENCY, ("starts_with", "E"), ("starts_with", "EU")), []),
        # One branch of several is dead: only that one is named.
        (some(every(LARGE, SMALL), EUR), ["/c/any/0"]),
        (some(every(LARGE, SMALL), every(EUR, {"not": EUR})), ["/c"]),
        # A branch contradicts what stands around it.
        (every(LARGE, some(SMALL, EUR)), ["/c/all/1/any/0"]),
        (every(LARGE, some(SMALL, compare(AMOUNT, "eq", 3))), ["/c"]),
        # "Not (a or b)" is "not a and not b".
        (every(LARGE, {"not": some(LARGE, EUR)}), ["/c"]),
    ],
)  # fmt: skip
def test_parts_that_can_never_hold(tree: Any, dead: list[str]) -> None:
    assert [part.pointer for part in find_dead_parts(when(tree), "/c")] == dead


def test_a_condition_may_contradict_what_the_rule_is_about() -> None:
    hour = when(compare("category.key", "eq", "crm.update"), category="payments.transfer")
    tier = when(compare("agent.tier", "eq", "high"), agent={"tiers": ["low"]})
    place = when(compare("environment", "ne", "production"), environment="production")
    assert [
        [part.fields for part in find_dead_parts(each, "")] for each in (hour, tier, place)
    ] == [
        [("category.key",)],
        [("agent.tier",)],
        [("environment",)],
    ]


@pytest.mark.parametrize(
    ("wide", "narrow", "covered"),
    [
        ({}, {}, True),
        ({}, {"conditions": LARGE}, True),
        ({"conditions": LARGE}, {}, False),
        ({"category": "*"}, {"category": ["crm.update", "payments.*"]}, True),
        ({"category": "payments.*"}, {"category": ["crm.update", "payments.transfer"]}, False),
        ({"category": "payments.transfer"}, {"category": "payments.*"}, False),
        ({"environment": ["a", "b"]}, {"environment": "a"}, True),
        ({"environment": "a"}, {}, False),
        ({"agent": {"labels": ["x"]}}, {"agent": {"labels": ["x", "y"]}}, False),
        ({"conditions": compare(AMOUNT, "gt", 5_000)}, {"conditions": LARGE}, True),
        ({"conditions": LARGE}, {"conditions": compare(AMOUNT, "gt", 5_000)}, False),
        ({"conditions": compare(AMOUNT, "gte", 10_000)}, {"conditions": LARGE}, True),
        ({"conditions": LARGE}, {"conditions": compare(AMOUNT, "gte", 10_000)}, False),
        ({"conditions": compare(AMOUNT, "gt", 1)}, {"conditions": compare(AMOUNT, "eq", 2)}, True),
        ({"conditions": some(LARGE, EUR)}, {"conditions": EUR}, True),
        ({"conditions": EUR}, {"conditions": some(LARGE, EUR)}, False),
        ({"conditions": EUR}, {"conditions": every(LARGE, EUR)}, True),
        ({"conditions": every(LARGE, EUR)}, {"conditions": EUR}, False),
        ({"conditions": {"not": SMALL}}, {"conditions": LARGE}, True),
        # Given or not is another question than over or under: both may be in doubt alone.
        ({"conditions": compare(AMOUNT, "exists")}, {"conditions": LARGE}, False),
    ],
)
def test_what_one_rule_covers(wide: Any, narrow: Any, covered: bool) -> None:
    assert covers(when(**wide), when(**narrow)) is covered


def test_what_a_category_alone_rules_out() -> None:
    known: dict[str, object] = {"category.risk": "high", "category.reversible": False}
    trees = [
        compare("category.risk", "eq", "critical"),
        compare("category.risk", "in", ["high", "critical"]),
        every(compare("category.reversible", "eq", True), LARGE),
        some(compare("category.reversible", "eq", True), LARGE),
        {"not": compare("category.risk", "eq", "high")},
    ]
    assert [could_hold(when(tree).conditions, known) for tree in trees] == [
        False, True, False, True, False,
    ]  # fmt: skip


def test_patterns_and_what_they_meet() -> None:
    pairs = [
        ("*", "a.b"),
        ("a.*", "a.b"),
        ("a.*", "a.b.*"),
        ("a.*", "ab.c"),
        ("a.b", "a.b"),
        ("a.b", "a.*"),
    ]
    assert [fits(*pair) for pair in pairs] == [True, True, True, False, True, False]


thresholds = st.builds(
    compare,
    st.just(AMOUNT),
    st.sampled_from(["gt", "gte", "lt", "lte", "eq", "ne"]),
    st.sampled_from([1, 2, "3"]),
) | st.builds(
    compare,
    st.just(AMOUNT),
    st.sampled_from(["eq", "ne", "starts_with", "contains"]),
    st.sampled_from(["1", "2", "x"]),
)
few = st.recursive(
    thresholds,
    lambda inner: st.lists(inner, min_size=1, max_size=2).flatmap(
        lambda each: st.sampled_from([every(*each), some(*each), {"not": each[0]}])
    ),
    max_leaves=4,
)
amounts: st.SearchStrategy[object] = st.sampled_from(
    [0, 1, 2, "2", 3, "3.0", 4, "x", "12", None, [], ["1"], {}, True]
)


@given(few | conditions, few | conditions, amounts, payloads)
@example(compare(AMOUNT, "contains", "1"), compare(AMOUNT, "eq", "1"), ["2"], {})
def test_covering_is_never_wrong(wide: Any, narrow: Any, amount: Any, payload: Any) -> None:
    for given_payload in ({**payload, "amount": amount}, payload):
        made = policy(rule("wide", conditions=wide), rule("narrow", conditions=narrow))
        if not covers(made.rules[0].when, made.rules[1].when):
            continue
        first, second = evaluate(made, facts(payload=given_payload)).rules
        assert second.verdict == "not_matched" or first.verdict != "not_matched"


@given(few | conditions, amounts, payloads)
def test_what_is_called_dead_never_holds(tree: Any, amount: Any, payload: Any) -> None:
    made = policy(rule(conditions=tree, then="allow"))
    dead = [part.pointer for part in find_dead_parts(made.rules[0].when, "")]
    for given_payload in ({**payload, "amount": amount}, payload):
        verdict = evaluate(made, facts(payload=given_payload)).rules[0].verdict
        assert dead != [""] or verdict != "matched"
