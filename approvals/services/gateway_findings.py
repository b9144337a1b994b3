"""What the guardrails say of what a model is asked, and what is kept of their findings."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from approvals.gateway.asked import Asked
from approvals.guarding import UNUSABLE
from approvals.guardrails import GuardrailFinding, RuleSet, cleaned, scan, weigh
from approvals.models import ModelCall

_KEPT: Final = 50


@dataclass(frozen=True)
class Held:
    """What refuses a call: a code and a sentence, and what was found."""

    code: str
    sentence: str
    status: int = 403
    findings: tuple[GuardrailFinding, ...] = field(default=())


@dataclass(frozen=True)
class Shown:
    """What may be sent on, with what is to be masked masked, and what was found."""

    body: Mapping[str, Any]
    rules: RuleSet
    findings: tuple[GuardrailFinding, ...]


def guard_asked(asked: Asked, rules: RuleSet | None) -> Shown | Held:
    """Return what is asked as it may be sent on, or what holds it."""
    if rules is None:
        return Held("guardrail_refused", UNUSABLE)
    # What is demanded of outputs is no matter of what is asked.
    own = replace(rules, rules=tuple(each for each in rules.rules if each.kind != "output"))
    given = dict(asked.body)
    found = scan(given, own, category=asked.category)
    verdict = weigh(found)
    if verdict.is_refused:
        said = f"The guardrails refuse it: {verdict.sentence}. Leave it out, or ask otherwise."
        return Held("guardrail_refused", said, findings=found)
    if verdict.needs_person:
        said = (
            f"The guardrails want a person: {verdict.sentence}. Nobody can be asked about a call"
            " of a model: leave it out, or submit it as an action."
        )
        return Held("guardrail_ask", said, findings=found)
    shown = cleaned(given, own, category=asked.category)
    if not isinstance(shown, dict):
        return Held("guardrail_refused", "It cannot be masked.", findings=found)
    return Shown(shown, rules, found)


def note_findings(call: ModelCall, findings: tuple[GuardrailFinding, ...]) -> None:
    """Keep what was found and where it stood; the words are nowhere."""
    call.masked += sum(each.action == "mask" for each in findings)
    new = [
        {"kind": each.kind, "detector": each.detector, "rule": each.rule, "action": each.action,
         "pointer": each.pointer[:200]}
        for each in findings
    ]  # fmt: skip
    call.findings = [*call.findings, *new][:_KEPT]
