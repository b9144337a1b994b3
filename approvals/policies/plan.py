"""A policy compiled once: rules as closures, found by the category of the request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from approvals.policies import limits
from approvals.policies.compiling import Compiled, compile_when
from approvals.policies.describing import describe_default, describe_with_flow
from approvals.policies.evaluation import RequirementSpec
from approvals.policies.fields import find_field
from approvals.policies.flows import Flow
from approvals.policies.kinds import Need
from approvals.policies.rules import Rule, leaves

DEFAULT_RULE: Final = "default"


@dataclass(frozen=True, eq=False)
class PlannedRule:
    """A rule ready to run; `requirement` is what it demands if it applies."""

    position: int
    rule: Rule
    compiled: Compiled
    requirement: RequirementSpec | None
    needs: frozenset[Need]


@dataclass(frozen=True, eq=False)
class Plan:
    """All rules and an index from category to those that can apply to it."""

    rules: tuple[PlannedRule, ...]
    default: RequirementSpec | None
    _by_pattern: Mapping[str, tuple[PlannedRule, ...]]
    _remembered: dict[str, tuple[PlannedRule, ...]] = field(default_factory=dict)

    def candidates(self, category: str, *, remember: bool = False) -> tuple[PlannedRule, ...]:
        """The rules whose category pattern fits, in document order.

        Ask to remember only for categories that exist, so that made-up ones fill no memory.
        """
        known = self._remembered.get(category)
        if known is not None:
            return known
        found = {
            planned.position: planned
            for pattern in _patterns_for(category)
            for planned in self._by_pattern.get(pattern, ())
        }
        answer = tuple(found[position] for position in sorted(found))
        if remember and len(self._remembered) < limits.REMEMBERED_CATEGORIES:
            self._remembered[category] = answer
        return answer

    def needs(self, category: str) -> frozenset[Need]:
        """What has to be looked up before a request of this category can be evaluated.

        Only rules whose category pattern fits count, so that nothing is read that none of them
        looks at.
        """
        return frozenset().union(*(each.needs for each in self.candidates(category)))


def compile_plan(
    rules: tuple[Rule, ...], flows: Mapping[str, Flow], default_flow: str | None
) -> Plan:
    """Compile validated rules; every flow that they name is in `flows`."""
    planned = tuple(
        PlannedRule(
            position, rule, compile_when(rule.when), _requirement(rule, flows), _needs(rule)
        )
        for position, rule in enumerate(rules)
    )
    default = None
    if default_flow is not None:
        flow = flows[default_flow]
        default = RequirementSpec(
            DEFAULT_RULE, describe_default(flow), flow, separation_of_duties=True
        )
    return Plan(planned, default, _index(planned))


def _needs(rule: Rule) -> frozenset[Need]:
    if rule.when.conditions is None:
        return frozenset()
    fields = (find_field(leaf.field) for leaf in leaves(rule.when.conditions))
    return frozenset(field.need for field in fields if field is not None and field.need)


def _requirement(rule: Rule, flows: Mapping[str, Flow]) -> RequirementSpec | None:
    if rule.flow is None:
        return None
    flow = flows[rule.flow]
    sentence = describe_with_flow(rule, flow)
    return RequirementSpec(rule.id, sentence, flow, rule.separation_of_duties)


def _index(planned: Iterable[PlannedRule]) -> dict[str, tuple[PlannedRule, ...]]:
    index: dict[str, list[PlannedRule]] = {}
    for each in planned:
        for pattern in each.rule.when.categories:
            index.setdefault(pattern, []).append(each)
    return {pattern: tuple(rules) for pattern, rules in index.items()}


def _patterns_for(category: str) -> Iterator[str]:
    """Every pattern that would fit: "*", "a.*", "a.b.*", "a.b.c" for the category "a.b.c".

    Patterns are no longer than a name may be, so an overlong category is only looked at so far.
    """
    yield "*"
    yield category
    end = category.find(".", 0, limits.NAME_CHARACTERS)
    while end != -1:
        yield category[:end] + ".*"
        end = category.find(".", end + 1, limits.NAME_CHARACTERS)
