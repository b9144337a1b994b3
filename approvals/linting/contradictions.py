"""Rules, and parts of rules, that no request can ever match."""

from collections.abc import Iterator
from typing import Final

from approvals.linting.lint import Lint, Matter, name_rule
from approvals.policies import ALLOW, Rule
from approvals.policies.fields import find_field
from approvals.policies.possible import DeadPart, could_hold, find_dead_parts
from approvals.policies.shown import listed
from approvals.selectors.reachability import known_of

# What every request has, so that no doubt about it can make a rule count as matched.
_ALWAYS_THERE: Final = frozenset(
    {"environment", "time.hour", "time.weekday", "time.date", "category.key", "category.risk",
     "category.reversible", "agent.name", "agent.labels", "agent.tier", "agent.age_days"}
)  # fmt: skip


def find_contradictions(matter: Matter) -> Iterator[Lint]:
    """Say where conditions contradict each other, or leave no category over."""
    for place, rule in matter.placed:
        where = f"{place}/when/conditions"
        dead = find_dead_parts(rule.when, where)
        if dead and dead[0].pointer == where:
            yield Lint("warning", where, _whole(rule, dead[0]))
            continue
        for part in dead:
            yield Lint("hint", part.pointer, _part(rule, part))
        fitting = matter.categories_of(rule)
        if fitting and not any(could_hold(rule.when.conditions, known_of(one)) for one in fitting):
            yield Lint(
                "warning",
                where,
                f"{name_rule(rule)} matches nothing today: none of the categories that it is"
                " about is of the kind that its conditions ask for.",
            )


def _whole(rule: Rule, part: DeadPart) -> str:
    said = f"what it says of {_names(part)} contradicts itself"
    doubtful = [name for name in part.fields if name not in _ALWAYS_THERE]
    if rule.then == ALLOW or not doubtful:
        return f"{name_rule(rule)} can never match: {said}."
    missing = listed((_words(name) for name in doubtful), "or")
    return f"{name_rule(rule)} can match only when {missing} is missing: {said}."


def _part(rule: Rule, part: DeadPart) -> str:
    return (
        f"{name_rule(rule)}: this part of its conditions can never hold, because of what they"
        f" say of {_names(part)}."
    )


def _names(part: DeadPart) -> str:
    return listed(_words(name) for name in part.fields)


def _words(name: str) -> str:
    field = find_field(name)
    return field.words if field else name
