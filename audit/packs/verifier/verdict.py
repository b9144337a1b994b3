"""What a verifier found, in words and for programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from audit.packs.verifier.words import CHECKED, REASONS, TRUST, VERDICTS, WITHHELD, number

MOST_REFUSALS = 20
EXIT_TRUSTED, EXIT_REFUSED, EXIT_USAGE, EXIT_FIRST_USE = 0, 1, 2, 3


class Refused(Exception):
    """The pack fails in a way that ends this part of the check."""

    def __init__(self, reason: str, **fields: Any) -> None:
        super().__init__(reason)
        self.reason, self.fields = reason, fields


def fill(words: str, fields: dict[str, Any]) -> str:
    """Put values into a sentence; counts get separators, names of things stay as they are."""
    plain = {"index", "line", "first", "last", "number"}
    texts = {
        name: number(value) if isinstance(value, int) and name not in plain else str(value)
        for name, value in fields.items()
    }
    for name, text in texts.items():
        words = words.replace("{" + name + "}", text)
    return words


@dataclass
class Verdict:
    """Everything that was found, in the order in which it was checked."""

    refusals: list[dict[str, str]] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    withheld: list[str] = field(default_factory=list)
    trust: str = "refused"
    trust_words: str = ""

    def refuse(self, reason: str, **fields: Any) -> None:
        """Note why the pack is refused; the same sentence is said once."""
        found = {"reason": reason, "words": fill(REASONS[reason], fields)}
        if len(self.refusals) < MOST_REFUSALS and found not in self.refusals:
            self.refusals.append(found)

    def check(self, what: str, **fields: Any) -> None:
        """Note what was found right."""
        self.checked.append(fill(CHECKED[what], fields))

    def withhold(self, what: str, **fields: Any) -> None:
        """Note what the pack does not show."""
        self.withheld.append(fill(WITHHELD[what], fields))

    def believe(self, why: str, **fields: Any) -> None:
        """Note why the key is trusted."""
        if self.refusals:
            why = "refused"
        self.trust, self.trust_words = why, fill(TRUST[why], fields)

    @property
    def kind(self) -> str:
        if self.refusals:
            return "refused"
        return "intact-unknown" if self.trust == "first-use" else "intact"

    @property
    def exit_code(self) -> int:
        codes = {"refused": EXIT_REFUSED, "intact-unknown": EXIT_FIRST_USE}
        return codes.get(self.kind, EXIT_TRUSTED)

    def as_json(self) -> dict[str, Any]:
        """Return what both verifiers report."""
        return {
            "verdict": self.kind,
            "words": VERDICTS[self.kind],
            "refusals": self.refusals,
            "checked": self.checked,
            "withheld": self.withheld,
            "trust": {"why": self.trust, "words": self.trust_words},
        }
