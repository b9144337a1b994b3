from __future__ import annotations

from typing import Any

import pytest

from approvals.policies import Policy
from tests.approvals.policies.builders import compare, policy, rule


def looking(rule_id: str, *fields: str, category: str = "payments.*") -> dict[str, Any]:
    tree = {"any": [{"not": compare(field, "exists")} for field in fields]}
    return rule(rule_id, category=category, conditions=tree)


@pytest.fixture
def made() -> Policy:
    return policy(
        looking("a", "run.actions", "payload.amount"),
        looking("b", "run.count.crm.*", "time.hour", category="payments.transfer"),
        looking("c", "history.amount_ratio", category="crm.update"),
        looking("d", "time.business_hours", "guardrails.findings", category="crm.*"),
        rule("e", category="*"),
    )


@pytest.mark.parametrize(
    ("category", "needs"),
    [
        ("payments.transfer", {"run"}),
        ("payments.refund", {"run"}),
        ("crm.update", {"history", "business_hours", "guardrails"}),
        ("crm.read", {"business_hours", "guardrails"}),
        ("mail.send", set()),
        ("payments", set()),
        ("", set()),
    ],
)
def test_only_what_a_fitting_rule_looks_at_is_needed(
    made: Policy, category: str, needs: set[str]
) -> None:
    assert made.plan.needs(category) == needs


def test_asking_what_is_needed_remembers_no_category(made: Policy) -> None:
    made.plan.needs("payments.transfer")

    assert made.plan._remembered == {}
