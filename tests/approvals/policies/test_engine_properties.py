"""Properties that hold for every policy and every payload, searched with Hypothesis."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.policies import dump_policy, evaluate, load_policy, parse_policy
from tests.approvals.policies.builders import compare, document, facts, policy, rule
from tests.approvals.policies.rule_strategies import (
    any_rule,
    conditions,
    contexts,
    hostile,
    payloads,
    rule_lists,
    rules,
)

RANK = {"allow": 0, "require_approval": 1, "deny": 2}


@given(rule_lists, payloads, contexts, st.randoms(use_true_random=False))
def test_the_order_of_rules_never_matters(
    listed: list[dict[str, Any]], payload: dict[str, Any], context: dict[str, Any], random: Any
) -> None:
    shuffled = list(listed)
    random.shuffle(shuffled)
    request = facts(payload=payload, **context)

    first, second = evaluate(policy(*listed), request), evaluate(policy(*shuffled), request)

    assert first == second
    assert sorted(first.rules, key=lambda each: each.rule_id) == sorted(
        second.rules, key=lambda each: each.rule_id
    )


@given(
    rule_lists,
    rules(st.sampled_from(["deny", "require_approval"])),
    payloads,
    contexts,
    st.sampled_from(["deny", "require_approval"]),
)
def test_adding_a_deny_or_approval_rule_never_loosens(
    listed: list[dict[str, Any]],
    added: dict[str, Any],
    payload: dict[str, Any],
    context: dict[str, Any],
    default: str,
) -> None:
    added = {**added, "id": "added"}
    request = facts(payload=payload, **context)

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


@given(rule_lists, any_rule, payloads, contexts)
def test_adding_any_rule_never_loosens_obligations(
    listed: list[dict[str, Any]],
    added: dict[str, Any],
    payload: dict[str, Any],
    context: dict[str, Any],
) -> None:
    request = facts(payload=payload, **context)

    before = evaluate(policy(*listed), request).obligations
    after = evaluate(policy(*listed, {**added, "id": "added"}), request).obligations

    assert after.step_up >= before.step_up
    assert after.login >= before.login
    assert (after.delay or timedelta(0)) >= (before.delay or timedelta(0))
    assert set(after.notes) >= set(before.notes)
    assert set(after.notify) >= set(before.notify)


@given(rule_lists, payloads, contexts)
def test_obligations_are_those_of_the_rules_that_apply(
    listed: list[dict[str, Any]], payload: dict[str, Any], context: dict[str, Any]
) -> None:
    made = policy(*listed)

    evaluation = evaluate(made, facts(payload=payload, **context))

    verdicts = {trace.rule_id: trace.verdict for trace in evaluation.rules}
    asked = [
        each.obligations
        for each in made.rules
        if each.obligations is not None
        and verdicts[each.id] in {"matched", *(["unevaluable"] if each.then != "allow" else [])}
    ]
    found = evaluation.obligations
    assert found.step_up is any(each.step_up for each in asked)
    assert found.login is any(each.login for each in asked)
    assert found.delay == max((each.delay for each in asked if each.delay), default=None)
    assert sorted(text for _, text in found.notes) == sorted(
        each.note for each in asked if each.note
    )
    assert set(found.notify) == {one for each in asked for one in each.notify}


class Faulty(dict[str, Any]):
    """A payload whose nth access fails, as a broken mapping of another library might."""

    left = 0
    failed = False

    def get(self, key: str, default: Any = None) -> Any:
        if self.left == 0:
            self.failed = True
            raise RecursionError
        self.left -= 1
        return super().get(key, default)


@given(rule_lists, payloads, st.integers(0, 5))
def test_an_error_inside_never_allows(
    listed: list[dict[str, Any]], payload: dict[str, Any], accesses: int
) -> None:
    faulty = Faulty(payload)
    faulty.left = accesses

    evaluation = evaluate(policy(*listed), facts(payload=faulty))

    expected = (
        "deny" if faulty.failed else evaluate(policy(*listed), facts(payload=payload)).outcome
    )
    assert evaluation.outcome == expected


@given(conditions, payloads, contexts)
def test_what_cannot_be_evaluated_never_allows(
    tree: Any, payload: dict[str, Any], context: dict[str, Any]
) -> None:
    made = policy(rule(then="allow", conditions=tree))

    evaluation = evaluate(made, facts(payload=payload, **context))

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
