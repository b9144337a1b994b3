"""Quorums that depend on single people: possible now, and gone when one of them is away."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from approvals.linting.lint import Lint, Matter, name_rule
from approvals.policies import Flow, Rule
from approvals.policies.shown import listed
from approvals.selectors.reachability import meets
from approvals.selectors.seating import NOBODY, seat_flow, who_is_indispensable

_MOST = 5


@dataclass
class _Answers:
    """Each distinct question is answered once, however many rules ask it."""

    matter: Matter
    known: dict[tuple[object, ...], tuple[str, ...]] = field(default_factory=dict)

    def indispensable(self, rule: Rule, flow: Flow, category: str) -> tuple[str, ...]:
        """Who must not be away, by name; nobody where the flow cannot be completed anyway."""
        staff, managers = self.matter.staff, {NOBODY}
        if flow.asks_manager:
            # Whose manager is asked depends on the agent.
            managers = {staff.managers_of([each]) for each in staff.agents if meets(rule, each)}
        key = flow.name, category, frozenset(managers)
        if key not in self.known:
            able = staff.able(category)
            found = {
                person.member.pk
                for each in managers
                if seat_flow(flow, able, each).is_complete
                for person in who_is_indispensable(flow, able, each)
            }
            self.known[key] = tuple(each.name for each in able if each.member.pk in found)
        return self.known[key]


def find_thin_quorums(matter: Matter) -> Iterator[Lint]:
    """Say for each rule which people it cannot do without, and for which categories."""
    answers = _Answers(matter)
    for place, rule, categories in matter.asking:
        flow = matter.policy.flows[str(rule.flow)]
        by_people: dict[tuple[str, ...], list[str]] = {}
        for category in categories:
            people = answers.indispensable(rule, flow, category.key)
            if people:
                by_people.setdefault(people, []).append(category.key)
        for people, keys in by_people.items():
            yield Lint("warning", place, _sentence(rule, flow, people, keys))


def _sentence(rule: Rule, flow: Flow, people: tuple[str, ...], keys: list[str]) -> str:
    start = f"{name_rule(rule)}, category {listed(keys, most=_MOST)}"
    asked = sum(seat.count for seat in flow.seats)
    if asked == 1 and len(people) == 1:
        return f"{start}: only one person can approve this, {people[0]}; add somebody else."
    if len(people) == 1:
        return (
            f"{start}: {people[0]} has to be one of those who approve; nobody can take"
            " their place when they are away."
        )
    names = listed(people, "or", most=_MOST)
    return f"{start}: no margin; it can no longer be completed when {names} is away."
