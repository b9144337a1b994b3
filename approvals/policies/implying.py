"""Whether a rule applies wherever another one does, found from their structure alone.

Judgements are those of Kleene's logic: false < unknown < true. One condition lies below another
when, whatever is asked, it is judged no higher; then it holds nowhere where the other does not,
and is unknown nowhere where the other is false. `YES` is proved. `NO` and `UNKNOWN` are not
proofs of the contrary: they say whether the difference is plain or only cannot be excluded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from approvals.policies.rules import AllOf, AnyOf, Comparison, Condition, Not, When
from approvals.policies.value_sets import EVERY_NUMBER, Span, Texts, value_set


class Answer(Enum):
    """Of a proof that something is so."""

    YES = "yes"
    UNKNOWN = "unknown"
    NO = "no"


@dataclass(frozen=True)
class Guard:
    """One part of `when` beside the conditions: the value is one of these names."""

    kind: str
    names: frozenset[str]


Term: TypeAlias = Condition | Guard

_PAIRS: Final = (
    *(("eq", "ne"), ("in", "not_in"), ("gt", "lte"), ("lt", "gte"), ("exists", "absent")),
    *(("contains_any", "contains_none"), ("before", "on_or_after"), ("after", "on_or_before")),
)
# What is true of one where the other is false, and unknown where it is unknown.
_OPPOSITE: Final = {each: pair[1 - n] for pair in _PAIRS for n, each in enumerate(pair)}
# Fields that every request has, with operators that answer for each of their values.
_ALWAYS_THERE: Final = frozenset(
    {
        *("category.key", "category.risk", "category.reversible"),
        *("agent.name", "agent.tier", "agent.age_days", "delegation.depth"),
        *("environment", "time.hour", "time.weekday", "time.date"),
    }
)
_ALWAYS_ANSWERS: Final = frozenset(
    {
        *("eq", "ne", "in", "not_in", "gt", "gte", "lt", "lte", "between"),
        *("starts_with", "ends_with"),
    }
)


def every(answers: Iterable[Answer]) -> Answer:
    """The answer to "all of them?"."""
    found = Answer.YES
    for each in answers:
        if each is Answer.NO:
            return Answer.NO
        if each is Answer.UNKNOWN:
            found = Answer.UNKNOWN
    return found


def some(answers: Iterable[Answer]) -> Answer:
    """The answer to "one of them?"."""
    found = Answer.NO
    for each in answers:
        if each is Answer.YES:
            return Answer.YES
        if each is Answer.UNKNOWN:
            found = Answer.UNKNOWN
    return found


def pattern_covers(pattern: str, other: str) -> bool:
    """Whether every category that fits `other` fits `pattern`."""
    if pattern == "*" or pattern == other:
        return True
    return pattern.endswith(".*") and other.startswith(pattern[:-1])


def categories_within(inner: When, outer: When) -> bool:
    """Whether every category of `inner` is one of `outer`."""
    return all(
        any(pattern_covers(pattern, each) for pattern in outer.categories)
        for each in inner.categories
    )


def categories_meet(one: When, other: When) -> bool:
    """Whether there can be a category that fits both."""
    return any(
        pattern_covers(mine, theirs) or pattern_covers(theirs, mine)
        for mine in one.categories
        for theirs in other.categories
    )


def terms_of(when: When) -> tuple[Term, ...]:
    """What has to hold beside the category, each part by itself, negations at the leaves."""
    terms: list[Term] = []
    for kind, names in (
        ("environment", when.environments),
        ("labels", when.agent_labels),
        ("tier", when.agent_tiers),
    ):
        if names:
            terms.append(Guard(kind, frozenset(names)))
    if when.conditions is not None:
        terms.extend(_flat(_pushed_down(when.conditions)))
    return tuple(terms)


def _flat(condition: Condition) -> tuple[Condition, ...]:
    if isinstance(condition, AllOf):
        return tuple(part for child in condition.children for part in _flat(child))
    return (condition,)


def _pushed_down(condition: Condition, *, negated: bool = False) -> Condition:
    """The same tree with "not" only before comparisons that have no opposite."""
    if isinstance(condition, Not):
        return _pushed_down(condition.child, negated=not negated)
    if isinstance(condition, Comparison):
        if not negated:
            return condition
        opposite = _OPPOSITE.get(condition.op)
        if opposite is None:
            return Not(condition)
        return Comparison(condition.field, opposite, condition.value)
    children = tuple(_pushed_down(child, negated=negated) for child in condition.children)
    is_all = isinstance(condition, AllOf) is not negated
    if len(children) == 1:
        return children[0]
    return AllOf(children) if is_all else AnyOf(children)


class Prover:
    """Remembers what it has proved; gives up, as unknown, after so many steps."""

    def __init__(self, steps: int = 200_000) -> None:
        self._steps = steps
        self._known: dict[tuple[Term, Term], Answer] = {}

    def terms_below(self, inner: Sequence[Term], outer: Sequence[Term]) -> Answer:
        """Whether all of `inner` together lie below all of `outer` together."""
        return every(some(self.below(mine, each) for mine in inner) for each in outer)

    def below(self, one: Term, other: Term) -> Answer:
        """Whether `one` is never judged higher than `other`."""
        key = (one, other)
        known = self._known.get(key)
        if known is not None:
            return known
        self._steps -= 1
        if self._steps < 0:
            return Answer.UNKNOWN
        answer = self._below(one, other)
        self._known[key] = answer
        return answer

    def _below(self, one: Term, other: Term) -> Answer:
        if one == other:
            return Answer.YES
        if isinstance(other, AllOf):
            return every(self.below(one, child) for child in other.children)
        if isinstance(one, AnyOf):
            return every(self.below(child, other) for child in one.children)
        tried = []
        if isinstance(other, AnyOf):
            tried.append(some(self.below(one, child) for child in other.children))
        if isinstance(one, AllOf):
            tried.append(some(self.below(child, other) for child in one.children))
        return some(tried) if tried else _leaf_below(one, other)


def _leaf_below(one: Term, other: Term) -> Answer:
    if isinstance(one, Guard) or isinstance(other, Guard):
        if not isinstance(one, Guard) or not isinstance(other, Guard) or one.kind != other.kind:
            return Answer.NO
        return Answer.YES if one.names <= other.names else Answer.NO
    if isinstance(one, Not) and isinstance(other, Not):
        return _leaf_below(other.child, one.child)
    mine, theirs = _comparison(one), _comparison(other)
    if mine.field != theirs.field:
        return Answer.NO
    if mine is not one or theirs is not other:
        return _negated_below(one, other)
    return _comparison_below(mine, theirs)


def _comparison(leaf: Term) -> Comparison:
    """The comparison in a leaf, which may be negated."""
    found = leaf.child if isinstance(leaf, Not) else leaf
    if not isinstance(found, Comparison):
        raise TypeError("Only comparisons are negated in a tree that was pushed down.")
    return found


def _negated_below(one: Term, other: Term) -> Answer:
    """Exactly one of the two is negated: true where the values are apart."""
    mine, theirs = value_set(_comparison(one)), value_set(_comparison(other))
    if mine is None or theirs is None or mine.family != theirs.family:
        return Answer.UNKNOWN
    if isinstance(other, Not) and mine.texts is not None and theirs.texts is not None:
        outside = Texts(theirs.texts.kind, theirs.texts.values, not theirs.texts.negated)
        return Answer.YES if mine.texts.is_within(outside) else Answer.NO
    return Answer.UNKNOWN


def _comparison_below(one: Comparison, other: Comparison) -> Answer:
    mine, theirs = value_set(one), value_set(other)
    if mine is not None and theirs is not None and mine.family == theirs.family:
        return Answer.YES if mine.is_within(theirs) else Answer.NO
    if one.op == other.op and one.op.startswith("contains_"):
        return _items_below(one, other)
    return Answer.UNKNOWN


def _items_below(one: Comparison, other: Comparison) -> Answer:
    """The same question about items of a list, one with more of them than the other."""
    mine = one.value if isinstance(one.value, tuple) else (one.value,)
    theirs = other.value if isinstance(other.value, tuple) else (other.value,)
    if {isinstance(each, str) for each in (*mine, *theirs)} != {True}:
        return Answer.UNKNOWN
    fits = set(mine) <= set(theirs) if one.op == "contains_any" else set(theirs) <= set(mine)
    return Answer.YES if fits else Answer.NO


def is_total(term: Term) -> bool:
    """Whether the term is true or false for every request, never unknown."""
    if isinstance(term, Guard):
        return term.kind == "labels"
    if isinstance(term, Not):
        return is_total(term.child)
    if isinstance(term, Comparison):
        if term.op in {"exists", "absent"}:
            return term.field.count(".") == 1
        return term.field in _ALWAYS_THERE and term.op in _ALWAYS_ANSWERS
    return all(is_total(child) for child in term.children)


def numeric_span(terms: Iterable[Term], field: str) -> tuple[tuple[Span, ...], tuple[Term, ...]]:
    """The numbers that one comparison among these terms allows for a field, and the other terms.

    Every number, where none of them is about that field or more than one is.
    """
    terms = tuple(terms)
    on_field = [each for each in terms if isinstance(each, Comparison) and each.field == field]
    if len(on_field) == 1:
        found = value_set(on_field[0])
        if found is not None and found.family == "number":
            return found.spans, tuple(each for each in terms if each is not on_field[0])
    return EVERY_NUMBER, terms
