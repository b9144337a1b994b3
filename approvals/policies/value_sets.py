"""Which values make a comparison true, as sets that can be laid inside one another.

Only comparisons that leave the same values undecided can be set against each other: `over 5` and
`is not 7` both say nothing about what is no number. `family` names what they leave undecided.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Final

from approvals.policies.decimals import read_decimal
from approvals.policies.fields import find_field
from approvals.policies.rules import Comparison, Scalar

_BEGINNING: Final = Decimal("-Infinity")
_END: Final = Decimal("Infinity")
_ORDERED: Final = frozenset({"gt", "gte", "lt", "lte", "between", "eq", "ne", "in", "not_in"})
_LISTED: Final = frozenset({"eq", "ne", "in", "not_in"})
_AFFIX: Final = frozenset({"starts_with", "ends_with"})
_DATED: Final = {"before": "lt", "on_or_before": "lte", "after": "gt", "on_or_after": "gte"}


@dataclass(frozen=True)
class Span:
    """The numbers between two bounds, each of them included or not."""

    low: Decimal
    low_in: bool
    high: Decimal
    high_in: bool

    def is_within(self, other: Span) -> bool:
        """Whether every number of this span is in the other."""
        low = self.low > other.low or (self.low == other.low and (other.low_in or not self.low_in))
        high = self.high < other.high or (
            self.high == other.high and (other.high_in or not self.high_in)
        )
        return low and high


EVERY_NUMBER: Final = (Span(_BEGINNING, False, _END, False),)


def merge(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same numbers in as few spans as possible."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda each: (each.low, not each.low_in)):
        last = merged[-1] if merged else None
        touches = last is not None and (
            span.low < last.high or (span.low == last.high and (span.low_in or last.high_in))
        )
        if last is None or not touches:
            merged.append(span)
        elif (span.high, span.high_in) > (last.high, last.high_in):
            merged[-1] = Span(last.low, last.low_in, span.high, span.high_in)
    return tuple(merged)


def spans_within(inner: Iterable[Span], outer: Iterable[Span]) -> bool:
    """Whether every number of `inner` is in `outer`."""
    merged = merge(outer)
    return all(any(each.is_within(other) for other in merged) for each in inner)


@dataclass(frozen=True)
class Texts:
    """Texts from a list, or with a beginning or an end; `negated` for all others."""

    kind: str  # "in", "starts_with", "ends_with"
    values: frozenset[str]
    negated: bool = False

    def holds(self, text: str) -> bool:
        """Whether this text is among them."""
        (*_, value) = self.values
        found = {
            "in": text in self.values,
            "starts_with": text.startswith(value),
            "ends_with": text.endswith(value),
        }[self.kind]
        return found is not self.negated

    def is_within(self, other: Texts) -> bool:
        """Whether every text of this set is in the other."""
        if self.negated:
            # All but these: only within all but fewer.
            return other.negated and other._plain().is_within(self._plain())
        if self.kind == "in":
            return all(other.holds(value) for value in self.values)
        if other.negated:
            return self._is_apart(other._plain())
        (mine,) = self.values
        return other.kind == self.kind and other.holds(mine)

    def _plain(self) -> Texts:
        return Texts(self.kind, self.values)

    def _is_apart(self, other: Texts) -> bool:
        if other.kind == "in":
            return not any(self.holds(value) for value in other.values)
        (mine,), (theirs,) = self.values, other.values
        return self.kind == other.kind and not self.holds(theirs) and not other.holds(mine)


@dataclass(frozen=True)
class ValueSet:
    """What makes a comparison true. `family` says what it leaves undecided."""

    family: str
    spans: tuple[Span, ...] = ()
    texts: Texts | None = None
    truths: frozenset[bool] = frozenset()

    def is_within(self, other: ValueSet) -> bool:
        """Whether whatever makes this true makes the other true; both are of one family."""
        if self.texts is not None and other.texts is not None:
            return self.texts.is_within(other.texts)
        return self.truths <= other.truths and spans_within(self.spans, other.spans)


def value_set(comparison: Comparison) -> ValueSet | None:
    """The values that make a comparison true, or None where nobody can say in these terms."""
    field = find_field(comparison.field)
    if field is None or comparison.value is None:
        return None
    values = comparison.value if isinstance(comparison.value, tuple) else (comparison.value,)
    op = comparison.op
    if op in _DATED or field.kind.value == "a date":
        return _dates(_DATED.get(op, op), values, dated=op in _DATED)
    kind = field.kind.value
    if kind == "anything":
        kind = _kind_of(values[0]) if op in _LISTED else "a number"
    if kind == "a number" and op in _ORDERED:
        numbers = [read_decimal(each) for each in values]
        known = [each for each in numbers if each is not None]
        return ValueSet("number", _spans(op, known)) if len(known) == len(values) else None
    if op in _AFFIX or (kind == "text" and op in _LISTED):
        if not all(isinstance(each, str) for each in values):
            return None
        named = frozenset(str(each) for each in values)
        shape = op if op in _AFFIX else "in"
        return ValueSet("text", texts=Texts(shape, named, op in {"ne", "not_in"}))
    if kind == "true or false" and op in {"eq", "ne"}:
        return ValueSet("truth", truths=frozenset({(values[0] is True) is (op == "eq")}))
    return None


def _kind_of(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "text" if isinstance(value, str) else "a number"


def _dates(op: str, values: Sequence[Scalar], *, dated: bool) -> ValueSet | None:
    """Whole days only: what a time of day leaves undecided depends on the value."""
    try:
        days = [Decimal(date.fromisoformat(str(each)).toordinal()) for each in values]
    except ValueError:
        return None
    if op not in _ORDERED or any(len(str(each)) != len("2026-01-01") for each in values):
        return None
    return ValueSet("moment" if dated else "date", _spans(op, days))


def _spans(op: str, numbers: Sequence[Decimal]) -> tuple[Span, ...]:
    first, last = numbers[0], numbers[-1]
    match op:
        case "gt" | "gte":
            return (Span(first, op == "gte", _END, False),)
        case "lt" | "lte":
            return (Span(_BEGINNING, False, first, op == "lte"),)
        case "between":
            return (Span(first, True, last, True),) if first <= last else ()
        case "eq" | "in":
            return tuple(Span(each, True, each, True) for each in sorted(set(numbers)))
    edges = [_BEGINNING, *sorted(set(numbers)), _END]
    return tuple(Span(low, False, high, False) for low, high in pairwise(edges))
