"""What breaks when somebody leaves, is away, or leaves a group (ux page, 5)."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple
from uuid import UUID

from approvals.enums import RequestStatus
from approvals.models import ActionRequest
from approvals.policies import Flow, Policy, PolicyInvalid, Rule
from approvals.policies.shown import listed
from approvals.selectors.board import load_boards
from approvals.selectors.people import Person, load_people
from approvals.selectors.policies import compiled, live_policy
from approvals.selectors.reachability import categories_met, meets
from approvals.selectors.seating import NOBODY, seat_flow, who_is_indispensable
from approvals.selectors.staff import Colleague, Staff, read_staff
from approvals.selectors.who import asking_rules
from tenants.models import Agent, Membership

# The most urgent ones; a tenant with more pending requests has other worries than this list.
_MOST_PENDING: Final = 500
_MOST_NAMED: Final = 5


@dataclass(frozen=True)
class Breakage:
    """What could no longer be completed without one person, in sentences."""

    impossible: tuple[str, ...]
    thin: tuple[str, ...]
    stuck: tuple[ActionRequest, ...]

    @property
    def is_grave(self) -> bool:
        """Whether something would stand still."""
        return bool(self.impossible or self.stuck)

    @property
    def sentences(self) -> tuple[str, ...]:
        """Everything that would stand still, for whoever has to confirm it."""
        stuck = len(self.stuck)
        noun = "request that waits" if stuck == 1 else "requests that wait"
        said = f"{stuck} {noun} could no longer be approved." if stuck else ""
        return (*self.impossible, *([said] if said else []))

    def to_dict(self) -> dict[str, object]:
        """The breakage as JSON."""
        return {
            "impossible": list(self.impossible),
            "without_margin": list(self.thin),
            "stuck_requests": [
                {"id": each.public_id, "summary": each.summary} for each in self.stuck
            ],
        }


def what_breaks_without(
    member: Membership,
    *,
    group: str = "",
    policy: Policy | None = None,
    staff: Staff | None = None,
) -> Breakage:
    """Return which rules and requests would stand still without a person.

    With `group` the person stays and only leaves that group. Under the live policy unless one is
    given. The statements are constant but for one for each category of what is pending.
    """
    staff = staff or read_staff()
    policy = policy or _live()
    if member.pk not in staff.people:
        return Breakage((), (), ())
    impossible, thin = (
        _rules(policy, staff, staff.without(member.pk, group=group)) if policy else ([], [])
    )
    return Breakage(tuple(impossible), tuple(thin), tuple(_stuck(member, group)))


def _live() -> Policy | None:
    version = live_policy()
    try:
        return compiled(version) if version else None
    except PolicyInvalid:
        return None


def _rules(policy: Policy, before: Staff, after: Staff) -> tuple[list[str], list[str]]:
    """Return the rules that become impossible, and those that lose their margin."""
    impossible, thin = [], []
    then, later = _Margins(policy, before), _Margins(policy, after)
    for rule in asking_rules(policy):
        broken, weakened = [], []
        for category in categories_met(policy, rule, before):
            was, _ = then.of(rule, category.key)
            now, askers = later.of(rule, category.key)
            place = f"{category.key} when {listed(askers)} asks" if askers else category.key
            if was >= 0 > now:
                broken.append(place)
            elif was > 0 == now:
                weakened.append(place)
        name = "the default" if rule.id == "default" else f"rule {rule.id}"
        if broken:
            named = listed(broken, most=_MOST_NAMED)
            impossible.append(f"{_upper(name)} could no longer be completed for {named}.")
        if weakened:
            named = listed(weakened, most=_MOST_NAMED)
            thin.append(f"{_upper(name)} would have no margin left for {named}.")
    return impossible, thin


class _Side(NamedTuple):
    """What an agent changes about who can vote: its owner cannot, and that person's manager."""

    kept_out: UUID | None
    managers: Set[UUID]


@dataclass
class _Margins:
    """How much margin flows have. Each distinct question is answered once, whoever asks it."""

    policy: Policy
    staff: Staff
    known: dict[tuple[object, ...], dict[_Side, int]] = field(default_factory=dict)
    able_ids: dict[str, frozenset[UUID]] = field(default_factory=dict)

    def of(self, rule: Rule, category: str) -> tuple[int, list[str]]:
        """Return -1 where the flow is impossible, 0 where it hangs on single people, else 1.

        It has to work for every agent that the rule can meet; the agents are named where it is
        worse for theirs than for others'.
        """
        flow = self.policy.flows[str(rule.flow)]
        able = self.staff.able(category)
        sides = {
            agent.name: self._side(rule, flow, agent, category)
            for agent in self.staff.agents
            if meets(rule, agent)
        }
        key = rule.flow, frozenset(sides.values()), category
        if key not in self.known:
            self.known[key] = self._margins(flow, able, set(sides.values()))
        margins = self.known[key]
        margin, best = min(margins.values()), max(margins.values())
        return margin, [
            name for name, side in sides.items() if margins.get(side, best) == margin < best
        ]

    def _side(self, rule: Rule, flow: Flow, agent: Agent, category: str) -> _Side:
        able = self.able_ids.get(category)
        if able is None:
            able = frozenset(person.member.pk for person in self.staff.able(category))
            self.able_ids[category] = able
        is_kept_out = rule.separation_of_duties and agent.owner_id in able
        managers = self.staff.managers_of([agent]) if flow.asks_manager else NOBODY
        return _Side(agent.owner_id if is_kept_out else None, managers)

    def _margins(
        self, flow: Flow, able: Sequence[Colleague], sides: set[_Side]
    ) -> dict[_Side, int]:
        """Return the margin for each side, and for everybody where no agent matters."""
        if flow.asks_manager and sides:
            return {side: _margin(flow, able, side) for side in sides}
        managers = self.staff.managers_of(self.staff.agents) if flow.asks_manager else NOBODY
        everybody = _Side(None, managers)
        whole = _margin(flow, able, everybody)
        return {everybody: whole} | {
            side: _margin(flow, able, side) for side in sides - {everybody} if whole >= 0
        }


def _margin(flow: Flow, able: Sequence[Colleague], side: _Side) -> int:
    there = [person for person in able if person.member.pk != side.kept_out]
    if not seat_flow(flow, there, side.managers).is_complete:
        return -1
    return 0 if who_is_indispensable(flow, there, side.managers) else 1


def _stuck(member: Membership, group: str) -> list[ActionRequest]:
    """Return the pending requests that can be completed now and then no longer could."""
    pending = list(
        ActionRequest.objects.filter(status=RequestStatus.PENDING, category__isnull=False)
        .select_related("agent")
        .order_by("deadline_at", "pk")[:_MOST_PENDING]
    )
    people: dict[object, list[Person]] = {}
    for request in pending:
        if request.category_id and request.category_id not in people:
            people[request.category_id] = load_people(request.category_id)
    found = []
    for board in load_boards(pending) if pending else []:
        there = people[board.request.category_id]
        left = _left(there, member, group)
        if not board.find_unreachable(there) and board.find_unreachable(left):
            found.append(board.request)
    return found


def _left(people: Sequence[Person], member: Membership, group: str) -> list[Person]:
    def without(one: Person) -> Person:
        key = f"group:{group}"
        rights = tuple(right for right in one.rights if right != key)
        return replace(one, keys=one.keys - {key}, rights=rights)

    left = []
    for one in people:
        # Nobody stands in for whoever has left; who stands in has what the other has left.
        absent = tuple(
            without(each) if each.member.pk == member.pk else each
            for each in one.stands_for
            if group or each.member.pk != member.pk
        )
        if one.member.pk != member.pk:
            left.append(replace(one, stands_for=absent))
        elif group:
            left.append(without(one))
    return left


def _upper(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}"
