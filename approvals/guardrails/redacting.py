"""Copies of a text or payload in which what was found is masked."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from approvals.guardrails import limits
from approvals.guardrails.findings import DOTS, GuardrailFinding
from approvals.guardrails.rules import RuleSet
from approvals.guardrails.scanning import scan
from approvals.guardrails.walking import as_text, is_text, segment_of

WITHHELD: Final = DOTS
_Spans = dict[tuple[str, bool], list[GuardrailFinding]]


def redact(value: Any, findings: Iterable[GuardrailFinding]) -> Any:
    """Return a copy of a text or JSON value with these findings masked; the value is not changed.

    A number in which something was found becomes a text. What is nested deeper than is looked
    through is withheld. Findings of another value do no harm: spans are cut to what is there.
    """
    spans: _Spans = {}
    for each in findings:
        if each.end > each.start:
            spans.setdefault((each.pointer, each.in_name), []).append(each)
    return _copy(value, "", spans, 0) if spans else value


def cleaned(value: Any, rules: RuleSet, *, category: str = "", all_actions: bool = False) -> Any:
    """Return a copy in which a rule that masks finds nothing more.

    Masking can bring together what was apart, so it is done again a few times; what is found
    even then is withheld whole, text by text, and in the end all of it. `all_actions` masks what
    any rule found.
    """

    def wanted(candidate: Any) -> tuple[GuardrailFinding, ...]:
        found = scan(candidate, rules, category=category)
        return tuple(
            each for each in found if (all_actions or each.action == "mask") and is_maskable(each)
        )

    for _ in range(limits.ROUNDS):
        found = wanted(value)
        if not found:
            return value
        value = redact(value, found)
    found = wanted(value)
    if not found:
        return value
    whole = {(each.pointer, each.in_name) for each in found}
    value = _copy(value, "", {}, 0, lambda place: place in whole)
    return value if not wanted(value) else WITHHELD


def is_maskable(finding: GuardrailFinding) -> bool:
    """Whether there is something to mask: a missing field or an absent topic has no words."""
    return finding.end > finding.start


def _copy(
    value: Any,
    pointer: str,
    spans: _Spans,
    depth: int,
    is_withheld: Callable[[tuple[str, bool]], bool] = lambda place: False,
) -> Any:
    if depth > limits.DEPTH:
        return WITHHELD
    if isinstance(value, dict):
        shown: dict[str, Any] = {}
        for index, (key, each) in enumerate(value.items()):
            place = f"{pointer}/{segment_of(str(key), index)}"
            name = _text(str(key), (place, True), spans, is_withheld)
            # Two names may look the same once they are masked; neither is left out.
            name = name if name not in shown else f"{name} ({len(shown) + 1})"
            shown[name] = _copy(each, place, spans, depth + 1, is_withheld)
        return shown
    if isinstance(value, list | tuple):
        return [
            _copy(each, f"{pointer}/{index}", spans, depth + 1, is_withheld)
            for index, each in enumerate(value)
        ]
    if not is_text(value):
        return value
    text = as_text(value)
    masked = _text(text, (pointer, False), spans, is_withheld)
    return value if masked == text else masked


def _text(
    text: str,
    place: tuple[str, bool],
    spans: _Spans,
    is_withheld: Callable[[tuple[str, bool]], bool],
) -> str:
    if is_withheld(place):
        return WITHHELD
    found = spans.get(place)
    if not found:
        return text
    parts, last = [], 0
    # The longest first where several begin; what overlaps is one mask.
    for each in sorted(found, key=lambda one: (one.start, -one.end)):
        start, end = min(each.start, len(text)), min(each.end, len(text))
        if start >= last and end > start:
            parts += [text[last:start], each.sample]
        last = max(last, end)
    return "".join(parts) + text[last:]
