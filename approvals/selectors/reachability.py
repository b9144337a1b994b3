"""Whether the people there are could complete every flow of a policy (domain page, section 7)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from approvals.models import ActionCategory
from approvals.policies import REQUIRE_APPROVAL, Policy, Problem, Rule, find_unreachable
from approvals.policies.demands import Crowd
from tenants.enums import AgentStatus, MemberStatus, Role
from tenants.models import Agent, ApproverGroup, Membership

_APPROVE: Final = "approve_actioncategory"


@dataclass(frozen=True)
class Directory:
    """Who may vote now, by lower-case e-mail address."""

    groups: Mapping[str, frozenset[str]]
    roles: Mapping[str, frozenset[str]]
    people: frozenset[str]

    def only(self, people: frozenset[str]) -> "Directory":
        """The same names with nobody but `people`."""
        return Directory(
            {name: members & people for name, members in self.groups.items()},
            {name: members & people for name, members in self.roles.items()},
            self.people & people,
        )

    def problems(self, policy: Policy) -> list[Problem]:
        return find_unreachable(policy, groups=self.groups, roles=self.roles, people=self.people)


def read_directory() -> Directory:
    """Return every active approver with their groups and roles. Two statements."""
    emails = {
        member.user_id: (member.user.email.lower(), member.roles)
        for member in Membership.objects.filter(
            status=MemberStatus.ACTIVE, user__is_active=True, roles__contains=[Role.APPROVER]
        ).select_related("user")
    }
    groups: dict[str, set[str]] = {}
    for slug, user_id in ApproverGroup.objects.values_list("slug", "members__user_id"):
        groups.setdefault(slug, set())
        if user_id in emails:
            groups[slug].add(emails[user_id][0])
    return Directory(
        {slug: frozenset(members) for slug, members in groups.items()},
        {
            role: frozenset(email for email, roles in emails.values() if role in roles)
            for role in Role.values
        },
        frozenset(email for email, _ in emails.values()),
    )


def find_obstacles(policy: Policy) -> list[Problem]:
    """Return why flows of this policy could not be completed by the people there are now.

    First everybody who may vote at all; then, for each rule, only those with the right on a
    category that it names; then, where duties are separated, without the owner of each agent
    that it can meet. A rule for many categories (`payments.*`) needs one it can work for.
    """
    directory = read_directory()
    problems = directory.problems(policy)
    if problems:
        return problems
    holders = _holders()
    owners = list(_owners())
    for position, rule in enumerate(policy.rules):
        if rule.then == REQUIRE_APPROVAL:
            problems.extend(_obstacles(policy, position, rule, directory, holders, owners))
    return problems


def _obstacles(
    policy: Policy,
    position: int,
    rule: Rule,
    directory: Directory,
    holders: Mapping[str, frozenset[str]],
    owners: list[tuple[Agent, str]],
) -> Iterator[Problem]:
    place = f"/rules/{position}/flow"
    exact = [name for name in rule.when.categories if not name.endswith("*")]
    for category in (name for name in exact if name in holders):
        able = directory.only(holders[category])
        if short := _short(policy, rule, able):
            yield Problem(place, f"Rule {rule.id}, category {category}: {short}")
        elif rule.separation_of_duties:
            yield from _without_owners(policy, place, rule, category, able, owners)
    wide = [name for name in holders if name not in exact and _fits_any(rule, name)]
    if wide and not exact and all(_short(policy, rule, directory.only(holders[n])) for n in wide):
        short = _short(policy, rule, directory.only(holders[wide[0]]))
        yield Problem(place, f"Rule {rule.id}, category {wide[0]}: {short}")


def _without_owners(
    policy: Policy,
    place: str,
    rule: Rule,
    category: str,
    able: Directory,
    owners: list[tuple[Agent, str]],
) -> Iterator[Problem]:
    for agent, owner in owners:
        if owner not in able.people or not _meets(rule, agent):
            continue
        if short := _short(policy, rule, able.only(able.people - {owner})):
            yield Problem(
                place,
                f"Rule {rule.id}, category {category}, agent {agent.name}: its owner {owner}"
                f" may not approve, and then: {short}",
            )


def _short(policy: Policy, rule: Rule, directory: Directory) -> str:
    """Return why the rule's flow cannot be completed by these people, or an empty string."""
    pointer = f"/flows/{str(rule.flow).replace('~', '~0').replace('/', '~1')}"
    for problem in directory.problems(policy):
        if problem.pointer == pointer or problem.pointer.startswith(f"{pointer}/stages"):
            if "/escalations/" in problem.pointer:
                continue  # whoever is added later is not counted on
            return problem.message.replace("nobody is in", "nobody with the right is in")
    return ""


def _holders() -> dict[str, frozenset[str]]:
    """Return who has the right on each category, directly or through a group."""
    found: dict[str, set[str]] = {}
    categories = ActionCategory.objects.filter(is_archived=False)
    for key in categories.values_list("key", flat=True):
        found[key] = set()
    direct = categories.filter(user_permissions__permission__codename=_APPROVE)
    for key, email in direct.values_list("key", "user_permissions__user__email"):
        found[key].add(email.lower())
    through = categories.filter(
        group_permissions__permission__codename=_APPROVE,
        group_permissions__group__group_members__user__isnull=False,
    )
    for key, email in through.values_list(
        "key", "group_permissions__group__group_members__user__email"
    ):
        found[key].add(email.lower())
    return {key: frozenset(emails) for key, emails in found.items()}


def _owners() -> Iterator[tuple[Agent, str]]:
    agents = Agent.objects.exclude(status=AgentStatus.RETIRED).select_related("owner__user")
    for agent in agents.order_by("name"):
        yield agent, agent.owner.user.email.lower()


def _meets(rule: Rule, agent: Agent) -> bool:
    labels, tiers = rule.when.agent_labels, rule.when.agent_tiers
    return (not labels or bool(set(labels) & set(agent.labels))) and (
        not tiers or agent.trust_tier in tiers
    )


def _fits_any(rule: Rule, category: str) -> bool:
    return any(
        pattern == "*" or (pattern.endswith(".*") and category.startswith(pattern[:-1]))
        for pattern in rule.when.categories
    )


def read_crowd() -> Crowd:
    """Return who may vote now and who has the right on each category. Four statements or five."""
    directory = read_directory()
    return Crowd(directory.groups, directory.roles, directory.people, _holders())
