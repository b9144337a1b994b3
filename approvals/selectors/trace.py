"""How every rule fared for one request: from the trace that is stored with it, or was just made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

VERDICT_WORDS: Final = {
    "matched": "matched",
    "not_matched": "did not match",
    "unevaluable": "could not be evaluated",
}
_TOOK_PART_FIRST: Final = ("matched", "unevaluable", "not_matched")


@dataclass(frozen=True)
class TraceLine:
    """One rule: whether it matched, why, and the values that it saw."""

    rule_id: str
    outcome: str
    verdict: str
    because: str
    values: tuple[tuple[str, str], ...]

    @property
    def verdict_words(self) -> str:
        return VERDICT_WORDS.get(self.verdict, self.verdict)

    @property
    def outcome_words(self) -> str:
        return self.outcome.replace("_", " ")


def read_trace(trace: Mapping[str, Any]) -> tuple[TraceLine, ...]:
    """Return the lines of a trace: what took part first, each kind in the document's order."""
    lines = [_line(entry) for entry in trace.get("rules", [])]
    return tuple(sorted(lines, key=_rank))


def count_verdicts(lines: Sequence[TraceLine]) -> list[tuple[str, str, int]]:
    """Return (verdict, its words, how many) for each verdict, what took part first."""
    return [
        (verdict, VERDICT_WORDS[verdict], sum(line.verdict == verdict for line in lines))
        for verdict in _TOOK_PART_FIRST
    ]


def values_of(entry: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the values that a rule saw, as they were shown."""
    values = entry.get("values") or {}
    return tuple((str(name), str(value)) for name, value in values.items())


def _rank(line: TraceLine) -> int:
    known = line.verdict in _TOOK_PART_FIRST
    return _TOOK_PART_FIRST.index(line.verdict) if known else len(_TOOK_PART_FIRST)


def _line(entry: Mapping[str, Any]) -> TraceLine:
    return TraceLine(
        rule_id=str(entry.get("rule_id", "")),
        outcome=str(entry.get("outcome", "")),
        verdict=str(entry.get("verdict", "")),
        because=str(entry.get("because", "")),
        values=values_of(entry),
    )
