"""Flows of every kind, and policies made of them, for comparing."""

from __future__ import annotations

from typing import Any

from approvals.policies import Policy, parse_policy
from tests.approvals.policies.builders import compare

Document = dict[str, Any]


def stage(
    *seats: Any, deadline: str = "4h", name: str = "Review", escalations: Any = (), **more: Any
) -> Document:
    made: Document = {"name": name, "seats": [*seats], "deadline": deadline, **more}
    return made | ({"escalations": [*escalations]} if escalations else {})


FINANCE: Document = {"group": "finance"}


RISK: Document = {"group": "risk"}


MANAGERS_JOIN = ({"after": "2h", "add": [{"group": "managers"}]},)


FLOWS: dict[str, list[Document]] = {
    "one": [stage(FINANCE)],
    "four-eyes": [stage(FINANCE, RISK)],
    "two-of-finance": [stage({"group": "finance", "count": 2})],
    "slow": [stage(FINANCE, RISK, deadline="8h")],
    "growing": [stage(FINANCE, RISK, escalations=MANAGERS_JOIN)],
    "office": [stage(FINANCE, RISK, counting="business_hours")],
    "office-growing": [stage(FINANCE, RISK, counting="business_hours", escalations=MANAGERS_JOIN)],
    "insisting": [
        stage(
            FINANCE,
            RISK,
            escalations=(
                {**MANAGERS_JOIN[0], "hand_over": True, "repeat": {"every": "30m", "times": 3}},
            ),
        )
    ],
    "in-turn": [stage(FINANCE), stage(RISK, name="Second")],
    "not-interns": [stage(FINANCE | {"but": [{"group": "interns"}]}, RISK)],
    "anyone": [stage({"anyone": "approver", "count": 2})],
    "different": [stage({"groups": ["finance", "legal", "risk"], "count": 2})],
    "fewer-groups": [stage({"groups": ["finance", "risk"], "count": 2})],
    "manager": [stage({"manager": "agent_owner"})],
}


def policy(*rules: Document, default: str = "deny") -> Policy:
    named = {each.get("flow") for each in rules} | ({default} if default != "deny" else set())
    made: Document = {
        "version": 1,
        "default": "deny",
        "flows": {name: {"stages": stages} for name, stages in FLOWS.items() if name in named},
        "rules": [*rules],
    }
    if default != "deny":
        made |= {"default": "require_approval", "default_flow": default}
    return parse_policy(made)


def over(amount: int, op: str = "gt") -> Document:
    return compare("payload.amount", op, amount)
