"""Deciding ends within its limit whatever the payload: the steps are counted, never timed."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.policies import Evaluation, Facts, Policy, evaluate, limits
from tests.approvals.policies.builders import compare, facts, policy, rule
from tests.approvals.policies.strategies import conditions, contexts, rule_lists

FIELDS = ("amount", "memo", "flag", "items")


def steps_of(work: Callable[[], object]) -> int:
    """How many functions are called, in Python and in C, until `work` returns."""
    steps = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal steps
        steps += event in {"call", "c_call"}

    former = sys.getprofile()
    gc.disable()  # what the collector calls is no step of the decision
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(former)
        gc.enable()
    return steps


def decide(made: Policy, request: Facts) -> Evaluation:
    """Decide and write every word about it."""
    evaluation = evaluate(made, request)
    json.dumps(evaluation.to_dict(), ensure_ascii=False).encode("utf-8")
    return evaluation


def nodes_of(tree: Any) -> int:
    """The nodes of a condition as written in a document."""
    if "not" in tree:
        return 1 + nodes_of(tree["not"])
    children = tree.get("all") or tree.get("any") or ()
    return 1 + sum(map(nodes_of, children))


def deep(depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {"iban": "DE89"}
    for _ in range(depth):
        made = {"iban": "DE89", "to": made}
    return made


# Each grows with its size; none may make the decision grow beyond its caps.
HUGE: dict[str, Callable[[int], object]] = {
    "text": lambda size: "9" * size,
    "letters": lambda size: "aab" * size,
    "control characters": lambda size: "\x00\u202e" * size,
    "date with a tail": lambda size: "2026-03-04" + "0" * size,
    "fraction": lambda size: "0." + "1" * size,
    "integer": lambda size: 10**size,
    "list of text": lambda size: ["x"] * size,
    "list of numbers": lambda size: list(range(size)),
    "list of lists": lambda size: [[["x"]]] * size,
    "object": lambda size: {str(number): number for number in range(size)},
    "nested": deep,
    "exponent": lambda size: f"1e{size}",
}
hostile_fields = st.dictionaries(
    st.sampled_from([*FIELDS, "to"]), st.sampled_from(sorted(HUGE)), max_size=5
)


@settings(max_examples=40)
@given(rule_lists, hostile_fields, contexts)
def test_the_steps_of_a_decision_do_not_grow_with_the_payload(
    listed: list[dict[str, Any]], chosen: dict[str, str], context: dict[str, Any]
) -> None:
    made = policy(*listed)
    nodes = sum(nodes_of(each["when"].get("conditions", {})) for each in listed)

    def steps(size: int) -> int:
        payload = {name: HUGE[kind](size) for name, kind in chosen.items()}
        request = facts(payload=payload, **context)
        return steps_of(lambda: decide(made, request))

    evaluate(made, facts())  # which rules fit the category is remembered from the first request
    few, many = steps(5 * limits.LIST_ITEMS), steps(10 * limits.LIST_ITEMS)
    # A few more steps are Python's own; twice the payload in any part would be thousands.
    assert many <= few + 50
    assert many <= 2_000 + 400 * len(listed) + 400 * nodes


@settings(max_examples=40)
@given(conditions, st.sampled_from(sorted(HUGE)))
def test_lists_at_their_cap_are_searched_in_one_pass_each(tree: Any, kind: str) -> None:
    payload = dict.fromkeys(FIELDS, HUGE[kind](limits.LIST_ITEMS))
    made = policy(rule(then="deny", conditions=tree))

    steps = steps_of(lambda: decide(made, facts(payload=payload)))

    # Deciding, the reason and the trace each look at every node; an item takes a few calls.
    assert steps <= 2_000 + nodes_of(tree) * (400 + 3 * 12 * limits.LIST_ITEMS)


def largest(leaf: dict[str, Any]) -> Policy:
    """A rule with as many conditions as one may have."""
    return policy(rule(then="deny", conditions={"any": [leaf] * (limits.CONDITION_NODES - 1)}))


@pytest.mark.parametrize(
    "leaf",
    [
        compare("payload.memo", "contains", "x" * limits.VALUE_CHARACTERS),
        compare("payload.memo", "matches", "(a+)+(b|a)*$"),
        compare("payload.memo", "matches", "(.*)(.*)(.*)x"),
        compare("payload.memo", "in", ["x", "y"]),
        compare("payload.memo", "before", "2026-03-04"),
        compare("payload.memo", "gt", 5),
        compare("payload.memo", "contains_any", ["x", "y", "z"]),
        compare(".".join(["payload", *("to" for _ in range(15))]), "exists"),
    ],
    ids=lambda leaf: str(leaf["op"]),
)
@pytest.mark.parametrize("kind", sorted(HUGE))
def test_the_largest_rule_ends_on_the_largest_payload(leaf: dict[str, Any], kind: str) -> None:
    value = HUGE[kind](20_000)
    request = facts(payload={"memo": value, "to": value})

    evaluation: list[Evaluation] = []
    steps = steps_of(lambda: evaluation.append(decide(largest(leaf), request)))

    assert evaluation[0].outcome in {"deny", "require_approval"}
    assert steps <= 600_000


def test_the_cost_of_a_decision_does_not_grow_with_rules_for_other_categories() -> None:
    few, many = (
        policy(
            rule("a", conditions=compare("payload.amount", "gt", 1)),
            *(rule(f"r{number}", category=f"crm.k{number}") for number in range(count)),
        )
        for count in (1, limits.RULES - 1)
    )
    request = facts()
    evaluate(few, request)
    evaluate(many, request)

    assert steps_of(lambda: evaluate(few, request)) == steps_of(lambda: evaluate(many, request))


def test_a_run_of_very_many_categories_is_not_counted() -> None:
    made = policy(
        rule(then="deny", conditions=compare("run.count.payments.*", "gt", 1)),
        rule("b", then="deny", conditions=compare("run.categories", "contains", "x")),
    )

    evaluate(made, facts())

    def steps(size: int) -> int:
        counts = {f"payments.k{number}": 1 for number in range(size)}
        request = facts(run_counts=counts)
        return steps_of(lambda: decide(made, request))

    assert steps(2 * limits.LIST_ITEMS) == steps(20 * limits.LIST_ITEMS)
