"""What one rule with one condition decides, as a literal table.

Each row is evaluated three times, in a deny, a require_approval and an allow rule. The verdict
column fixes all three outcomes: matched applies in all, not_matched in none, and unevaluable
counts as matched except in an allow rule. The default is require_approval.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from approvals.policies import evaluate
from tests.approvals.policies.builders import compare, facts, policy, rule

YES, NO, DOUBT = "matched", "not_matched", "unevaluable"

OUTCOMES = {
    ("deny", YES): "deny",
    ("deny", NO): "require_approval",
    ("deny", DOUBT): "deny",
    ("allow", YES): "allow",
    ("allow", NO): "require_approval",
    ("allow", DOUBT): "require_approval",
    ("require_approval", YES): "require_approval",
    ("require_approval", NO): "require_approval",
    ("require_approval", DOUBT): "require_approval",
}


def amount(value: object) -> dict[str, Any]:
    return {"payload": {"amount": value}}


A = "payload.amount"
ROWS: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    # condition, facts, verdict, because
    (compare(A, "gt", 10000), {}, YES, "amount 48200.00 is over 10000"),
    (compare(A, "gt", 48200), {}, NO, "amount 48200.00 is not over 48200"),
    (compare(A, "gt", "48199.99"), {}, YES, "amount 48200.00 is over 48199.99"),
    (compare(A, "gt", 10000.5), amount(10000.51), YES, "amount 10000.51 is over 10000.5"),
    (compare(A, "gte", 48200), {}, YES, "amount 48200.00 is at least 48200"),
    (compare(A, "gte", 48201), {}, NO, "amount 48200.00 is not at least 48201"),
    (compare(A, "lt", 48200), {}, NO, "amount 48200.00 is not under 48200"),
    (compare(A, "lt", 50000), {}, YES, "amount 48200.00 is under 50000"),
    (compare(A, "lte", 48200), {}, YES, "amount 48200.00 is at most 48200"),
    (compare(A, "lte", -1), amount("-0.5"), NO, "amount -0.5 is not at most -1"),
    (compare(A, "between", [100, 200]), amount(100), YES, "amount 100 is between 100 and 200"),
    (compare(A, "between", [100, 200]), amount(200), YES, "amount 200 is between 100 and 200"),
    (compare(A, "between", [1, 2]), amount("2.01"), NO, "amount 2.01 is not between 1 and 2"),
    (compare(A, "eq", 48200), {}, YES, "amount 48200.00 is 48200"),
    (compare(A, "eq", 0.1), amount(0.1), YES, "amount is 0.1"),
    (compare(A, "eq", 0.3), amount(0.1 + 0.2), NO, "amount 0.30000000000000004 is not 0.3"),
    (compare(A, "ne", 48200), {}, NO, "amount 48200.00 is 48200"),
    (compare(A, "ne", 1), {}, YES, "amount 48200.00 is not 1"),
    (compare(A, "in", [1, 48200]), {}, YES, "amount 48200.00 is one of 1 or 48200"),
    # Type mismatches never become an answer.
    (compare(A, "gt", 1), amount("1e5"), DOUBT, "amount 1e5 is not a number"),
    (compare(A, "gt", 1), amount("1e999999999"), DOUBT, "amount 1e999999999 is not a number"),
    (compare(A, "gt", 1), amount("+5"), DOUBT, "amount +5 is not a number"),
    (compare(A, "gt", 1), amount("007"), DOUBT, "amount 007 is not a number"),
    (compare(A, "gt", 1), amount("5,000"), DOUBT, "amount 5,000 is not a number"),
    (compare(A, "gt", 1), amount(" 5"), DOUBT, 'amount " 5" is not a number'),
    (compare(A, "gt", 1), amount("५"), DOUBT, 'amount "५" is not a number'),
    (compare(A, "gt", 1), amount(""), DOUBT, 'amount "" is not a number'),
    (compare(A, "gt", 1), amount("NaN"), DOUBT, "amount NaN is not a number"),
    (compare(A, "gt", 1), amount(True), DOUBT, "amount true is not a number"),
    (
        compare(A, "lt", 1),
        amount(float("nan")),
        DOUBT,
        "amount a number out of range is not a number",
    ),
    (compare(A, "gt", 1), amount(["5"]), DOUBT, "amount a list of 1 item is not a number"),
    (compare(A, "gt", 1), amount({"v": 5}), DOUBT, "amount an object with 1 field is not a number"),
    (compare(A, "eq", 1), amount(True), DOUBT, "amount true is not a number"),
    (compare(A, "eq", 1), amount("one"), DOUBT, "amount one is not a number"),
    (compare(A, "eq", "48200.00"), amount(48200), DOUBT, "amount 48200 is not text"),
    (compare(A, "eq", True), amount(1), DOUBT, "amount 1 is not true or false"),
    (compare(A, "eq", True), amount(True), YES, "amount is true"),
    (compare(A, "ne", True), amount(True), NO, "amount is true"),
    # Missing fields and null.
    (compare("payload.fee", "gt", 1), {}, DOUBT, "fee is missing"),
    (compare("payload.fee", "ne", "x"), {}, DOUBT, "fee is missing"),
    (compare("payload.fee", "not_in", ["x"]), {}, DOUBT, "fee is missing"),
    (compare(A, "eq", 1), amount(None), DOUBT, "amount is missing"),
    (compare("payload.fee", "exists"), {}, NO, "fee is not given"),
    (compare("payload.fee", "absent"), {}, YES, "fee is not given"),
    (compare(A, "exists"), {}, YES, "amount is given"),
    (compare(A, "absent"), {}, NO, "amount is given"),
    (compare(A, "absent"), amount(None), YES, "amount is not given"),
    (compare("payload.to.iban", "exists"), {}, YES, "to.iban is given"),
    (
        compare("payload.amount.value", "absent"),
        {},
        DOUBT,
        "amount.value lies inside something that is not an object",
    ),
    # Text.
    (compare("payload.currency", "eq", "EUR"), {}, YES, "currency is EUR"),
    (compare("payload.currency", "eq", "eur"), {}, NO, "currency EUR is not eur"),
    (
        compare("payload.currency", "in", ["USD", "EUR"]),
        {},
        YES,
        "currency EUR is one of USD or EUR",
    ),
    (compare("payload.currency", "in", ["USD"]), {}, NO, "currency EUR is not one of USD"),
    (compare("payload.currency", "not_in", ["USD"]), {}, YES, "currency EUR is not one of USD"),
    (
        compare("payload.to.iban", "starts_with", "DE"),
        {},
        YES,
        "to.iban DE89370400440532 starts with DE",
    ),
    (
        compare("payload.to.iban", "ends_with", "DE"),
        {},
        NO,
        "to.iban DE89370400440532 does not end with DE",
    ),
    (compare("payload.currency", "contains", "UR"), {}, YES, "currency EUR contains UR"),
    (compare("payload.currency", "contains", "X"), {}, NO, "currency EUR does not contain X"),
    (
        compare("payload.currency", "matches", "^[A-Z]{3}$"),
        {},
        YES,
        "currency EUR matches ^[A-Z]{3}$",
    ),
    (compare(A, "matches", "^$"), amount("5\n"), NO, 'amount "5\\u{a}" does not match ^$'),
    (compare(A, "matches", "5"), amount(5), DOUBT, "amount 5 is not text"),
    (compare(A, "matches", "a"), amount("\ud800"), DOUBT, 'amount "\\u{d800}" is not valid text'),
    (compare(A, "contains", 5), amount("5"), DOUBT, "amount 5 is neither text nor a list"),
    # Lists.
    (compare(A, "contains", "x"), amount(["y", "x"]), YES, "amount a list of 2 items contains x"),
    (compare(A, "contains", 5), amount(["5.0", 1]), YES, "amount a list of 2 items contains 5"),
    (compare(A, "contains", "x"), amount([]), NO, "amount a list of 0 items does not contain x"),
    (
        compare(A, "contains", "x"),
        amount(["y", 1]),
        DOUBT,
        "amount a list of 2 items holds items of another type",
    ),
    (
        compare(A, "contains", "x"),
        amount(["x"] * 1001),
        DOUBT,
        "amount a list of 1001 items is too long to compare",
    ),
    # The fixed fields.
    (
        compare("category.key", "ends_with", ".transfer"),
        {},
        YES,
        "category payments.transfer ends with .transfer",
    ),
    (compare("category.risk", "eq", "high"), {}, YES, "category risk is high"),
    (compare("category.reversible", "eq", True), {}, NO, "it is an irreversible category"),
    (compare("agent.name", "eq", "invoice-bot"), {}, YES, "agent name is invoice-bot"),
    (
        compare("agent.labels", "contains", "finance"),
        {},
        YES,
        "agent labels finance and nightly contain finance",
    ),
    (
        compare("agent.labels", "contains", "hr"),
        {},
        NO,
        "agent labels finance and nightly do not contain hr",
    ),
    (compare("agent.tier", "in", ["low", "none"]), {}, YES, "agent tier low is one of low or none"),
    (compare("agent.age_days", "lt", 30), {}, YES, "agent age in days 12 is under 30"),
    (compare("environment", "ne", "production"), {}, NO, "environment is production"),
    (compare("confidence", "lt", "0.9"), {}, YES, "confidence 0.82 is under 0.9"),
    (compare("confidence", "lt", 0.9), {"confidence": None}, DOUBT, "confidence is missing"),
    (
        compare("confidence", "gt", 0.9),
        {"confidence": Decimal("NaN")},
        DOUBT,
        "confidence a number out of range is not a number",
    ),
    (compare("estimated_cost.amount", "gt", "0.25"), {}, YES, "estimated cost 0.40 is over 0.25"),
    (compare("estimated_cost.currency", "eq", "EUR"), {}, YES, "estimated cost currency is EUR"),
    (
        compare("estimated_cost.tokens", "gte", 5201),
        {},
        NO,
        "estimated tokens 5200 is not at least 5201",
    ),
    (
        compare("estimated_cost.amount", "gt", 0),
        {"estimated_cost": None},
        DOUBT,
        "estimated cost is missing",
    ),
    (compare("on_behalf_of", "exists"), {}, YES, "on behalf of is given"),
    (compare("on_behalf_of", "absent"), {"on_behalf_of": None}, YES, "on behalf of is not given"),
    (compare("time.hour", "between", [9, 17]), {}, YES, "hour 14 is between 9 and 17"),
    (
        compare("time.weekday", "in", ["saturday", "sunday"]),
        {},
        NO,
        "weekday wednesday is not one of saturday or sunday",
    ),
    # Trees: what stays unknown, and what is settled in spite of an unknown part.
    ({"all": [compare(A, "gt", 1), compare("payload.fee", "gt", 1)]}, {}, DOUBT, "fee is missing"),
    (
        {"all": [compare(A, "lt", 1), compare("payload.fee", "gt", 1)]},
        {},
        NO,
        "amount 48200.00 is not under 1",
    ),
    (
        {"any": [compare("payload.fee", "gt", 1), compare(A, "gt", 1)]},
        {},
        YES,
        "amount 48200.00 is over 1",
    ),
    ({"any": [compare("payload.fee", "gt", 1), compare(A, "lt", 1)]}, {}, DOUBT, "fee is missing"),
    ({"not": compare("payload.fee", "gt", 1)}, {}, DOUBT, "fee is missing"),
    ({"not": compare(A, "gt", 1)}, {}, NO, "amount 48200.00 is over 1"),
    ({"not": compare(A, "lt", 1)}, {}, YES, "amount 48200.00 is not under 1"),
    (
        {"all": [compare(A, "gt", 1), compare("category.risk", "eq", "high")]},
        {},
        YES,
        "amount 48200.00 is over 1 and category risk is high",
    ),
]


def _id(row: tuple[dict[str, Any], dict[str, Any], str, str]) -> str:
    return f"{row[2]}: {row[3]}".encode("ascii", "replace").decode()


@pytest.mark.parametrize(("condition", "changes", "verdict", "because"), ROWS, ids=map(_id, ROWS))
@pytest.mark.parametrize("then", ["deny", "require_approval", "allow"])
def test_one_condition(
    then: str, condition: dict[str, Any], changes: dict[str, Any], verdict: str, because: str
) -> None:
    made = policy(rule(then=then, conditions=condition))

    evaluation = evaluate(made, facts(**changes))

    applies = verdict == YES or (verdict == DOUBT and then != "allow")
    counts = "not matched" if then == "allow" else "matched"
    said = f"{because}, so the rule counts as {counts}" if verdict == DOUBT else because
    trace = evaluation.rules[0]
    assert (trace.verdict, trace.because) == (verdict, said)
    assert evaluation.outcome == OUTCOMES[then, verdict]
    assert evaluation.used_default is not applies


# Category, environment and agent of a rule, each with the facts above.
SETTINGS: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    ({"category": "payments.transfer"}, {}, YES, "it applies to payments.transfer"),
    ({"category": "payments.*"}, {}, YES, "it applies to payments.*"),
    ({"category": "*"}, {}, YES, "it applies to *"),
    ({"category": ["crm.*", "payments.*"]}, {}, YES, "it applies to crm.* or payments.*"),
    ({"category": "payments.*"}, {"category": "payments.eu.sepa"}, YES, "it applies to payments.*"),
    (
        {"category": "payments.*"},
        {"category": "payments"},
        NO,
        "category payments is not payments.*",
    ),
    (
        {"category": "payments.*"},
        {"category": "paymentsx.a"},
        NO,
        "category paymentsx.a is not payments.*",
    ),
    (
        {"category": "payments"},
        {},
        NO,
        "category payments.transfer is not payments",
    ),
    ({"environment": ["production"]}, {}, YES, "environment is production"),
    ({"environment": "staging"}, {}, NO, "environment production is not staging"),
    ({"environment": "staging"}, {"environment": ""}, DOUBT, "environment is missing"),
    ({"agent": {"labels": ["finance", "hr"]}}, {}, YES, "agent is labelled finance"),
    ({"agent": {"labels": ["hr"]}}, {}, NO, "agent is not labelled hr"),
    ({"agent": {"tiers": ["low", "medium"]}}, {}, YES, "agent tier is low"),
    ({"agent": {"tiers": ["high"]}}, {}, NO, "agent tier low is not high"),
    (
        {"agent": {"labels": ["finance"], "tiers": ["high"]}},
        {},
        NO,
        "agent tier low is not high",
    ),
]


@pytest.mark.parametrize(("setting", "changes", "verdict", "because"), SETTINGS)
def test_where_a_rule_applies(
    setting: dict[str, Any], changes: dict[str, Any], verdict: str, because: str
) -> None:
    made = policy(rule(then="deny", **setting))

    evaluation = evaluate(made, facts(**changes))

    said = f"{because}, so the rule counts as matched" if verdict == DOUBT else because
    assert (evaluation.rules[0].verdict, evaluation.rules[0].because) == (verdict, said)
    assert evaluation.outcome == OUTCOMES["deny", verdict]


# Several rules at once: what each says, the default, and what comes out.
COMBINED: list[tuple[list[str], str, str]] = [
    ([], "deny", "deny"),
    ([], "require_approval", "require_approval"),
    (["allow"], "deny", "allow"),
    (["allow"], "require_approval", "allow"),
    (["allow", "allow"], "deny", "allow"),
    (["require_approval"], "deny", "require_approval"),
    (["allow", "require_approval"], "deny", "require_approval"),
    (["require_approval", "allow"], "deny", "require_approval"),
    (["deny"], "require_approval", "deny"),
    (["allow", "deny"], "require_approval", "deny"),
    (["deny", "allow"], "require_approval", "deny"),
    (["require_approval", "deny"], "require_approval", "deny"),
    (["allow", "require_approval", "deny"], "require_approval", "deny"),
]


@pytest.mark.parametrize(("thens", "default", "outcome"), COMBINED)
def test_the_strictest_wins(thens: list[str], default: str, outcome: str) -> None:
    rules = [rule(f"r{index}", then=then) for index, then in enumerate(thens)]

    evaluation = evaluate(policy(*rules, default=default), facts())

    assert (evaluation.outcome, evaluation.used_default) == (outcome, not thens)
