"""Who could approve what, who could not and why: for any rule, category and person."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from approvals.models import ActionCategory
from approvals.policies import (
    DEFAULT_RULE,
    REQUIRE_APPROVAL,
    Flow,
    Policy,
    Rule,
    Seat,
    describe_rule,
)
from approvals.policies.describing import describe_default, name_reference
from approvals.policies.shown import listed
from approvals.selectors.reachability import categories_met, default_rule, meets
from approvals.selectors.seating import keys_with_right, seat_flow, seats_of_flow
from approvals.selectors.staff import Colleague, Staff
from tenants.enums import Role
from tenants.models import Agent
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
        is_possible=_is_possible(staff, rule, flow, able),
        can=tuple(answer for answer in answers if answer.may),
        cannot=tuple(answer for answer in answers if not answer.may),
    )


def _is_possible(staff: Staff, rule: Rule, flow: Flow, able: Sequence[Colleague]) -> bool:
    """Whether these people can complete the flow, whichever agent asks."""
    if not flow.asks_manager:
        return seat_flow(flow, able).is_complete
    met = [agent for agent in staff.agents if meets(rule, agent)]
    return all(seat_flow(flow, able, staff.managers_of([each])).is_complete for each in met)


def judge_person(
    policy: Policy, staff: Staff, rule: Rule, category: str, person: Colleague
) -> Answer:
    """Return whether a person can approve what a rule asks for a category, and why."""
    if why := _shut_out(person):
        return Answer(person, may=False, sentence=why)
    flow = policy.flows[str(rule.flow)]
    seats = seats_of_flow(flow)
    met = [agent for agent in staff.agents if meets(rule, agent)]
    owned = _owned(rule, met, person)
    managed = _managed(staff, flow, met, person)
    fits = _fitting(seats, keys_with_right(person))
    fits_as_manager = _fitting(seats, keys_with_right(person, is_manager=True)) if managed else []
    fitting = [seat for seat in seats if seat in fits or seat in fits_as_manager]
    if not fitting:
        why = _unmeant(seats, person)
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
    named = listed(managed, "or", most=_MOST)
    if managed and not fits:
        how += f"; only for the agent {named}, whose owner they manage"
    elif managed and not fits_as_manager:
        how += f"; not for the agent {named}, whose owner they manage"
    but = f"; not for the agent {listed(owned, 'or', most=_MOST)}, which they own" if owned else ""
    return Answer(person, may=True, sentence=f"{how}{but}{_away(staff, person)}.")


def _fitting(seats: Iterable[Seat], keys: Set[str]) -> list[Seat]:
    return [seat for seat in seats if seat.places_for(keys)]


def _unmeant(seats: Sequence[Seat], person: Colleague) -> str:
    """Return why no seat means this person: left out of those that would, or named by none."""
    keys = keys_with_right(person)
    left_out = [seat for seat in seats if replace(seat, but=()).places_for(keys)]
    if left_out:
        named = dict.fromkeys(name_reference(each) for seat in left_out for each in seat.but)
        return f"{person.name} is among those whom the flow leaves out: {listed(named)}."
    named = dict.fromkeys(name_reference(seat) for seat in seats)
    return f"{person.name} is none of those whom the flow names: {listed(named)}."


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


def _owned(rule: Rule, met: Iterable[Agent], person: Colleague) -> list[str]:
    """Return the agents whose requests this person may not decide under this rule."""
    if not rule.separation_of_duties:
        return []
    return [agent.name for agent in met if agent.owner_id == person.member.pk]


def _managed(staff: Staff, flow: Flow, met: Iterable[Agent], person: Colleague) -> list[str]:
    """Return the agents whose owner this person manages, where the flow makes something of it."""
    if not flow.asks_manager:
        return []
    return [agent.name for agent in met if person.member.pk in staff.managers_of([agent])]


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
