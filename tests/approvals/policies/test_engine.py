from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from approvals.policies import Evaluation, RequirementSpec, RuleTrace, evaluate
from tests.approvals.policies.builders import compare, facts, policy, rule

ALLOW_ALL = rule("allow-all", then="allow", category="*")


class Exploding(Mapping[str, object]):
    """A payload whose every access fails."""

    def __getitem__(self, key: str) -> object:
        raise RecursionError

    def __iter__(self) -> Iterator[str]:
        raise RecursionError

    def __len__(self) -> int:
        raise RecursionError


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        (
            {"category_known": False, "category": "payments.odd"},
            "category payments.odd is unknown",
        ),
        ({"agent_known": False}, "agent invoice-bot is unknown"),
        (
            {"payload_errors": ("amount is required", "iban is too short")},
            "the payload does not fit its schema: amount is required; iban is too short",
        ),
        (
            {"payload_errors": tuple("abcdefg")},
            "the payload does not fit its schema: a; b; c; d; e (and 2 more)",
        ),
        (
            {"category_known": False, "agent_known": False},
            "category payments.transfer is unknown and agent invoice-bot is unknown",
        ),
    ],
)
def test_what_is_unknown_or_malformed_is_denied(changes: dict[str, Any], because: str) -> None:
    evaluation = evaluate(policy(ALLOW_ALL), facts(**changes))

    assert (evaluation.outcome, evaluation.because) == ("deny", because)
    assert (evaluation.requirements, evaluation.used_default) == ((), False)
    assert [trace.verdict for trace in evaluation.rules] == ["matched"]


def test_an_exception_inside_is_a_denial_with_a_trace() -> None:
    made = policy(ALLOW_ALL, rule("b", then="allow", conditions=compare("payload.a", "exists")))

    evaluation = evaluate(made, facts(payload=Exploding()))

    assert evaluation.outcome == "deny"
    assert evaluation.because == "the policy could not be evaluated"
    assert evaluation.requirements == ()
    assert evaluation.rules == tuple(
        RuleTrace(each, "allow", "unevaluable", "the policy could not be evaluated", {})
        for each in ("allow-all", "b")
    )


def test_a_trace_that_cannot_be_written_does_not_raise() -> None:
    class Turning(dict[str, object]):
        broken = False

        def get(self, key: str, default: object = None) -> object:
            if self.broken:
                raise RecursionError
            return super().get(key, default)

    payload = Turning(amount=1)
    made = policy(rule(then="allow", conditions=compare("payload.amount", "lt", 5)))
    evaluation = evaluate(made, facts(payload=payload))
    payload.broken = True

    assert evaluation.outcome == "allow"
    assert [trace.because for trace in evaluation.rules] == ["the policy could not be evaluated"]


def test_several_rules_that_require_approval_are_several_requirements() -> None:
    made = policy(rule("b", flow="one"), rule("a", separation_of_duties=False))

    evaluation = evaluate(made, facts())

    assert evaluation.requirements == (
        RequirementSpec(
            "a",
            "When payments.*: 1 from Finance and 1 from Risk must approve within 4 hours; "
            "reminders after 1 hour and 2 hours; after 2 hours Managers are added; "
            "the agent's owner may be one of them; nobody answering means it expires.",
            made.flows["four-eyes"],
            False,
        ),
        RequirementSpec(
            "b",
            "When payments.*: 1 from Finance must approve within 4 hours; "
            "nobody answering means it expires.",
            made.flows["one"],
            True,
        ),
    )
    assert evaluation.because == "a: it applies to payments.*; b: it applies to payments.*"


def test_a_denial_leaves_no_requirements() -> None:
    evaluation = evaluate(policy(rule("a"), rule("b", then="deny")), facts())

    assert (evaluation.outcome, evaluation.requirements) == ("deny", ())


def test_many_deciding_rules_are_counted() -> None:
    made = policy(*(rule(f"r{number}", then="deny") for number in range(7)))

    because = evaluate(made, facts()).because

    assert because.endswith("r4: it applies to payments.*; and 2 more rules")


@pytest.mark.parametrize(
    ("default", "because", "flows"),
    [
        ("deny", "no rule matches, so it is denied by default", []),
        ("require_approval", "no rule matches, so approval is required by default", ["one"]),
    ],
)
def test_without_a_match_the_default_holds(default: str, because: str, flows: list[str]) -> None:
    made = policy(rule(category="crm.*", then="allow"), default=default)

    evaluation = evaluate(made, facts())

    assert (evaluation.outcome, evaluation.because) == (default, because)
    assert [(each.rule_id, each.flow.name) for each in evaluation.requirements] == [
        ("default", name) for name in flows
    ]
    assert [each.separation_of_duties for each in evaluation.requirements] == [True] * len(flows)


def test_an_allow_rule_that_could_not_be_evaluated_is_named_with_the_default() -> None:
    made = policy(rule("small", then="allow", conditions=compare("payload.fee", "lt", 5)))

    assert evaluate(made, facts()).because == (
        "no rule matches, so approval is required by default; "
        "small: fee is missing, so the rule counts as not matched"
    )


def test_the_trace_lists_every_rule_in_document_order_with_values() -> None:
    made = policy(
        rule("z", category="crm.*", then="deny"),
        rule(
            "a",
            then="allow",
            conditions={
                "any": [
                    compare("payload.amount", "lt", 5),
                    compare("payload.fee", "lt", 5),
                    compare("agent.labels", "contains", "hr"),
                ]
            },
        ),
    )

    evaluation = evaluate(made, facts())

    considered = RuleTrace(
        "a",
        "allow",
        "unevaluable",
        "fee is missing, so the rule counts as not matched",
        {
            "payload.amount": "48200.00",
            "payload.fee": "missing",
            "agent.labels": "finance and nightly",
        },
    )
    other = RuleTrace("z", "deny", "not_matched", "category payments.transfer is not crm.*", {})
    assert evaluation.rules == (other, considered)
    assert evaluation.considered == (considered,)


def test_the_conditions_are_the_reason_and_not_the_setting() -> None:
    made = policy(
        rule(
            environment="production",
            agent={"tiers": ["low"]},
            conditions=compare("payload.amount", "gt", 10000),
        )
    )

    assert evaluate(made, facts()).because == "amount 48200.00 is over 10000"


def test_values_and_reasons_are_capped_and_harmless() -> None:
    conditions = compare("payload.memo", "ne", "x")
    made = policy(rule(then="deny", conditions=conditions))

    trace = evaluate(made, facts(payload={"memo": "\u202eevil\x00" + "y" * 10_000})).rules[0]

    shown = '"\\u{202e}evil\\u{0}' + "y" * 73 + '…"'
    assert trace.values == {"payload.memo": shown}
    assert trace.because == f"memo {shown} is not x"


def test_everything_goes_to_json() -> None:
    made = policy(rule("a", conditions=compare("payload.amount", "gt", 1)))

    data = evaluate(made, facts()).to_dict()

    assert json.loads(json.dumps(data)) == {
        "outcome": "require_approval",
        "because": "amount 48200.00 is over 1",
        "used_default": False,
        "obligations": {
            "step_up": False,
            "login": False,
            "delay": None,
            "notes": [],
            "notify": [],
        },
        "requirements": [
            {
                "rule_id": "a",
                "sentence": "When payments.* has amount over 1: 1 from Finance and 1 from Risk "
                "must approve within 4 hours; reminders after 1 hour and 2 hours; after 2 hours "
                "Managers are added; nobody answering means it expires.",
                "flow": made.flows["four-eyes"].to_dict(),
                "separation_of_duties": True,
            }
        ],
        "rules": [
            {
                "rule_id": "a",
                "outcome": "require_approval",
                "verdict": "matched",
                "because": "amount 48200.00 is over 1",
                "values": {"payload.amount": "48200.00"},
            }
        ],
    }


def test_equal_inputs_give_equal_evaluations() -> None:
    made = policy(rule())
    first: Evaluation = evaluate(made, facts())

    assert first == evaluate(made, facts())
    assert first != evaluate(made, facts(category="crm.update"))


def test_made_up_categories_are_not_remembered() -> None:
    made = policy(rule())
    for number in range(50):
        evaluate(made, facts(category=f"x{number}", category_known=False))
    evaluate(made, facts())

    assert list(made.plan._remembered) == ["payments.transfer"]


def test_overlong_categories_still_meet_the_star_and_their_prefix() -> None:
    made = policy(rule("a", then="deny"), rule("b", then="deny", category="*"))
    long = "payments." + "a." * 100_000

    evaluation = evaluate(made, facts(category=long))

    assert [trace.verdict for trace in evaluation.rules] == ["matched", "matched"]
