"""What the pages of guardrails show: rules in sentences, differences, an example with marks."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from approvals.enums import GuardrailStatus
from approvals.guarding import rules_of
from approvals.guardrails import (
    DEFAULT_RULES,
    GuardrailFinding,
    RuleSet,
    cleaned,
    compare_rules,
    describe_rule,
    scan,
    weigh,
)
from approvals.guardrails.comparing import RuleChange
from approvals.guardrails.findings import detector_words
from approvals.guardrails.rules import ACTIONS
from approvals.models import GuardrailVersion
from approvals.selectors.guardrails import find_guardrails
from govapp.common.errors import NotFound

_MOST: Final = 100
FOLLOWS: Final = {
    "refuse": "It would be refused.",
    "ask": "A person would have to approve.",
    "mask": "Readers would see it masked.",
    "warn": "Readers would be warned.",
    None: "Nothing was found.",
}


@dataclass(frozen=True)
class ShownRule:
    """One rule: its name, its sentence, its action and where it holds."""

    name: str
    sentence: str
    action: str
    categories: str


@dataclass(frozen=True)
class Segment:
    """A stretch of an example; `words` says what was found in it, "" for nothing."""

    text: str
    words: str = ""
    action: str = ""


@dataclass(frozen=True)
class ShownFinding:
    """One finding of an example, in words."""

    words: str
    where: str
    rule: str
    action: str


@dataclass(frozen=True)
class Tried:
    """What the rules make of an example."""

    follows: str
    action: str
    segments: tuple[Segment, ...]
    findings: tuple[ShownFinding, ...]
    more: int
    redacted: str
    is_payload: bool


def show_rules(rules: RuleSet) -> list[ShownRule]:
    """Return the rules in sentences, the strictest first."""
    ordered = sorted(rules.rules, key=lambda rule: ACTIONS.index(rule.action))
    return [
        ShownRule(each.id, describe_rule(each), each.action, ", ".join(each.categories))
        for each in ordered
    ]


def get_version(ident: str) -> GuardrailVersion:
    """Return a version by its public id. Raises `NotFound`; a discarded draft is none."""
    found = find_guardrails(ident)
    if found is None or found.status == GuardrailStatus.DISCARDED:
        raise NotFound("There is no such version here.")
    return found


def rules_in(version: GuardrailVersion | None) -> RuleSet:
    """Return the rules of a version; of none those that everybody begins with."""
    if version is None:
        return DEFAULT_RULES
    return rules_of((version.number, version.document)) or RuleSet(version.number, ())


def changes_of(version: GuardrailVersion) -> tuple[RuleChange, ...]:
    """Return what differs from the version that it was written above."""
    former = None
    if version.based_on:
        former = GuardrailVersion.objects.filter(number=version.based_on).first()
    return compare_rules(rules_in(former), rules_in(version))


def diff_lines(changes: Sequence[RuleChange]) -> list[dict[str, str]]:
    """Return differences as lines that are added and removed."""
    lines = []
    for each in changes:
        if each.before:
            lines.append({"op": "del", "text": each.before})
        if each.after:
            lines.append({"op": "add", "text": each.after})
    return lines


def try_example(example: str, rules: RuleSet, *, category: str) -> Tried:
    """Return what the rules find in a text, or in a payload when the text is a JSON object."""
    payload = _payload(example)
    value: Any = example if payload is None else {"payload": payload}
    found = scan(value, rules, category=category)
    masked = cleaned(value, rules, category=category, all_actions=True)
    if payload is not None and isinstance(masked, dict):
        masked = json.dumps(masked["payload"], indent=2, ensure_ascii=False)
    action = weigh(found).action
    ordered = sorted(found, key=lambda each: ACTIONS.index(each.action))
    return Tried(
        follows=FOLLOWS[action],
        action=action or "none",
        segments=() if payload is not None else _segments(example, found),
        findings=tuple(_shown(each) for each in ordered[:_MOST]),
        more=max(len(found) - _MOST, 0),
        redacted=str(masked),
        is_payload=payload is not None,
    )


def _payload(example: str) -> dict[str, Any] | None:
    if not example.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(example)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _shown(finding: GuardrailFinding) -> ShownFinding:
    where = finding.pointer or f"characters {finding.start + 1} to {finding.end}"
    if finding.end == finding.start:
        where = "the whole"
    return ShownFinding(detector_words(finding.detector), where, finding.rule, finding.action)


def _segments(text: str, findings: Sequence[GuardrailFinding]) -> tuple[Segment, ...]:
    """Cut the text where findings begin and end; of those that overlap the first is marked."""
    parts: list[Segment] = []
    last = 0
    for each in sorted(findings, key=lambda one: (one.start, -one.end)):
        if each.start < last or each.end == each.start:
            continue
        if each.start > last:
            parts.append(Segment(text[last : each.start]))
        words = f"{detector_words(each.detector)}, rule {each.rule}"
        parts.append(Segment(text[each.start : each.end], words, each.action))
        last = each.end
    return (*parts, Segment(text[last:]))
