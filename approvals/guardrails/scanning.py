"""Looking through a text or a payload with a tenant's rules."""

from collections.abc import Iterator
from typing import Any

from approvals.guardrails.detecting import Found, detect, detect_topic
from approvals.guardrails.findings import GuardrailFinding, sample_of
from approvals.guardrails.outputs import find_in_output
from approvals.guardrails.rules import DETECTORS, Kind, Rule, RuleSet
from approvals.guardrails.walking import Piece, Walk, walk

_WHOLE = Piece(None, "")


def scan(value: Any, rules: RuleSet, *, category: str = "") -> tuple[GuardrailFinding, ...]:
    """Return what the rules of this category find in a text or any JSON value.

    In order of the rules, then of the document. Total: never raises for JSON, and takes time in
    proportion to the value times the rules. What is too large to be looked through whole is a
    finding of every rule (`unscanned`), so that size is no way past them.
    """
    seen = walk(value)
    known: dict[Kind, list[tuple[Piece, list[Found]]]] = {}
    found: list[GuardrailFinding] = []
    for rule in rules.for_category(category):
        if not seen.is_whole:
            found.append(_finding(rule, "unscanned", _WHOLE, 0, 0))
        found += (_finding(rule, *each) for each in _found_by(rule, seen, value, known))
    return tuple(found)


def _found_by(
    rule: Rule, seen: Walk, value: Any, known: dict[Kind, list[tuple[Piece, list[Found]]]]
) -> Iterator[tuple[str, Piece, int, int]]:
    if rule.kind == "output":
        yield from find_in_output(rule, seen.pieces, value)
    elif rule.kind == "topic":
        yield from _topics(rule, seen)
    else:
        if rule.kind not in known:
            known[rule.kind] = [
                (piece, found) for piece in seen.pieces if (found := detect(rule.kind, piece))
            ]
        for piece, found in known[rule.kind]:
            for detector, start, end in found:
                if rule.looks_for(detector):
                    yield detector, piece, start, end


def _topics(rule: Rule, seen: Walk) -> Iterator[tuple[str, Piece, int, int]]:
    mentioned = (
        (detector, piece, start, end)
        for piece in seen.pieces
        for detector, start, end in detect_topic(rule, piece)
    )
    if not rule.is_allowed_only:
        yield from mentioned
    elif next(mentioned, None) is None:
        yield "off_topic", _WHOLE, 0, 0


def _finding(rule: Rule, detector: str, piece: Piece, start: int, end: int) -> GuardrailFinding:
    severity = DETECTORS[rule.kind].get(detector, "high")
    sample = sample_of(detector, piece.text[start:end])
    return GuardrailFinding(
        rule.kind, detector, piece.pointer, start, end, severity, sample, rule.id, rule.action,
        piece.in_name,
    )  # fmt: skip
