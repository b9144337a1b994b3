"""What a tenant's guardrails consist of: rules, each with what it looks for and what follows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Kind = Literal["pii", "secret", "topic", "injection", "hidden_text", "output"]
Action = Literal["refuse", "ask", "mask", "warn"]
Severity = Literal["low", "medium", "high"]

KINDS: Final[tuple[Kind, ...]] = ("pii", "secret", "topic", "injection", "hidden_text", "output")
# The strictest first.
ACTIONS: Final[tuple[Action, ...]] = ("refuse", "ask", "mask", "warn")
# What each kind can find, and how grave that is. `topic` and `output` find what their rules say.
DETECTORS: Final[Mapping[Kind, Mapping[str, Severity]]] = {
    "pii": {
        "card": "high", "iban": "medium", "national_id": "high", "phone": "low", "email": "low",
        "birth": "medium", "cut": "low",
    },
    "secret": {"private_key": "high", "token": "high", "secret": "high"},
    "topic": {"mentioned": "medium", "off_topic": "medium"},
    "injection": {
        "override": "high", "impersonation": "high", "markup": "high", "exfiltration": "high",
        "pressure": "medium",
    },
    "hidden_text": {
        "bidirectional": "high", "invisible": "high", "control": "medium", "confusable": "medium",
        "unscanned": "high",
    },
    "output": {
        "too_long": "low", "must_match": "medium", "must_not_match": "medium",
        "missing_field": "medium",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `detectors` is empty for all of its kind; the rest depends on the kind.

    topic: `words` and `patterns` (RE2), and whether mentioning one of them `is_allowed_only`:
    then a submission that mentions none of them is off topic. output: `at` is the JSON pointer
    of what is looked at ("/payload/body"; "" for everything), `max_characters` of each text
    there, patterns that must and must not match, dotted `fields` that must be there.
    """

    id: str
    kind: Kind
    action: Action
    categories: tuple[str, ...] = ("*",)
    detectors: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    is_allowed_only: bool = False
    at: str = ""
    max_characters: int | None = None
    must_match: tuple[str, ...] = ()
    must_not_match: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()

    def applies_to(self, category: str) -> bool:
        """Whether one of the category patterns fits: "*", "payments.*", "payments.transfer"."""
        return any(
            pattern in ("*", category)
            or (pattern.endswith(".*") and category.startswith(pattern[:-1]))
            for pattern in self.categories
        )

    def looks_for(self, detector: str) -> bool:
        """Whether what this detector finds is this rule's matter."""
        return not self.detectors or detector in self.detectors or detector == "unscanned"

    def to_dict(self) -> dict[str, Any]:
        """The rule as JSON, without what was not said."""
        said = {name: getattr(self, name) for name in self.__slots__}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in said.items()
            if name in ("id", "kind", "action", "categories") or value not in ((), None, "", False)
        }


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules of a tenant; `number` is the version, 0 for those that everybody begins with."""

    number: int
    rules: tuple[Rule, ...]

    def for_category(self, category: str) -> Iterator[Rule]:
        """The rules that look at submissions of this category, in the document's order."""
        return (rule for rule in self.rules if rule.applies_to(category))

    def to_document(self) -> dict[str, Any]:
        """The rules as JSON, which `parse_rules` reads back."""
        return {"rules": [rule.to_dict() for rule in self.rules]}
