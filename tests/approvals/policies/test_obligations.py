from __future__ import annotations

from datetime import timedelta
from typing import Any

from approvals.policies import EvaluatedObligations, evaluate
from approvals.policies.flows import Reference
from tests.approvals.policies.builders import compare, facts, policy, rule

COMPLIANCE = Reference("role", "compliance")
ANN = Reference("person", "ann@example.com")


def asking(**obligations: Any) -> dict[str, Any]:
    return {"obligations": obligations}


def test_obligations_of_every_rule_that_applies_are_taken_together() -> None:
    made = policy(
        rule("b", **asking(step_up=True, delay="10m", notify=[{"person": "Ann@Example.com"}])),
        rule("a", then="allow", **asking(delay="1h", attach_note="Ask for the invoice.")),
        rule(
            "c",
            **asking(attach_note="Unknown fee.", notify=[{"role": "compliance"}]),
            conditions=compare("payload.fee", "gt", 1),
        ),
        rule(
            "d",
            then="allow",
            **asking(delay="7d"),
            conditions=compare("payload.fee", "gt", 1),
        ),
        rule("e", category="crm.*", **asking(delay="7d")),
    )

    evaluation = evaluate(made, facts())

    assert evaluation.outcome == "require_approval"
    assert evaluation.obligations == EvaluatedObligations(
        step_up=True,
        delay=timedelta(hours=1),
        notes=(("a", "Ask for the invoice."), ("c", "Unknown fee.")),
        notify=(ANN, COMPLIANCE),
    )


def test_obligations_go_to_json_and_back() -> None:
    made = EvaluatedObligations(True, timedelta(minutes=90), (("a", "x"),), (ANN, COMPLIANCE))
    data = made.to_dict()

    assert data == {
        "step_up": True,
        "delay": "90m",
        "notes": [{"rule_id": "a", "text": "x"}],
        "notify": [{"person": "ann@example.com"}, {"role": "compliance"}],
    }
    assert EvaluatedObligations.from_dict(data) == made
    assert EvaluatedObligations.from_dict({}) == EvaluatedObligations()
    assert evaluate(policy(), facts()).to_dict()["obligations"] == EvaluatedObligations().to_dict()


def test_obligations_that_ask_for_nothing_are_left_out_of_the_document() -> None:
    made = policy(rule(obligations={"step_up": False}))

    assert made.rules[0].obligations is None
    assert made.digest == policy(rule()).digest
