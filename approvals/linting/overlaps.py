"""Rules that change nothing, because another one always decides or already asks the same."""

from collections.abc import Iterator
from itertools import combinations
from typing import Final

from approvals.linting.lint import Lint, Matter, name_rule
from approvals.policies import ALLOW, DENY, REQUIRE_APPROVAL, Rule
from approvals.policies.possible import Scope

# Every rule is compared with every other one: more would take the editor's patience.
MOST_COMPARED: Final = 200
_RANK: Final = {ALLOW: 0, REQUIRE_APPROVAL: 1, DENY: 2}


def find_overlaps(matter: Matter) -> Iterator[Lint]:
    """Say which rules have no effect beside another one. Of two equal ones the later is named."""
    placed = [(place, rule, Scope.of(rule.when)) for place, rule in matter.placed[:MOST_COMPARED]]
    if len(matter.placed) > MOST_COMPARED:
        yield Lint(
            "hint",
            "/rules",
            f"Only the first {MOST_COMPARED} rules are compared with each other.",
        )
    idle: set[str] = set()
    for first, second in combinations(placed, 2):
        for (place, rule, scope), (_, other, wider) in ((second, first), (first, second)):
            if place in idle or _RANK[other.then] < _RANK[rule.then] or not wider.covers(scope):
                continue
            if said := _pointless(rule, other):
                idle.add(place)
                yield Lint("warning", place, f"{name_rule(rule)} {said}")
                break
            if rule.then == other.then and rule.flow != other.flow:
                yield Lint(
                    "hint",
                    place,
                    f"Whatever matches rule {rule.id} also matches rule {other.id}:"
                    " the people of both have to approve.",
                )
                break


def _pointless(rule: Rule, other: Rule) -> str:
    """Return why `rule` changes nothing beside one that covers it, or an empty string."""
    if rule.obligations is not None and rule.obligations != other.obligations:
        return ""
    name = other.id
    if _RANK[other.then] > _RANK[rule.then]:
        does = "is denied" if other.then == DENY else "needs approval"
        return f"never has an effect: whatever it matches {does} by rule {name}."
    if rule.then != REQUIRE_APPROVAL:
        does = "denied" if rule.then == DENY else "allowed"
        return f"adds nothing: whatever it matches is {does} by rule {name} already."
    same = rule.flow == other.flow
    if same and (other.separation_of_duties or not rule.separation_of_duties):
        return f"adds nothing: rule {name} asks the same people in every such case already."
    return ""
