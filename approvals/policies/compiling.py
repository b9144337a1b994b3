"""Conditions as closures: one to decide quickly, one to say why in words.

Judgements combine as in Kleene's three-valued logic: what cannot be known stays unknown unless
the other children settle the answer whatever the unknown one would have said. The rule then
decides what unknown means (domain page, section 3, point 4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, cast

from approvals.policies.facts import Facts
from approvals.policies.fields import find_field
from approvals.policies.kinds import Field, Missing
from approvals.policies.operator_table import BY_NAME, DATED
from approvals.policies.operators import Judgement, compile_dated, compile_operator
from approvals.policies.rules import AnyOf, Comparison, Condition, Not, Scalar, When
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
            return _reason(field, value.value, f"{field.words} {value.value}", "missing")
        judged = test(facts)
        shown = _show_value(value)
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
        return value.value if isinstance(value, Missing) else judge(value)

    return test


def _compile_presence(field: Field, *, wanted: bool) -> Compiled:
    def judge(value: object) -> Judgement:
        if value is Missing.NOT_AN_OBJECT:
            return Missing.NOT_AN_OBJECT.value
        return (not isinstance(value, Missing)) is wanted

    def explain(facts: Facts) -> Reason:
        value = field.read(facts)
        judged = judge(value)
        if isinstance(value, Missing):
            says = judged if isinstance(judged, str) else "is not given"
            return _reason(field, judged, f"{field.words} {says}", "missing")
        return _reason(field, judged, f"{field.words} is given", _show_value(value))

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
    value = comparison.value
    if isinstance(value, tuple):
        conjunction = "and" if comparison.op == "between" else "or"
        shown = listed([show(each) for each in value], conjunction, most=5)
    else:
        shown = show(cast("Scalar", value))
    return holds.replace("{}", shown), fails.replace("{}", shown)


def compile_when(when: When) -> Compiled:
    """Everything in `when` but the category, which the plan has already looked up."""
    guards = []
    if when.environments:
        guards.append(_member("environment", lambda facts: facts.environment, when.environments))
    if when.agent_labels:
        guards.append(_labelled(frozenset(when.agent_labels), when.agent_labels))
    if when.agent_tiers:
        guards.append(_member("agent tier", lambda facts: facts.agent_tier, when.agent_tiers))
    if when.conditions is None:
        return combine(guards, settles=False) if guards else _ALWAYS
    conditions = compile_condition(when.conditions)
    if not guards:
        return conditions
    whole = combine([*guards, conditions], settles=False)

    def explain(facts: Facts) -> Reason:
        reason = whole.explain(facts)
        # Where everything fits, the conditions are the reason and the guards only the setting.
        return conditions.explain(facts) if reason.judged is True else reason

    return Compiled(whole.test, explain)


_ALWAYS: Final = Compiled(lambda _: True, lambda _: Reason(True, ()))


def _member(words: str, read: Callable[[Facts], str], wanted: tuple[str, ...]) -> Compiled:
    """One of the names; an empty one means that nobody said, so there is no answer."""
    names = frozenset(wanted)
    choice = listed(wanted, "or", most=5)

    def test(facts: Facts) -> Judgement:
        return read(facts) in names if read(facts) else Missing.ABSENT.value

    def explain(facts: Facts) -> Reason:
        judged = test(facts)
        if isinstance(judged, str):
            return Reason(judged, (f"{words} {judged}",))
        shown = show(read(facts))
        part = f"{words} is {shown}" if judged else f"{words} {shown} is not {choice}"
        return Reason(judged, (part,))

    return Compiled(test, explain)


def _labelled(names: frozenset[str], wanted: tuple[str, ...]) -> Compiled:
    choice = listed(wanted, "or", most=5)

    def test(facts: Facts) -> Judgement:
        return not names.isdisjoint(facts.agent_labels)

    def explain(facts: Facts) -> Reason:
        if test(facts):
            shared = sorted(names & facts.agent_labels)
            return Reason(True, (f"agent is labelled {listed(shared, most=5)}",))
        return Reason(False, (f"agent is not labelled {choice}",))

    return Compiled(test, explain)
