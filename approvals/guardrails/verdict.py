"""What findings lead to: nothing here decides, `services/judging.py` does."""

from collections.abc import Iterable
from dataclasses import dataclass

from approvals.guardrails.findings import GuardrailFinding, detector_words, names_in
from approvals.guardrails.rules import ACTIONS, Action

_SHOWN = 3


@dataclass(frozen=True)
class Verdict:
    """The strictest action that any finding asks for, None when there is none, and in words."""

    action: Action | None
    sentence: str
    names: frozenset[str]
    warnings: tuple[str, ...]

    @property
    def is_refused(self) -> bool:
        return self.action == "refuse"

    @property
    def needs_person(self) -> bool:
        return self.action == "ask"


def weigh(findings: Iterable[GuardrailFinding]) -> Verdict:
    """Return what follows from the findings: refuse before ask before mask before warn."""
    findings = tuple(findings)
    action = next((each for each in ACTIONS if any(one.action == each for one in findings)), None)
    sentence = (
        "" if action is None else _sentence([one for one in findings if one.action == action])
    )
    warnings = tuple(dict.fromkeys(_at(one) for one in findings if one.action in ("warn", "mask")))
    return Verdict(action, sentence, names_in(findings), warnings)


def _sentence(findings: list[GuardrailFinding]) -> str:
    said = list(dict.fromkeys(_at(one) for one in findings))
    more = f", and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    rules = ", ".join(sorted({one.rule for one in findings}))
    return f"{'; '.join(said[:_SHOWN])}{more} (guardrail {rules})"


def _at(finding: GuardrailFinding) -> str:
    where = finding.pointer[:80] or "the whole"
    return f"{detector_words(finding.detector)} at {where}"
