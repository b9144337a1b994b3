"""How a request was judged, as events say it: version, rules, guardrails, what else held it."""

from typing import Any, Final

from approvals.audit_events.wording import content
from approvals.leash import codes_of
from approvals.models import ActionRequest

_OF_FINDING: Final = (
    "kind", "detector", "start", "end", "severity", "rule", "action", "in_name",
)  # fmt: skip


def guardrails_of(request: ActionRequest) -> dict[str, Any]:
    """What the guardrails found, without any sample of it; nothing when they found nothing.

    Names in a pointer are the agent's words, and are hidden as they are.
    """
    kept = request.trace.get("guardrails") or {}
    if not kept.get("findings"):
        return {}
    findings = [
        {
            **{name: each[name] for name in _OF_FINDING},
            "pointer": content(each["pointer"], request),
        }
        for each in kept["findings"]
    ]
    return {
        "guardrails": {
            "version": kept["version"], "total": kept["total"], "findings": findings,
        }
    }  # fmt: skip


def held_of(request: ActionRequest, part: str) -> dict[str, Any]:
    """Return the refusals or demands of a request, each with code and sentence; nothing for none.

    A sentence can repeat the agent's words, such as the name of a category.
    """
    kept = [each for each in request.trace.get(part, ()) if codes_of([each])]
    if not kept:
        return {}
    return {
        part: [
            {"code": each["code"], "sentence": content(each["sentence"], request)} for each in kept
        ]
    }


def policy_of(request: ActionRequest) -> dict[str, Any] | None:
    """The version that decided."""
    version = request.policy_version
    if version is None:
        return None
    return {"id": version.public_id, "version": version.number, "digest": version.digest}


def unmet_of(request: ActionRequest) -> list[dict[str, str]]:
    """The rules that would have allowed it without a person, and why they did not apply.

    Only those of its category that looked at some value: why no person was spared is asked later.
    """
    return [
        {"rule": rule["rule_id"], "because": content(rule["because"], request)}
        for rule in request.trace.get("rules", [])
        if rule["outcome"] == "allow" and rule["verdict"] == "not_matched" and rule["values"]
    ]


def rules_of(request: ActionRequest) -> list[dict[str, str]]:
    """The rules that mattered, with their reasons; the whole trace is on the request."""
    return [
        {
            "rule": rule["rule_id"],
            "outcome": rule["outcome"],
            "verdict": rule["verdict"],
            "because": content(rule["because"], request),
        }
        for rule in request.trace.get("rules", [])
        if rule["verdict"] != "not_matched"
    ]
