"""The `when` of a rule as closures: environment, agent and conditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from approvals.policies.compiling import Compiled, Reason, combine, compile_condition
from approvals.policies.facts import Facts
from approvals.policies.kinds import Missing
from approvals.policies.operators import Judgement
from approvals.policies.rules import When
from approvals.policies.shown import listed, show


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
