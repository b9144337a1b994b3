"""Rules as documents, for tests of what surrounds the engine."""

from typing import Any

from tests.approvals.world import Document, stage


def rule(ident: str, then: str, *conditions: Document, **more: Any) -> Document:
    """Write one rule for payments; with conditions, all of them have to hold."""
    when: Document = {"category": "payments.transfer"}
    if conditions:
        when["conditions"] = {"all": list(conditions)}
    return {"id": ident, "when": when, "then": then} | more


def where(field: str, op: str, value: Any) -> Document:
    return {"field": field, "op": op, "value": value}


def rules(*each: Document, default: str = "deny") -> Document:
    """Write a policy of these rules; the flow `one` asks finance, `two` finance and risk."""
    return {
        "version": 1,
        "default": default,
        "flows": {
            "one": {"stages": [stage("finance")]},
            "two": {"stages": [stage("finance", "risk")]},
        },
        "rules": list(each),
    }


def asks(ident: str, *conditions: Document, flow: str = "one", **more: Any) -> Document:
    """Write a rule that requires approval."""
    return rule(ident, "require_approval", *conditions, flow=flow, **more)
