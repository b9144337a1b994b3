"""What the simulator counts, and how it says it."""

import json
import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

OUTCOMES = (
    "allowed", "pending", "approved", "denied", "returned", "blocked", "expired", "cancelled",
)  # fmt: skip


@dataclass
class Tally:
    """Counts, latencies in seconds, broken promises; with a journal of what was acknowledged."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    latencies: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    broken: list[str] = field(default_factory=list)
    journal: TextIO | None = None

    def answered(self, call: str, status: int, kind: str, seconds: float) -> None:
        """Count one answer. A long poll's duration is a person's time, and is not counted."""
        if call != "wait":
            self.latencies[call].append(seconds)
        if status >= 500:
            self.faults[f"{call} {status}"] += 1
        elif status >= 400:
            self.refused[f"{status} {kind}"] += 1

    def count(self, name: str) -> None:
        """Count one of something."""
        self.counts[name] += 1

    def submitted(self, status: str) -> None:
        """Count a submission and how it stood in the first answer."""
        self.count("submitted")
        self.count(status)

    def decided(self, status: str) -> None:
        """Move one from pending to how it ended."""
        self.counts["pending"] -= 1
        self.count(status)

    def promise(self, kept: bool, sentence: str) -> None:
        """Keep a sentence about a promise of the API that was not kept."""
        if not kept:
            self.broken.append(sentence)

    def note(self, event: str, **fields: Any) -> None:
        """Write down what the server acknowledged, for a comparison with its database."""
        if self.journal:
            self.journal.write(json.dumps({"event": event, **fields}) + "\n")
            self.journal.flush()

    @property
    def is_clean(self) -> bool:
        """Whether there was neither a fault of the server nor a broken promise."""
        return not self.faults and not self.broken

    def line(self) -> str:
        """Return the state in one line, for the live summary."""
        parts = [f"submitted {self.counts['submitted']}"]
        parts += [f"{name} {self.counts[name]}" for name in OUTCOMES if self.counts[name]]
        parts.append(f"refused {self.refused.total()}")
        parts.append(f"5xx {self.faults.total()}")
        return ", ".join(parts)

    def table(self) -> str:
        """Return everything, for the end."""
        shown = ("submitted", *OUTCOMES, "granted", "redeemed", "reported", "voted")
        lines = ["", "Requests", *(row(name, self.counts[name]) for name in shown)]
        others = sorted(set(self.counts) - set(shown))
        lines += [row(name, self.counts[name]) for name in others if self.counts[name]]
        lines += ["", f"Refused ({self.refused.total()})"]
        lines += [row(kind, number) for kind, number in sorted(self.refused.items())]
        lines += ["", f"5xx ({self.faults.total()}; must be 0)"]
        lines += [row(kind, number) for kind, number in sorted(self.faults.items())]
        lines += ["", f"{'Latency in ms':<42}{'count':>7}{'p50':>9}{'p99':>9}"]
        for call, seconds in sorted(self.latencies.items()):
            p50, p99 = (percentile(seconds, part) * 1000 for part in (0.5, 0.99))
            lines.append(f"  {call:<40}{len(seconds):>7}{p50:>9.1f}{p99:>9.1f}")
        lines += ["", f"Promises not kept: {len(self.broken)}"]
        lines += [f"  {sentence}" for sentence in self.broken[:20]]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the figures for a program."""
        return {
            "counts": dict(self.counts),
            "refused": dict(self.refused),
            "faults": dict(self.faults),
            "broken": self.broken,
            "latencies_ms": {
                call: {
                    "count": len(seconds),
                    "p50": percentile(seconds, 0.5) * 1000,
                    "p99": percentile(seconds, 0.99) * 1000,
                }
                for call, seconds in self.latencies.items()
            },
        }


def row(name: str, number: int) -> str:
    """Return one line of the table."""
    return f"  {name:<40}{number:>7}"


def percentile(values: list[float], part: float) -> float:
    """Return the nearest-rank percentile; 0 of nothing."""
    if not values:
        return 0.0
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)]


def open_journal(path: Path | None) -> TextIO | None:
    """Open the journal to append to it."""
    return path.open("a", encoding="utf-8") if path else None
