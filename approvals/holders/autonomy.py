"""Autonomy and environments: what an agent may do of its own accord, and where nothing changes.

| level | the rules allow | a rule asks | only the default asks | denied |
| --- | --- | --- | --- | --- |
| recommend | refused | refused | refused | refused |
| ask | asks | asks | asks | refused |
| policy | allowed | asks | asks | refused |
| act | allowed | asks | allowed | refused |
"""

from collections.abc import Mapping
from typing import Any

from approvals.holders.asked import Asked
from approvals.leash import Demand, Held, Refusal
from approvals.models import ActionCategory
from tenants.autonomy_words import where
from tenants.enums import AutonomyLevel
from tenants.levels import EVERY_AGENT, EVERYTHING, LevelRule, rule_for


def held(asked: Asked) -> Held:
    """Return what the agent's level of autonomy and the environment hold."""
    if asked.category is None:
        return Held()  # refused already, in other words
    level = _of_level(asked)
    shut = closed(asked.known["environment"], asked.submission.environment, asked.category)
    refusals = level.refusals if shut is None else (*level.refusals, shut)
    return Held(refusals, level.demands, answers=level.answers)


def _of_level(asked: Asked) -> Held:
    rule = _rule(asked)
    if rule is None:
        return Held()
    name, place, whose = asked.agent.name, where(rule.pattern), _whose(rule)
    match rule.level:
        case AutonomyLevel.POLICY:
            return Held()
        case AutonomyLevel.ACT:
            said = f"No rule of the policy matched, and {name} acts on its own {place}{whose}."
            return Held(answers=(said,))
        case AutonomyLevel.RECOMMEND:
            said = (
                f"{name} only recommends {place}{whose}: nothing is done, and it is kept here as a"
                " recommendation for a person to see."
            )
            return Held((Refusal("recommend_only", said),))
        case _:  # also what nobody knows: it asks
            said = f"{name} always asks a person {place}{whose}."
            return Held((), (Demand("autonomy_ask", said),))


def closed(
    rule: Mapping[str, Any] | None, environment: str, category: ActionCategory
) -> Refusal | None:
    """Return why nothing of this category may be done in an environment; None when it may.

    `rule` is what `ENVIRONMENT_SQL` gives: the name under which it holds, and whether it closes.
    """
    if rule is None or not rule["is_read_only"] or category.is_reading:
        return None
    called = f"The environment {environment} is read-only"
    if rule["name"] == EVERYTHING:
        called = f"The environment {environment} is not listed, and what is not listed is read-only"
    elif rule["name"] != environment.strip().lower():
        called = f"{environment} cannot be listed, so the strictest rule holds, which is read-only"
    said = (
        f"{called}: {category.name} is not marked as reading, so it is refused there. Name another"
        " environment, or have it opened."
    )
    return Refusal("environment_read_only", said)


def _rule(asked: Asked) -> LevelRule | None:
    own = "own"
    rules = [
        LevelRule(own if each["own"] else EVERY_AGENT, each["pattern"], each["level"])
        for each in asked.known["autonomy"] or ()
    ]
    return rule_for(rules, own, asked.submission.category)


def _whose(rule: LevelRule) -> str:
    return " (set for every agent)" if rule.agent == EVERY_AGENT else ""
