"""What was found, where, and how it is spoken of: never in the words that were found."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from approvals.guardrails.rules import Action, Kind, Severity
from govapp.common.sensitive import KIND_WORDS, mask_of

DOTS: Final = "••••"
_WORDS: Final[Mapping[str, str]] = {
    "email": "e-mail address",
    "mentioned": "topic that is not allowed",
    "off_topic": "off the allowed topics",
    "override": "sign of prompt injection: instructions are to be ignored",
    "impersonation": "sign of prompt injection: somebody else's role",
    "markup": "sign of prompt injection: markup of a model's conversation",
    "exfiltration": "sign of prompt injection: secrets are to be told",
    "pressure": "sign of prompt injection: review is to be avoided",
    "bidirectional": "characters that turn the direction of reading",
    "invisible": "invisible characters",
    "control": "control characters",
    "confusable": "look-alike characters",
    "unscanned": "too much to look through",
    "too_long": "text that is too long",
    "must_match": "text without what it must have",
    "must_not_match": "text with what it must not have",
    "missing_field": "a field that must be there is missing",
}
# Short, for the place of the text itself.
_IN_MASKS: Final[Mapping[str, str]] = {
    "email": "e-mail address",
    "mentioned": "topic",
    "too_long": "too long",
    "must_not_match": "output",
    **dict.fromkeys(("bidirectional", "invisible", "control", "confusable"), "hidden text"),
    **dict.fromkeys(
        ("override", "impersonation", "markup", "exfiltration", "pressure"), "injection sign"
    ),
}
_MASK: Final = re.compile(r"\[[A-Za-z -]{1,40} ••••\w{0,4}\]")


@dataclass(frozen=True, slots=True)
class GuardrailFinding:
    """One finding of one rule: `text[start:end]` in code points of what `pointer` leads to.

    `pointer` is a JSON pointer (RFC 6901), "" for a text by itself. `in_name` is whether it
    stands in the name of that member instead of its value. `sample` is what is shown in place of
    the text, and holds at most the last characters that the masks on every page show.
    """

    kind: Kind
    detector: str
    pointer: str
    start: int
    end: int
    severity: Severity
    sample: str
    rule: str
    action: Action
    in_name: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON: kept with the request, in its event, in answers."""
        return {name: getattr(self, name) for name in self.__slots__}


def detector_words(detector: str) -> str:
    """Return what a detector finds, in words."""
    for kind, words in KIND_WORDS.items():
        if kind == detector:
            return words
    return _WORDS.get(detector, detector)


def sample_of(detector: str, text: str) -> str:
    """Return what stands in place of a text that was found: "[IBAN ••••3000]"."""
    for kind in KIND_WORDS:
        if kind == detector:
            return mask_of(kind, text)
    return f"[{_IN_MASKS.get(detector, detector)} {DOTS}]"


def is_mask(text: str) -> bool:
    """Whether a text is nothing but what stands in place of one."""
    return text == DOTS or _MASK.fullmatch(text) is not None


def finding_words(finding: Mapping[str, Any]) -> str:
    """Return a kept finding as a sentence's part: "IBAN at /payload/to (rule pii)"."""
    where = finding["pointer"] or "the text"
    named = "in the name of " if finding.get("in_name") else "at "
    return f"{detector_words(finding['detector'])} {named}{where} (rule {finding['rule']})"


def names_in(findings: Iterable[GuardrailFinding]) -> frozenset[str]:
    """Return the names that rules of a policy can look for: kinds and detectors."""
    return frozenset(name for each in findings for name in (each.kind, each.detector))
