"""Rules as sentences, for people who do not read JSON."""

from collections.abc import Sequence
from typing import Final

from approvals.guardrails.findings import detector_words
from approvals.guardrails.rules import Rule

_THEN: Final = {
    "refuse": "it is refused",
    "ask": "a person has to approve",
    "mask": "readers see it masked",
    "warn": "readers are warned",
}
_ALL_OF: Final = {
    "pii": "personal data",
    "secret": "secrets",
    "injection": "signs of prompt injection",
    "hidden_text": "hidden text",
}
_SHOWN: Final = 5


def describe_rule(rule: Rule) -> str:
    """Return a rule as one sentence: "When secrets are found, a person has to approve."."""
    where = "" if "*" in rule.categories else f" in {_listed(rule.categories)}"
    return f"When {_condition(rule)}{where}, {_THEN[rule.action]}."


def _condition(rule: Rule) -> str:
    if rule.kind == "topic":
        named = _listed([f"“{each}”" for each in rule.words])
        patterns = _listed([f"what matches {each}" for each in rule.patterns])
        what = " or ".join(each for each in (named, patterns) if each)
        return f"nothing mentions {what}" if rule.is_allowed_only else f"something mentions {what}"
    if rule.kind == "output":
        return _output(rule)
    what = _ALL_OF[rule.kind]
    if rule.detectors:
        what += f" ({', '.join(_short(each) for each in rule.detectors)})"
    is_one = rule.kind in ("pii", "hidden_text")
    return f"{what} {'is' if is_one else 'are'} found"


def _output(rule: Rule) -> str:
    what = f"what stands at {rule.at}" if rule.at else "a text of it"
    parts = []
    if rule.max_characters is not None:
        parts.append(f"has more than {rule.max_characters:,} characters")
    parts += [f"does not match {each}" for each in rule.must_match]
    parts += [f"matches {each}" for each in rule.must_not_match]
    parts += [f"has no field {each}" for each in rule.fields]
    return f"{what} {' or '.join(parts)}"


def _short(detector: str) -> str:
    return detector_words(detector).removeprefix("sign of prompt injection: ")


def _listed(items: Sequence[str]) -> str:
    more = f" or {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return f"{', '.join(items[:_SHOWN])}{more}"
