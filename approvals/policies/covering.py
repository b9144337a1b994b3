"""Whether wherever one rule applies, at least one of several others does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from approvals.policies.implying import (
    Answer,
    Prover,
    Term,
    categories_within,
    is_total,
    numeric_span,
    some,
    terms_of,
)
from approvals.policies.rules import ALLOW, Comparison, Rule
from approvals.policies.value_sets import Span, spans_within

# Of the rules that could cover another, so many are looked at: more would only take longer.
_MOST: Final = 200


class Cover:
    """Answers for many rules of the same two policies.

    A rule that denies or asks people also applies when nobody can tell whether it does; one that
    allows does not (domain page, section 3, point 4). So an allow rule lies within another rule
    more easily than around one.
    """

    def __init__(self) -> None:
        self._prover = Prover()
        self._terms: dict[int, tuple[Term, ...]] = {}

    def of(self, rule: Rule, others: Iterable[Rule]) -> Answer:
        """Whether one of `others`, or several together, apply wherever `rule` does."""
        near = [each for each in others if categories_within(rule.when, each.when)]
        near.sort(key=lambda each: each.id != rule.id)
        near = near[:_MOST]
        answer = some(self._within(rule, each) for each in near)
        if answer is not Answer.YES and self._is_split(rule, near):
            return Answer.YES
        return answer

    def _terms_of(self, rule: Rule) -> tuple[Term, ...]:
        known = self._terms.get(id(rule))
        if known is None:
            known = self._terms[id(rule)] = terms_of(rule.when)
        return known

    def _within(self, rule: Rule, other: Rule) -> Answer:
        inner, outer = self._terms_of(rule), self._terms_of(other)
        answer = self._prover.terms_below(inner, outer)
        if answer is not Answer.YES or other.then != ALLOW or rule.then == ALLOW:
            return answer
        # What is unknown of `rule` must be true of the other.
        known = all(map(is_total, outer)) or all(map(is_total, inner))
        return Answer.YES if known else Answer.UNKNOWN

    def _is_split(self, rule: Rule, others: Sequence[Rule]) -> bool:
        """Whether several share the numbers of one field among them, and differ in nothing else.

        As in "up to 10,000" and "over 10,000", which together are everything.
        """
        inner = self._terms_of(rule)
        return any(self._is_shared(rule, inner, others, field) for field in _fields(others))

    def _is_shared(
        self, rule: Rule, inner: Sequence[Term], others: Sequence[Rule], field: str
    ) -> bool:
        spans: list[Span] = []
        answers_doubt = False
        mine, _ = numeric_span(inner, field)
        for other in others:
            allowed, rest = numeric_span(self._terms_of(other), field)
            if self._prover.terms_below(inner, rest) is not Answer.YES:
                continue
            is_loose = other.then != ALLOW
            if not is_loose and rule.then != ALLOW and not all(map(is_total, rest)):
                continue
            spans.extend(allowed)
            answers_doubt = answers_doubt or is_loose
        # Without a number there, allow rules hold nowhere; the others hold.
        has_number = rule.then == ALLOW and len(numeric_span(inner, field)[1]) < len(inner)
        return (answers_doubt or has_number) and spans_within(mine, spans)


def _fields(rules: Iterable[Rule]) -> Iterator[str]:
    """The fields by whose numbers rules may share something."""
    seen = set()
    for rule in rules:
        for term in terms_of(rule.when):
            if isinstance(term, Comparison) and term.field not in seen:
                seen.add(term.field)
                if len(numeric_span([term], term.field)[1]) == 0:
                    yield term.field
