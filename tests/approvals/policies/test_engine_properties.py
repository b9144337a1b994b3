"""Properties that hold for every policy and every payload, searched with Hypothesis."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.policies import dump_policy, evaluate, load_policy, parse_policy
from tests.approvals.policies.builders import compare, document, facts, policy, rule

RANK = {"allow": 0, "require_approval": 1, "deny": 2}

names = st.sampled_from(["amount", "memo", "flag", "to.iban", "items"])
numbers = st.integers(-1000, 100_000) | st.decimals(-1000, 100_000, places=2).map(str)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=10).filter(
    str.strip
)


def _leaf(name: str) -> st.SearchStrategy[dict[str, Any]]:
    field = f"payload.{name}"
    return st.one_of(
        st.builds(compare, st.just(field), st.sampled_from(["gt", "gte", "lt", "lte"]), numbers),
        st.builds(compare, st.just(field), st.sampled_from(["eq", "ne", "contains"]), texts),
        st.builds(compare, st.just(field), st.sampled_from(["eq", "ne"]), st.booleans()),
        st.builds(compare, st.just(field), st.sampled_from(["exists", "absent"])),
        st.builds(
            compare,
            st.just(field),
            st.sampled_from(["in", "not_in"]),
            st.lists(texts, min_size=1, max_size=3),
        ),
    )


conditions = st.recursive(
    names.flatmap(_leaf),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda each: {"all": each}),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: {"any": each}),
        inner.map(lambda each: {"not": each}),
    ),
    max_leaves=6,
)


def rules(then: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda then, category, tree, number: rule(
            f"r{number}", then=then, category=category, conditions=tree
        ),
        then,
        st.sampled_from(["*", "payments.*", "payments.transfer", "crm.*"]),
        st.none() | conditions,
        st.integers(0, 10**9),
    )


any_rule = rules(st.sampled_from(["allow", "deny", "require_approval"]))
rule_lists = st.lists(any_rule, max_size=6, unique_by=lambda each: each["id"])
# Surrogates, control characters, huge numbers and nested values, as an agent could send them.
hostile = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(st.characters()),
        st.decimals(),
        st.just("1e999999999"),
        st.just(10**400),
        st.just("9" * 100_000),
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
payloads = st.fixed_dictionaries(
    {},
    optional={
        "amount": numbers | hostile,
        "memo": texts | hostile,
        "flag": st.booleans() | hostile,
        "to": st.fixed_dictionaries({}, optional={"iban": texts | hostile}) | hostile,
        "items": st.lists(texts) | hostile,
    },
)


@given(rule_lists, payloads, st.randoms(use_true_random=False))
def test_the_order_of_rules_never_matters(
    listed: list[dict[str, Any]], payload: dict[str, Any], random: Any
) -> None:
    shuffled = list(listed)
    random.shuffle(shuffled)
    request = facts(payload=payload)

    first, second = evaluate(policy(*listed), request), evaluate(policy(*shuffled), request)

    assert first == second
    assert sorted(first.rules, key=lambda each: each.rule_id) == sorted(
        second.rules, key=lambda each: each.rule_id
    )


@given(
    rule_lists,
    rules(st.sampled_from(["deny", "require_approval"])),
    payloads,
    st.sampled_from(["deny", "require_approval"]),
)
def test_adding_a_deny_or_approval_rule_never_loosens(
    listed: list[dict[str, Any]], added: dict[str, Any], payload: dict[str, Any], default: str
) -> None:
    added = {**added, "id": "added"}
    request = facts(payload=payload)

    before = evaluate(policy(*listed, default=default), request)
    after = evaluate(policy(*listed, added, default=default), request)

    # A default of deny is what holds where nobody wrote a rule, so a rule may ask people instead.
    if not (before.used_default and default == "deny"):
        assert RANK[after.outcome] >= RANK[before.outcome]
    assert after.outcome != "allow" or before.outcome == "allow"
    if after.outcome == "require_approval" and not before.used_default:
        assert {each.rule_id for each in before.requirements} <= {
            each.rule_id for each in after.requirements
        }


@given(conditions, payloads)
def test_what_cannot_be_evaluated_never_allows(tree: Any, payload: dict[str, Any]) -> None:
    evaluation = evaluate(policy(rule(then="allow", conditions=tree)), facts(payload=payload))

    verdict = evaluation.rules[0].verdict
    assert (evaluation.outcome == "allow") is (verdict == "matched")


@given(conditions, payloads)
def test_the_same_condition_counts_the_same_way_for_deny_and_approval(
    tree: Any, payload: dict[str, Any]
) -> None:
    request = facts(payload=payload)
    allow, deny, require = (
        evaluate(policy(rule(then=then, conditions=tree)), request)
        for then in ("allow", "deny", "require_approval")
    )

    verdict = allow.rules[0].verdict
    assert {deny.rules[0].verdict, require.rules[0].verdict} == {verdict}
    assert deny.used_default is require.used_default is (verdict == "not_matched")


@settings(max_examples=200)
@given(rule_lists, st.dictionaries(st.text(), hostile) | payloads)
def test_hostile_payloads_always_end_in_an_evaluation_that_can_be_stored(
    listed: list[dict[str, Any]], payload: dict[str, Any]
) -> None:
    evaluation = evaluate(policy(*listed), facts(payload=payload))

    stored = json.dumps(evaluation.to_dict(), ensure_ascii=False).encode("utf-8")
    assert b"\\u0000" not in stored
    assert evaluation.because != "the policy could not be evaluated"


@given(
    st.text(st.characters()), st.text(st.characters()), hostile, hostile, st.text(st.characters())
)
def test_hostile_facts_always_end(
    category: str, agent: str, cost: object, amount: object, error: str
) -> None:
    request = facts(
        category=category,
        agent_name=agent,
        environment=agent,
        agent_labels=frozenset({agent}),
        estimated_cost={"amount": amount, "currency": cost},
        confidence=Decimal("1e999999"),
        payload_errors=(error,),
    )
    fields = ("estimated_cost.amount", "confidence")
    tree = {"any": [*(compare(field, "gt", 1) for field in fields)]}

    evaluation = evaluate(policy(rule(category="*", conditions=tree)), request)

    json.dumps(evaluation.to_dict(), ensure_ascii=False).encode("utf-8")
    assert evaluation.outcome == "deny"


@given(rule_lists)
def test_a_document_survives_every_form(listed: list[dict[str, Any]]) -> None:
    made = parse_policy(document(*listed))

    again = parse_policy(made.document)
    from_yaml = load_policy(dump_policy(made))
    from_json = load_policy(json.dumps(made.document))

    assert again.document == from_yaml.document == from_json.document == made.document
    assert {again.digest, from_yaml.digest, from_json.digest} == {made.digest}
    assert again.rules == from_yaml.rules == from_json.rules == made.rules
    assert again.flows == from_yaml.flows == made.flows
