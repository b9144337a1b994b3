"""Reading the labelled examples, and counting what the detectors make of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from approvals.guardrails import Rule, RuleSet, scan

EXAMPLES = Path(__file__).parent / "examples"
EVERY_KIND = RuleSet(
    1,
    (
        Rule("pii", "pii", "warn"),
        Rule("secret", "secret", "warn"),
        Rule("injection", "injection", "warn"),
        Rule("hidden", "hidden_text", "warn"),
        Rule(
            "topics",
            "topic",
            "warn",
            words=("project falcon", "Insiderinformationen", "内幕消息"),
            patterns=(r"\bACQ-\d{4}-\d{3}\b",),
        ),
    ),
)


@dataclass(frozen=True)
class Example:
    """One labelled text."""

    id: str
    lang: str
    text: str
    labels: frozenset[str]


def read_examples() -> Iterator[Example]:
    """Yield every example, in order of the files' names."""
    for path in sorted(EXAMPLES.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            text = row["text"].replace("⟦+⟧", "")
            yield Example(row["id"], row["lang"], text, frozenset(row["labels"]))


@dataclass
class Count:
    """What one detector got right and wrong, by the ids of the examples."""

    found: int = 0
    missed: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()

    @property
    def precision(self) -> float:
        told = self.found + len(self.wrong)
        return self.found / told if told else 1.0

    @property
    def recall(self) -> float:
        there = self.found + len(self.missed)
        return self.found / there if there else 1.0


def measure() -> dict[str, Count]:
    """Return the counts of each detector that any example is about."""
    counts: dict[str, Count] = {}
    for example in read_examples():
        seen = {each.detector for each in scan(example.text, EVERY_KIND)}
        for name in sorted(seen | example.labels):
            count = counts.setdefault(name, Count())
            if name in seen and name in example.labels:
                count.found += 1
            elif name in seen:
                count.wrong += (example.id,)
            else:
                count.missed += (example.id,)
    return dict(sorted(counts.items()))
