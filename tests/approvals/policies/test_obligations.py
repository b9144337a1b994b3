from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from approvals.policies import EvaluatedObligations, PolicyInvalid, evaluate, parse_policy
from approvals.policies.seats import Reference
from tests.approvals.policies.builders import compare, document, facts, policy, rule

COMPLIANCE = Reference("role", "compliance")
ANN = Reference("person", "ann@example.com")


def asking(**obligations: Any) -> dict[str, Any]:
    return {"obligations": obligations}


def test_obligations_of_every_rule_that_applies_are_taken_together() -> None:
    made = policy(
        rule(
            "c",
            **asking(attach_note="Unknown fee.", notify=[{"role": "compliance"}]),
            conditions=compare("payload.fee", "gt", 1),
        ),
        rule(
            "b",
            **asking(step_up=True, login=True, delay="10m", notify=[{"person": "Ann@Example.com"}]),
        ),
        rule("a", then="allow", **asking(delay="1h", attach_note="Ask for the invoice.")),
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
        login=True,
        delay=timedelta(hours=1),
        notes=(("a", "Ask for the invoice."), ("c", "Unknown fee.")),
        notify=(ANN, COMPLIANCE),
    )


def test_obligations_go_to_json_and_back() -> None:
    made = EvaluatedObligations(
        step_up=True,
        delay=timedelta(minutes=90),
        notes=(("a", "x"),),
        notify=(ANN, COMPLIANCE),
    )
    data = made.to_dict()

    assert data == {
        "step_up": True,
        "login": False,
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


HERE = "/rules/0/obligations"


@pytest.mark.parametrize(
    ("then", "obligations", "pointer", "message"),
    [
        (
            "deny",
            {},
            HERE,
            "write step_up, login, delay, attach_note or notify here, or remove obligations",
        ),
        ("deny", [], HERE, "write keys and values here, not a list of 0 items"),
        ("deny", {"notfy": []}, f"{HERE}/notfy", "unknown key notfy; did you mean notify"),
        (
            "deny",
            {"login": True},
            f"{HERE}/login",
            "remove login; only then: require_approval has people who vote",
        ),
        (
            "allow",
            {"step_up": True},
            f"{HERE}/step_up",
            "remove step_up; only then: require_approval has people who vote",
        ),
        (
            "require_approval",
            {"step_up": "yes"},
            f"{HERE}/step_up",
            "write true or false here, not yes",
        ),
        (
            "deny",
            {"delay": "1h"},
            f"{HERE}/delay",
            "remove delay; what is denied gets no permission that could be held back",
        ),
        ("allow", {"delay": "8d"}, f"{HERE}/delay", "write at most 7d here"),
        (
            "allow",
            {"delay": "0s"},
            f"{HERE}/delay",
            "write a duration such as 30s, 15m, 4h, 2d or PT4H here, not 0s",
        ),
        (
            "deny",
            {"attach_note": "x" * 501},
            f"{HERE}/attach_note",
            "write at most 500 characters here, not 501",
        ),
        ("deny", {"notify": []}, f"{HERE}/notify", "write 1 to 20 items here, not 0"),
        (
            "deny",
            {"notify": [{"group": "a", "role": "b"}]},
            f"{HERE}/notify/0",
            "write exactly one of group, role, person, manager or anyone here",
        ),
        (
            "deny",
            {"notify": [{"group": "a"}, {"group": "a"}]},
            f"{HERE}/notify/1",
            "group a is already in this list; remove it",
        ),
        (
            "deny",
            {"notify": [{"group": "a", "count": 2}]},
            f"{HERE}/notify/0/count",
            "unknown key count; known here: group, role, person, manager, anyone",
        ),
    ],
)
def test_obligations_that_cannot_be(
    then: str, obligations: object, pointer: str, message: str
) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        parse_policy(document(rule(then=then, obligations=obligations)))

    assert [(each.pointer, each.message) for each in caught.value.problems] == [(pointer, message)]


def test_obligations_survive_the_document() -> None:
    asked = {
        "step_up": True,
        "login": True,
        "delay": "10m",
        "attach_note": "Größe",
        "notify": [{"group": "a"}, {"person": "ann@example.com"}],
    }

    made = parse_policy(document(rule(obligations=asked)))

    assert parse_policy(made.document).rules == made.rules
    assert made.document["rules"] == [
        {
            **rule(obligations=asked),
            "when": {"category": ["payments.*"]},
            "separation_of_duties": True,
        }
    ]


def test_what_rules_refused_requests_met_is_still_told() -> None:
    made = policy(rule(then="allow", **asking(notify=[{"role": "compliance"}])))

    evaluation = evaluate(made, facts(payload_errors=("amount is required",)))

    assert (evaluation.outcome, evaluation.obligations.notify) == ("deny", (COMPLIANCE,))
