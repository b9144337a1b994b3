"""Small documents and facts to vary in the tests of the policy core."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from approvals.policies import Facts, Policy, parse_policy

# A Wednesday afternoon, in the tenant's local time.
WEDNESDAY = datetime(2026, 3, 4, 14, 30)  # noqa: DTZ001 - facts carry local time

ONE_STAGE: dict[str, Any] = {
    "stages": [{"name": "Review", "seats": [{"group": "finance"}], "deadline": "4h"}]
}
TWO_SEATS: dict[str, Any] = {
    "stages": [
        {
            "name": "Finance",
            "seats": [{"group": "finance", "count": 1}, {"group": "risk"}],
            "deadline": "4h",
            "reminders": ["1h", "2h"],
            "escalations": [{"after": "2h", "add": [{"group": "managers"}]}],
        }
    ]
}


def compare(field: str, op: str, *value: object) -> dict[str, Any]:
    """A leaf of a condition tree."""
    leaf: dict[str, Any] = {"field": field, "op": op}
    return {**leaf, "value": value[0]} if value else leaf


def rule(
    rule_id: str = "large",
    *,
    then: str = "require_approval",
    category: object = "payments.*",
    conditions: object = None,
    **more: Any,
) -> dict[str, Any]:
    """A rule; `more` are further keys of `when` (environment, agent) or of the rule."""
    when: dict[str, Any] = {"category": category}
    when.update({key: more.pop(key) for key in ("environment", "agent") if key in more})
    if conditions is not None:
        when["conditions"] = conditions
    made: dict[str, Any] = {"id": rule_id, "when": when, "then": then, **more}
    if then == "require_approval":
        made.setdefault("flow", "four-eyes")
    return made


def document(*rules: dict[str, Any], default: str = "require_approval") -> dict[str, Any]:
    """A whole document around these rules."""
    made: dict[str, Any] = {
        "version": 1,
        "default": default,
        "flows": {"one": ONE_STAGE, "four-eyes": TWO_SEATS},
        "rules": list(rules),
    }
    if default == "require_approval":
        made["default_flow"] = "one"
    return made


def policy(*rules: dict[str, Any], default: str = "require_approval") -> Policy:
    """The parsed policy of `document`."""
    return parse_policy(document(*rules, default=default))


def facts(**changes: Any) -> Facts:
    """A payment of 48200.00 EUR by a known agent, with these differences."""
    known: dict[str, Any] = {
        "category": "payments.transfer",
        "category_known": True,
        "category_risk": "high",
        "category_reversible": False,
        "payload": {"amount": "48200.00", "currency": "EUR", "to": {"iban": "DE89370400440532"}},
        "environment": "production",
        "agent_name": "invoice-bot",
        "agent_labels": frozenset({"finance", "nightly"}),
        "agent_tier": "low",
        "agent_age_days": 12,
        "agent_known": True,
        "confidence": Decimal("0.82"),
        "estimated_cost": {"amount": "0.40", "currency": "EUR", "tokens": 5200},
        "on_behalf_of": "alice@example.com",
        "local_time": WEDNESDAY,
        "payload_errors": (),
    }
    return Facts(**{**known, **changes})
