"""Whether the people there are could complete every flow of a policy (domain page, section 7)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from uuid import UUID

from approvals.models import ActionCategory
from approvals.policies import (
    DEFAULT_RULE,
    DENY,
    REQUIRE_APPROVAL,
    Directory,
    Flow,
    Policy,
    Problem,
    Rule,
    find_unreachable,
    find_unreachable_flow,
)
from approvals.policies.demands import Crowd
from approvals.policies.possible import could_hold, covers, find_dead_parts, fits
from approvals.policies.rules import When
from approvals.selectors.attendance import away_now, away_words, is_complete_at
from approvals.selectors.seating import NOBODY
from approvals.selectors.staff import Staff, read_staff
from tenants.enums import Role
from tenants.models import Agent, Membership

_People = frozenset[str]


def directory_of(staff: Staff) -> Directory:
    """The active approvers: their groups and roles, and who of them manages an agent's owner."""
    people = staff.approvers
    managers = staff.managers_of(staff.agents)
    return Directory(
        {
            slug: frozenset(_email(each.member) for each in people if slug in each.groups)
            for slug in staff.groups
        },
        {
            role: frozenset(_email(each.member) for each in people if role in each.member.roles)
            for role in Role.values
        },
        frozenset(_email(each.member) for each in people),
        frozenset(_email(each.member) for each in people if each.member.pk in managers),
    )


@dataclass(frozen=True)
class _Search:
    """One look at one policy; each distinct question about a flow and people is answered once."""

    policy: Policy
    staff: Staff
    directory: Directory
    answers: dict[tuple[str, _People, _People | None], str] = field(default_factory=dict)
    holders: dict[str, _People] = field(default_factory=dict)
    absences: dict[tuple[object, ...], str] = field(default_factory=dict)

    def able(self, category: str) -> _People:
        """Return who may approve requests of a category."""
        if category not in self.holders:
            people = self.staff.able(category)
            self.holders[category] = frozenset(_email(each.member) for each in people)
        return self.holders[category]

    def managers(self, agent: Agent) -> _People:
        """Return who manages the owner of an agent."""
        found = self.staff.managers_of([agent])
        return frozenset(_email(self.staff.people[each].member) for each in found)

    def short(self, flow: Flow, people: _People, managers: _People | None = None) -> str:
        """Return why a flow cannot be completed by these people, or an empty string.

        `managers` says who manages the owner of the agent, where it is about one agent.
        """
        key = flow.name, people, managers
        if key not in self.answers:
            self.answers[key] = self._short(flow, self.directory.only(people, managers))
        return self.answers[key]

    def away(
        self, flow: Flow, category: str, agent: Agent | None = None, *, kept_out: bool = False
    ) -> str:
        """Return why a flow cannot be completed by who is here now, or an empty string.

        For one agent's requests, without its owner where they are kept out.
        """
        if not self.somebody_is_away or (flow.asks_manager and agent is None):
            return ""
        without = frozenset({agent.owner_id}) if agent and kept_out else NOBODY
        managers = self.staff.managers_of([agent]) if agent and flow.asks_manager else NOBODY
        key = flow.name, category, without, managers
        if key not in self.absences:
            self.absences[key] = self._away(flow, category, without, managers)
        return self.absences[key]

    @cached_property
    def somebody_is_away(self) -> bool:
        """Whether any approver is away now: mostly the whole question is answered by this."""
        return any(one.away_at(self.staff.read_at) for one in self.staff.approvers)

    def _away(
        self, flow: Flow, category: str, without: frozenset[UUID], managers: frozenset[UUID]
    ) -> str:
        staff = self.staff
        if is_complete_at(flow, staff, category, staff.read_at, without=without, managers=managers):
            return ""
        words = away_words(away_now(flow, staff, category), staff)
        return f"it cannot be completed now: {words}; name a stand-in." if words else ""

    def _short(self, flow: Flow, able: Directory) -> str:
        for problem in find_unreachable_flow(flow, able):
            # Whoever is added later is not counted on.
            if "/escalations/" not in problem.pointer:
                return problem.message.replace("nobody is in", "nobody with the right is in")
        return ""


def find_obstacles(policy: Policy, staff: Staff | None = None) -> list[Problem]:
    """Return why flows of this policy could not be completed by the people there are now.

    First everybody who may vote at all, in every stage and escalation; then, for each rule and
    each category that it can meet, by name or by a pattern, only those with the right on that
    category; then those of them who are here now, with their stand-ins; then, where duties are
    separated, without the owner of each agent that it can meet.
    The default is looked at like a rule for every category. Seven statements, none when `staff`
    is at hand.
    """
    staff = staff or read_staff()
    directory = directory_of(staff)
    problems = find_unreachable(policy, directory)
    if problems:
        return problems
    search = _Search(policy, staff, directory)
    for position, rule in enumerate(policy.rules):
        if rule.then == REQUIRE_APPROVAL:
            problems.extend(_obstacles(search, f"/rules/{position}/flow", rule))
    if policy.default_flow is not None:
        problems.extend(_obstacles(search, "/default_flow", default_rule(policy)))
    return problems


def default_rule(policy: Policy) -> Rule:
    """Return what the policy's default asks for, as a rule about everything."""
    return Rule(DEFAULT_RULE, When(("*",)), REQUIRE_APPROVAL, policy.default_flow)


def categories_met(policy: Policy, rule: Rule, staff: Staff) -> list[ActionCategory]:
    """Return the categories of which a request can come to ask for this rule's approval.

    Left out is what its conditions say of the category itself, what a deny rule refuses in every
    such case, and for the default what some rule always applies to.
    """
    if rule.when.conditions is not None and _is_dead(rule.when):
        return []
    by_default = rule.id == DEFAULT_RULE
    settlers = [
        other.when
        for other in policy.rules
        if other.when.conditions is None and (other.then == DENY or by_default)
    ]
    return [
        category
        for category in staff.open_categories
        if any(fits(pattern, category.key) for pattern in rule.when.categories)
        and could_hold(rule.when.conditions, known_of(category))
        and not _is_settled(settlers, rule, category)
    ]


def known_of(category: ActionCategory) -> dict[str, object]:
    """Return the fields whose values follow from the category alone."""
    known: dict[str, object] = {
        "category.key": category.key,
        "category.risk": str(category.risk),
        "category.reversible": category.is_reversible,
    }
    return known | ({"category.cost_class": category.cost_class} if category.cost_class else {})


def _is_dead(when: When) -> bool:
    return any(part.pointer == "" for part in find_dead_parts(when, ""))


def _is_settled(settlers: Sequence[When], rule: Rule, category: ActionCategory) -> bool:
    """Whether a rule without conditions always decides before this one can ask anybody."""
    if not settlers:
        return False
    narrow = replace(rule.when, categories=(category.key,))
    return any(covers(when, narrow) for when in settlers)


def _email(member: Membership) -> str:
    return member.user.email.lower()


def _obstacles(search: _Search, place: str, rule: Rule) -> Iterator[Problem]:
    flow = search.policy.flows[str(rule.flow)]
    title = "The default" if rule.id == DEFAULT_RULE else f"Rule {rule.id}"
    for category in categories_met(search.policy, rule, search.staff):
        start = f"{title}, category {category.key}"
        able = search.able(category.key)
        if short := search.short(flow, able):
            yield Problem(place, f"{start}: {short}")
        elif away := search.away(flow, category.key):
            yield Problem(place, f"{start}: {away}")
        elif rule.separation_of_duties or flow.asks_manager:
            yield from _for_agents(search, place, rule, start, category.key)


def _for_agents(
    search: _Search, place: str, rule: Rule, start: str, category: str
) -> Iterator[Problem]:
    """What stands in the way of one agent's requests only: who owns it, and who manages those."""
    flow = search.policy.flows[str(rule.flow)]
    for agent in search.staff.agents:
        if not meets(rule, agent):
            continue
        owner = _email(search.staff.people[agent.owner_id].member)
        able = search.able(category)
        kept_out = {owner} & able if rule.separation_of_duties else frozenset[str]()
        if not kept_out and not flow.asks_manager:
            continue
        managers = search.managers(agent) if flow.asks_manager else None
        short = search.short(flow, able - kept_out, managers)
        if short := short or search.away(flow, category, agent, kept_out=bool(kept_out)):
            why = f"its owner {owner} may not approve, and then: " if kept_out else ""
            yield Problem(place, f"{start}, agent {agent.name}: {why}{short}")


def meets(rule: Rule, agent: Agent) -> bool:
    """Whether a rule can apply to this agent's requests."""
    labels, tiers = rule.when.agent_labels, rule.when.agent_tiers
    return (not labels or bool(set(labels) & set(agent.labels))) and (
        not tiers or agent.trust_tier in tiers
    )


def read_crowd() -> Crowd:
    """Return who may vote now and who has the right on each category. Seven statements."""
    staff = read_staff()
    directory = directory_of(staff)
    holders = {
        category.key: frozenset(_email(each.member) for each in staff.able(category.key))
        for category in staff.open_categories
    }
    return Crowd(directory.groups, directory.roles, directory.people, holders)
