"""Which values one comparison leaves, and whether several leave any at all.

Pure and conservative: an answer "none" or "always" is certain, and whatever is not certain is
answered as if it were possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Final, cast

from approvals.policies.dates import compare_moments, read_moment
from approvals.policies.decimals import read_decimal
from approvals.policies.fields import find_field
from approvals.policies.kinds import Field, Kind
from approvals.policies.operator_table import DATED, PRESENCE
from approvals.policies.operators import Judgement, compile_operator
from approvals.policies.rules import Comparison, Scalar

_OPPOSITES: Final = {
    "eq": "ne", "gt": "lte", "gte": "lt", "in": "not_in", "exists": "absent",
    "before": "on_or_after", "after": "on_or_before", "contains_any": "contains_none",
}  # fmt: skip
_OPPOSITE: Final = _OPPOSITES | {right: left for left, right in _OPPOSITES.items()}
_HOURS: Final = tuple(range(24))


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`; None is no bound. An open end does not belong to it."""

    low: Decimal | None = None
    high: Decimal | None = None
    low_open: bool = False
    high_open: bool = False

    @property
    def is_empty(self) -> bool:
        if self.low is None or self.high is None:
            return False
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    def meet(self, other: Range) -> Range:
        """The numbers that are in both."""
        low, low_open = _higher((self.low, self.low_open), (other.low, other.low_open))
        high, high_open = _lower((self.high, self.high_open), (other.high, other.high_open))
        return Range(low, high, low_open, high_open)

    def is_within(self, other: Range) -> bool:
        """Whether all of its numbers are in the other one too."""
        return self.meet(other) == self


_End = tuple[Decimal | None, bool]


def _higher(first: _End, second: _End) -> _End:
    if first[0] is None or second[0] is None:
        return second if first[0] is None else first
    return max(cast("tuple[Decimal, bool]", first), cast("tuple[Decimal, bool]", second))


def _lower(first: _End, second: _End) -> _End:
    if first[0] is None or second[0] is None:
        return second if first[0] is None else first
    if first[0] == second[0]:
        return first[0], first[1] or second[1]
    return first if first[0] < second[0] else second


def invert(leaf: Comparison) -> Comparison | None:
    """The comparison that holds exactly where this one fails, if an operator says it."""
    opposite = _OPPOSITE.get(leaf.op)
    return None if opposite is None else Comparison(leaf.field, opposite, leaf.value)


@lru_cache(maxsize=4096)
def range_of(leaf: Comparison) -> Range | None:
    """The numbers that a numeric comparison leaves; None for any other one."""
    if leaf.op == "between":
        low, high = (read_decimal(each) for each in cast("tuple[Scalar, ...]", leaf.value))
        return None if low is None or high is None else Range(low, high)
    number = read_decimal(leaf.value)
    if number is None:
        return None
    bounds = {
        "gt": Range(low=number, low_open=True),
        "gte": Range(low=number),
        "lt": Range(high=number, high_open=True),
        "lte": Range(high=number),
    }
    return bounds.get(leaf.op)


def clash(leaves: Sequence[Comparison]) -> bool:
    """Whether no value of their one field can satisfy all of these comparisons."""
    if len(leaves) < 2:
        return False
    ops = {leaf.op for leaf in leaves}
    if "absent" in ops and ops != {"absent"}:
        return True
    field = find_field(leaves[0].field)
    if field is None:
        return False
    candidates = values_of(field, leaves)
    if candidates is not None:
        return not any(_survives(value, leaves, field) for value in candidates)
    return _numbers_clash(leaves) or _dates_clash(leaves) or _contents_clash(leaves)


def values_of(field: Field, leaves: Iterable[Comparison]) -> Sequence[object] | None:
    """The only values there can be, where the field or a comparison lists them."""
    if field.choices and field.kind is not Kind.LABELS:
        return field.choices
    if field.kind is Kind.BOOLEAN:
        return (True, False)
    if field.name == "time.hour":
        return _HOURS
    for leaf in leaves:
        if field.kind is Kind.LABELS or field.kind is Kind.DATE:
            continue
        if leaf.op == "eq":
            return (leaf.value,)
        if leaf.op == "in":
            return cast("tuple[Scalar, ...]", leaf.value)
    return None


def judge(leaf: Comparison, value: object, field: Field) -> Judgement:
    """What the engine says of a value, or a sentence part where it can say nothing."""
    if leaf.op in PRESENCE:
        return leaf.op == "exists"
    if leaf.op in DATED:
        return "depends on the time zone"
    return compile_operator(leaf.op, leaf.value, field.kind)(value)


def _survives(value: object, leaves: Iterable[Comparison], field: Field) -> bool:
    return all(judge(leaf, value, field) is not False for leaf in leaves)


def _numbers_clash(leaves: Iterable[Comparison]) -> bool:
    left = Range()
    for each in map(range_of, leaves):
        left = left if each is None else left.meet(each)
    return left.is_empty


def _dates_clash(leaves: Iterable[Comparison]) -> bool:
    """Whether something must be after what it must be before; whole days or exact instants."""
    dated = [leaf for leaf in leaves if leaf.op in DATED]
    return any(
        _is_out_of_order(early, late)
        for early in dated
        if early.op.endswith("before")
        for late in dated
        if late.op.endswith("after")
    )


def _is_out_of_order(early: Comparison, late: Comparison) -> bool:
    end, start = read_moment(early.value), read_moment(late.value)
    if end is None or start is None or type(end) is not type(start):
        return False
    order = compare_moments(end, start, None)
    touching = early.op == "on_or_before" and late.op == "on_or_after"
    return order is not None and (order < 0 or (order == 0 and not touching))


def _contents_clash(leaves: Iterable[Comparison]) -> bool:
    """Text or labels that must and must not hold the same, or begin in two ways."""
    wanted: set[object] = set()
    barred: set[object] = set()
    starts = []
    one_of: list[set[object]] = []
    for leaf in leaves:
        values: set[object] = set(leaf.value) if isinstance(leaf.value, tuple) else {leaf.value}
        if leaf.op in {"contains", "contains_all"}:
            wanted |= values
        elif leaf.op == "contains_none":
            barred |= values
        elif leaf.op == "contains_any":
            one_of.append(values)
        elif leaf.op == "starts_with":
            starts.append(str(leaf.value))
    starts.sort()
    return (
        not wanted.isdisjoint(barred)
        or any(values <= barred for values in one_of)
        or any(not later.startswith(sooner) for sooner, later in pairwise(starts))
    )
