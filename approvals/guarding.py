"""A submission looked through by the tenant's guardrails, and what that holds (pure)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from approvals.facts import Submission
from approvals.guardrails import (
    DEFAULT_RULES,
    GuardrailFinding,
    GuardrailsInvalid,
    RuleSet,
    parse_rules,
    redact,
    scan,
    weigh,
)
from approvals.guardrails.limits import FINDINGS_KEPT
from approvals.guardrails.rules import ACTIONS
from approvals.leash import Demand, Held, Refusal

UNUSABLE: Final = "The guardrails in force cannot be used."
_SUMMARY: Final = 500


@dataclass(frozen=True)
class Guarded:
    """What was found in a submission, by which version, and what it holds."""

    number: int
    findings: tuple[GuardrailFinding, ...]
    held: Held

    @property
    def names(self) -> frozenset[str]:
        """What rules of a policy can look for: kinds and detectors."""
        return weigh(self.findings).names

    def to_dict(self) -> dict[str, Any]:
        """The findings as the request's trace keeps them; what leads to most comes first."""
        kept = sorted(self.findings, key=lambda each: ACTIONS.index(each.action))
        return {
            "version": self.number,
            "findings": [each.to_dict() for each in kept[:FINDINGS_KEPT]],
            "total": len(kept),
        }


def rules_of(guardrails: tuple[int, Any] | None) -> RuleSet | None:
    """Return the rules of a number and a document, or its text, as they are in force.

    Without any those that everybody begins with; None when they cannot be read, which holds
    everything.
    """
    if guardrails is None:
        return DEFAULT_RULES
    number, document = guardrails
    try:
        return _parsed(number, document if isinstance(document, str) else json.dumps(document))
    except GuardrailsInvalid:
        return None


def guard(submission: Submission, rules: RuleSet | None) -> Guarded:
    """Look through everything that the agent wrote. Never raises for what can be stored."""
    if rules is None:
        return Guarded(0, (), Held(refusals=(Refusal("guardrail_refused", UNUSABLE),)))
    found = scan(_written(submission), rules, category=submission.category)
    verdict = weigh(found)
    refusals: tuple[Refusal, ...] = ()
    demands: tuple[Demand, ...] = ()
    if verdict.is_refused:
        refusals = (Refusal("guardrail_refused", f"The guardrails refuse it: {verdict.sentence}."),)
    elif verdict.needs_person:
        demands = (Demand("guardrail_ask", f"The guardrails want a person: {verdict.sentence}."),)
    return Guarded(rules.number, found, Held(refusals, demands, verdict.warnings))


def without_masked_words(submission: Submission, guarded: Guarded) -> Submission:
    """Return the submission with its words as they are stored: what is to be masked is not there.

    Summary, reason and sources are about the action and bound to no digest, so they are kept
    masked. The payload is what executes: it is kept as it is, and masked where it is shown.
    """
    masked = [each for each in guarded.findings if each.action == "mask"]
    words = {"summary": submission.summary, "reason": submission.reason,
             "sources": list(submission.sources)}  # fmt: skip
    shown = redact(words, masked)
    if shown == words:
        return submission
    summary = shown["summary"]
    if len(summary) > _SUMMARY:
        summary = f"{summary[: _SUMMARY - 1]}…"
    return replace(submission, summary=summary, reason=shown["reason"], sources=shown["sources"])


def shown_payload(payload: Any, trace: Mapping[str, Any]) -> Any:
    """Return a request's payload for readers: masked where a guardrail with that action found.

    From the findings that the request keeps; when there were more than it keeps, the rest is
    unknown, and all of the payload's texts are withheld until somebody asks to see them.
    """
    kept = trace.get("guardrails") or {}
    masked = [
        GuardrailFinding(**each) for each in kept.get("findings", ()) if each["action"] == "mask"
    ]
    if not masked:
        return payload
    if kept["total"] > len(kept["findings"]):
        return dict.fromkeys(payload, "••••") if isinstance(payload, dict) else "••••"
    return redact({"payload": payload}, masked)["payload"]


def is_masked(trace: Mapping[str, Any]) -> bool:
    """Whether a guardrail masks something of the request for its readers."""
    return any(each["action"] == "mask" for each in findings_in(trace))


def findings_in(trace: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the findings that a request keeps; none for requests from before guardrails."""
    return list((trace.get("guardrails") or {}).get("findings", ()))


def _written(submission: Submission) -> dict[str, Any]:
    return {
        "summary": submission.summary,
        "payload": submission.payload,
        "reason": submission.reason,
        "sources": list(submission.sources),
        "on_behalf_of": submission.on_behalf_of,
    }


@lru_cache(maxsize=1024)
def _parsed(number: int, document: str) -> RuleSet:
    return parse_rules(json.loads(document), number=number)
