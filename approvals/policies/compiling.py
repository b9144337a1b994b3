"""Conditions as closures: one to decide quickly, one to say why in words.

Judgements combine as in Kleene's three-valued logic: what cannot be known stays unknown unless
the other children settle the answer whatever the unknown one would have said. The rule then
decides what unknown means (domain page, section 3, point 4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from approvals.policies.facts import Facts
from approvals.policies.fields import find_field
from approvals.policies.kinds import Field, Missing
from approvals.policies.operator_table import BY_NAME, DATED
from approvals.policies.operators import Judgement, compile_dated, compile_operator
from approvals.policies.rules import AnyOf, Comparison, Condition, Not, Scalar
from approvals.policies.shown import listed, safe_text, shorten, show

Test = Callable[[Facts], Judgement]


class Reason(NamedTuple):
    """A judgement with the parts of the sentence behind it and the values that were looked at."""

    judged: Judgement
    parts: tuple[str, ...]
    values: tuple[tuple[str, str], ...] = ()


Explain = Callable[[Facts], Reason]


@dataclass(frozen=True)
class Compiled:
    """`test` is the hot path; `explain` gives the same judgement with its reasons."""

    test: Test
    explain: Explain


def compile_condition(condition: Condition) -> Compiled:
    """Compile a validated tree; its depth is capped, so the recursion is too."""
    if isinstance(condition, Comparison):
        return _compile_comparison(condition)
    if isinstance(condition, Not):
        return _compile_not(compile_condition(condition.child))
    children = [compile_condition(child) for child in condition.children]
    return combine(children, settles=isinstance(condition, AnyOf))


def combine(children: Sequence[Compiled], *, settles: bool) -> Compiled:
    """All of the children (`settles=False`: one False settles it) or any (`settles=True`)."""
    if len(children) == 1:
        return children[0]
    tests = tuple(child.test for child in children)

    def test(facts: Facts) -> Judgement:
        doubt: Judgement = not settles
        for each in tests:
            judged = each(facts)
            if judged is settles:
                return settles
            if isinstance(judged, str):
                doubt = judged
        return doubt

    def explain(facts: Facts) -> Reason:
        return _merge([child.explain(facts) for child in children], settles=settles)

    return Compiled(test, explain)


def _merge(reasons: Sequence[Reason], *, settles: bool) -> Reason:
    """Only the children that led to the judgement speak; the values of all are kept."""
    deciding = [reason for reason in reasons if reason.judged is settles]
    if not deciding:
        deciding = [reason for reason in reasons if isinstance(reason.judged, str)] or [*reasons]
    parts: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    for reason in deciding:
        parts += reason.parts
    for reason in reasons:
        values += reason.values
    return Reason(deciding[0].judged, parts, values)


def _compile_not(child: Compiled) -> Compiled:
    def test(facts: Facts) -> Judgement:
        judged = child.test(facts)
        return judged if isinstance(judged, str) else not judged

    def explain(facts: Facts) -> Reason:
        reason = child.explain(facts)
        judged = reason.judged
        opposite = judged if isinstance(judged, str) else not judged
        return Reason(opposite, reason.parts, reason.values)

    return Compiled(test, explain)


def _compile_comparison(comparison: Comparison) -> Compiled:
    field = find_field(comparison.field)
    if field is None:
        raise ValueError(f"no field {comparison.field}")
    if comparison.op in {"exists", "absent"}:
        return _compile_presence(field, wanted=comparison.op == "exists")
    read = field.read
    holds, fails = _phrases(comparison, field)
    test = _test_of(comparison, field)

    def explain(facts: Facts) -> Reason:
        value = read(facts)
        if isinstance(value, Missing):
            return _reason(field, value.value, field.missing_words(value), "missing")
        judged = test(facts)
        shown = _show_value(value)
        if field.phrases is not None and isinstance(value, bool):
            return _reason(field, judged, f"it is {field.phrases[not value]}", shown)
        says = judged if isinstance(judged, str) else (holds if judged else fails)
        # "currency is EUR" needs no second EUR; everything else shows what was found.
        twice = says == f"is {shown}"
        part = f"{field.words} {says}" if twice else f"{field.words} {shown} {says}"
        return _reason(field, judged, part, shown)

    return Compiled(test, explain)


def _test_of(comparison: Comparison, field: Field) -> Test:
    read = field.read
    if comparison.op in DATED:
        judge_zoned = compile_dated(comparison.op, str(comparison.value))

        def test_dated(facts: Facts) -> Judgement:
            value = read(facts)
            if isinstance(value, Missing):
                return value.value
            return judge_zoned(value, facts.local_time.tzinfo)

        return test_dated
    judge = compile_operator(comparison.op, comparison.value, field.kind)

    def test(facts: Facts) -> Judgement:
        value = read(facts)
        # Not isinstance: asking an enumeration's metaclass costs as much as the comparison.
        return value.value if type(value) is Missing else judge(value)

    return test


def _compile_presence(field: Field, *, wanted: bool) -> Compiled:
    def judge(value: object) -> Judgement:
        if value is Missing.NOT_AN_OBJECT:
            return Missing.NOT_AN_OBJECT.value
        return missing(value) is not wanted

    def missing(value: object) -> bool:
        return isinstance(value, Missing)

    def explain(facts: Facts) -> Reason:
        value = field.read(facts)
        judged = judge(value)
        if isinstance(judged, str):
            return _reason(field, judged, f"{field.words} {judged}", "missing")
        given = f"{'are' if field.plural else 'is'}{' not' if missing(value) else ''} given"
        shown = "missing" if missing(value) else _show_value(value)
        return _reason(field, judged, f"{field.words} {given}", shown)

    return Compiled(lambda facts: judge(field.read(facts)), explain)


def _reason(field: Field, judged: Judgement, part: str, shown: str) -> Reason:
    return Reason(judged, (part,), ((field.name, shown),))


def _show_value(value: object) -> str:
    if isinstance(value, frozenset):
        return shorten(listed(sorted(safe_text(str(each)) for each in value)) or "none")
    return show(value)


def _phrases(comparison: Comparison, field: Field) -> tuple[str, str]:
    operator = BY_NAME[comparison.op]
    holds, fails = operator.holds, operator.fails
    if field.plural and operator.plural_holds:
        holds, fails = operator.plural_holds, operator.plural_fails
    value = comparison.value
    if isinstance(value, tuple):
        conjunction = "and" if comparison.op in {"between", "contains_all"} else "or"
        shown = listed([show(each) for each in value], conjunction, most=5)
    else:
        shown = show(cast("Scalar", value))
    return holds.replace("{}", shown), fails.replace("{}", shown)
