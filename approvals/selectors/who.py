"""Who could approve what, who could not and why: for any rule, category and person."""

from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from approvals.models import ActionCategory
from approvals.policies import DEFAULT_RULE, REQUIRE_APPROVAL, Policy, Rule, describe_rule
from approvals.policies.describing import describe_default, name_reference
from approvals.policies.shown import listed
from approvals.selectors.reachability import categories_met, default_rule, meets
from approvals.selectors.seating import seat_flow, seats_of_flow
from approvals.selectors.staff import Colleague, Staff
from tenants.enums import Role
from tenants.spans import until_in_words

_MOST = 5


@dataclass(frozen=True)
class Answer:
    """Whether one person can approve, and the sentence that says how, or why not."""

    person: Colleague
    may: bool
    sentence: str

    def to_dict(self) -> dict[str, object]:
        """The answer as JSON."""
        return {
            "member": self.person.member.public_id,
            "name": self.person.name,
            "may_approve": self.may,
            "sentence": self.sentence,
        }


@dataclass(frozen=True)
class Approvers:
    """Who can approve what one rule asks for one category of action."""

    rule_id: str
    sentence: str
    category: str
    is_possible: bool
    can: tuple[Answer, ...]
    cannot: tuple[Answer, ...]

    def to_dict(self) -> dict[str, object]:
        """The whole answer as JSON."""
        return {
            "rule": self.rule_id,
            "sentence": self.sentence,
            "category": self.category,
            "can_be_completed": self.is_possible,
            "can": [each.to_dict() for each in self.can],
            "cannot": [each.to_dict() for each in self.cannot],
        }


def asking_rules(policy: Policy) -> list[Rule]:
    """Return every rule that asks for approval, and the default where it does."""
    rules = [rule for rule in policy.rules if rule.then == REQUIRE_APPROVAL]
    return [*rules, default_rule(policy)] if policy.default_flow is not None else rules


Asked = tuple[Rule, ActionCategory]


def list_asked(
    policy: Policy, staff: Staff, *, rule_id: str = "", category: str = ""
) -> list[Asked]:
    """Return each rule that asks with each category it can meet: all, or of one. No statement."""
    return [
        (rule, met)
        for rule in asking_rules(policy)
        if rule_id in {"", rule.id}
        for met in categories_met(policy, rule, staff)
        if category in {"", met.key}
    ]


def who_may_approve(policy: Policy, staff: Staff, asked: Iterable[Asked]) -> list[Approvers]:
    """Return who can approve and who cannot, one entry for each that is asked. No statement.

    Judges every person each time: there can be thousands of rules, and of people as well.
    """
    return [_approvers(policy, staff, rule, met) for rule, met in asked]


def _approvers(policy: Policy, staff: Staff, rule: Rule, category: ActionCategory) -> Approvers:
    flow = policy.flows[str(rule.flow)]
    answers = [
        judge_person(policy, staff, rule, category.key, one) for one in staff.people.values()
    ]
    able = [answer.person for answer in answers if answer.may]
    default = rule.id == DEFAULT_RULE
    return Approvers(
        rule_id=rule.id,
        sentence=describe_default(flow) if default else describe_rule(rule, policy=policy),
        category=category.key,
        is_possible=seat_flow(flow, able).is_complete,
        can=tuple(answer for answer in answers if answer.may),
        cannot=tuple(answer for answer in answers if not answer.may),
    )


def judge_person(
    policy: Policy, staff: Staff, rule: Rule, category: str, person: Colleague
) -> Answer:
    """Return whether a person can approve what a rule asks for a category, and why."""
    seats = seats_of_flow(policy.flows[str(rule.flow)])
    fitting = [seat for seat in seats if seat.key in person.keys]
    owned = _owned(staff, rule, person)
    met = [agent for agent in staff.agents if meets(rule, agent)]
    if why := _shut_out(person):
        return Answer(person, may=False, sentence=why)
    if not fitting:
        named = listed(dict.fromkeys(name_reference(seat) for seat in seats))
        why = f"{person.name} is none of those whom the flow names: {named}."
    elif not staff.has_right(person, category):
        why = f"{person.name} has not been given the right to approve {category}."
    elif owned and len(owned) == len(met):
        why = (
            f"{person.name} owns every agent that this rule can meet: {listed(owned, most=_MOST)}."
        )
    if why:
        return Answer(person, may=False, sentence=why)
    seated = listed(dict.fromkeys(name_reference(seat) for seat in fitting), "or")
    how = (
        f"{person.name} can approve for {seated}, with the right {_source(staff, person, category)}"
    )
    but = f"; not for the agent {listed(owned, 'or', most=_MOST)}, which they own" if owned else ""
    return Answer(person, may=True, sentence=f"{how}{but}{_away(staff, person)}.")


def _shut_out(person: Colleague) -> str:
    if not person.member.is_active:
        return f"{person.name} is {person.member.status}."
    if Role.APPROVER not in person.member.roles:
        return f"{person.name} does not have the role approver."
    return ""


def _away(staff: Staff, person: Colleague) -> str:
    away = person.away_at(staff.read_at)
    if away is None:
        return ""
    until = until_in_words(away.ends_at, ZoneInfo(staff.tenant.time_zone))
    stand_in = staff.people.get(away.stand_in) if away.stand_in else None
    by = f"{stand_in.name} stands in" if stand_in else "and nobody stands in"
    return f"; away until {until}, {by}"


def _owned(staff: Staff, rule: Rule, person: Colleague) -> list[str]:
    """Return the agents whose requests this person may not decide under this rule."""
    if not rule.separation_of_duties:
        return []
    mine = (agent for agent in staff.agents if agent.owner_id == person.member.pk)
    return [agent.name for agent in mine if meets(rule, agent)]


def _source(staff: Staff, person: Colleague, category: str) -> str:
    sources = staff.rights[category][person.member.pk]
    groups = [staff.groups[each.removeprefix("group:")] for each in sources if each != "person"]
    given = ["given to them"] if "person" in sources else []
    return listed([*given, *(f"of {name}" for name in groups)])


@dataclass(frozen=True)
class RightsOf:
    """What one person can approve: for each category the rules, and what shuts them out."""

    person: Colleague
    shut_out: str
    rows: tuple[tuple[str, tuple[str, ...]], ...]  # category, sentences of the rules

    def to_dict(self) -> dict[str, object]:
        """The rights as JSON."""
        return {
            "member": self.person.member.public_id,
            "name": self.person.name,
            "shut_out": self.shut_out,
            "categories": [{"category": key, "rules": list(rules)} for key, rules in self.rows],
        }


def rights_of(policy: Policy, staff: Staff, person: Colleague) -> RightsOf:
    """Return what a person can approve now under a policy. No statement."""
    found: dict[str, list[str]] = {}
    for rule in asking_rules(policy):
        for category in categories_met(policy, rule, staff):
            if judge_person(policy, staff, rule, category.key, person).may:
                found.setdefault(category.key, []).append(rule.id)
    rows = tuple((key, tuple(rules)) for key, rules in sorted(found.items()))
    return RightsOf(person, _shut_out(person), rows)
