"""Which level of autonomy holds, and whether a change gives more of it. No input or output.

The most specific rule wins: one for the agent before one for every agent; then one for exactly
this category before the longest pattern. Without any, the policy decides.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from tenants.enums import AutonomyLevel
from tenants.scopes import is_pattern

EVERYTHING: Final = "*"
EVERY_AGENT: Final = ""
_ORDER: Final = tuple(AutonomyLevel.values)
# No name of an agent or a category, so that it stands for all of those that no rule names.
_ANY_OTHER: Final = "~"


@dataclass(frozen=True)
class LevelRule:
    """One rule; `agent` is a name of the caller's choice, `EVERY_AGENT` when it is for all."""

    agent: str
    pattern: str
    level: str


def is_autonomy_pattern(text: str) -> bool:
    """Whether this names a category, everything below one (`payments.*`), or everything (`*`)."""
    return text == EVERYTHING or is_pattern(text)


def fits(pattern: str, category: str) -> bool:
    """Whether a pattern is for this category."""
    if pattern == EVERYTHING:
        return True
    return category.startswith(pattern[:-1]) if pattern.endswith(".*") else category == pattern


def rule_for(rules: Iterable[LevelRule], agent: str, category: str) -> LevelRule | None:
    """Return the rule that holds for this agent and category; None: the policy decides."""
    fitting = [
        rule
        for rule in rules
        if rule.agent in (EVERY_AGENT, agent) and fits(rule.pattern, category)
    ]
    return max(
        fitting,
        key=lambda rule: (rule.agent == agent, rule.pattern == category, len(rule.pattern)),
        default=None,
    )


def level_for(rules: Iterable[LevelRule], agent: str, category: str) -> str:
    """Return the level that holds for this agent and category."""
    rule = rule_for(rules, agent, category)
    return rule.level if rule else AutonomyLevel.POLICY.value


def widens(before: Collection[LevelRule], after: Collection[LevelRule]) -> bool:
    """Whether anywhere more may be done after the change than before.

    Where the same patterns fit, the same rule holds: one category for each pattern, and one agent
    for each that is named, stand for all there are.
    """
    agents = {rule.agent or _ANY_OTHER for rule in (*before, *after)} | {_ANY_OTHER}
    categories = {_standing_for(rule.pattern) for rule in (*before, *after)}
    return any(
        rank(level_for(after, agent, category)) > rank(level_for(before, agent, category))
        for agent in agents
        for category in categories
    )


def rank(level: str) -> int:
    """Return how much a level lets an agent do; what is none lets it do nothing."""
    return _ORDER.index(level) if level in _ORDER else -1


def _standing_for(pattern: str) -> str:
    """Return a category that the pattern fits, and no longer one that does not name it."""
    return f"{pattern[:-1]}{_ANY_OTHER}" if pattern.endswith("*") else pattern
