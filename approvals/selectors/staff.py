"""Everybody and everything that rules speak of, read once: people, groups, rights, agents.

Who may approve is looked at live (domain page, section 4). The number of statements does not
depend on how many rules, people or categories there are.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Value
from django.db.models.functions import JSONObject

from approvals.models import ActionCategory, CategoryGroupPermission, CategoryUserPermission
from approvals.policies import Reference
from approvals.rules import may_be_approver
from approvals.selectors.people import APPROVE, keys_of
from govapp.common import clock
from govapp.common.clock import Now
from tenants.enums import AgentStatus
from tenants.models import Absence, Agent, ApproverGroup, Membership, Tenant
from tenants.selectors import members

Rights = tuple[str, ...]
AHEAD: Final = timedelta(days=90)  # how far absences are looked at


@dataclass(frozen=True)
class Away:
    """One absence; `stand_in` is a membership."""

    starts_at: datetime
    ends_at: datetime
    stand_in: UUID | None


@dataclass(frozen=True)
class Colleague:
    """One member with their groups, whatever their status and roles."""

    member: Membership
    groups: frozenset[str]
    away: tuple[Away, ...] = ()  # now and in the time that is looked ahead, by start
    # With whose references they would be seated at some instant; None: their own.
    seated_as: frozenset[str] | None = None

    @property
    def name(self) -> str:
        return self.member.user.name

    @cached_property
    def keys(self) -> frozenset[str]:
        """Every reference of a flow that means this person."""
        if self.seated_as is not None:
            return self.seated_as
        return keys_of(self.member, self.groups)

    def away_at(self, at: datetime) -> Away | None:
        """Return the absence of this instant, if the person is away then."""
        return next((one for one in self.away if one.starts_at <= at < one.ends_at), None)

    @cached_property
    def is_approver(self) -> bool:
        """Whether the person may be given decisions at all, now."""
        return may_be_approver(self.member)


@dataclass(frozen=True)
class Staff:
    """A tenant as its rules find it. `rights` say what gives a member a category, as `Person`."""

    people: Mapping[UUID, Colleague]  # by membership, ordered by name
    groups: Mapping[str, str]  # slug → name
    categories: Mapping[str, ActionCategory]  # by key, the archived ones too
    rights: Mapping[str, Mapping[UUID, Rights]]  # category key → membership → what gives it
    agents: tuple[Agent, ...]  # those that are not retired, by name
    tenant: Tenant
    read_at: datetime  # the database's time
    # Asked for again and again, by every rule that meets a category.
    _able: dict[str, list[Colleague]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def open_categories(self) -> list[ActionCategory]:
        """The categories that requests can have."""
        return [each for each in self.categories.values() if not each.is_archived]

    @cached_property
    def approvers(self) -> list[Colleague]:
        """Whoever may be given decisions at all, by name."""
        return [person for person in self.people.values() if person.is_approver]

    def has_right(self, person: Colleague, category: str) -> bool:
        """Whether something gives this person the category."""
        return person.member.pk in self.rights.get(category, {})

    def able(self, category: str) -> list[Colleague]:
        """The approvers with the right on a category."""
        if category not in self._able:
            held = self.rights.get(category, {})
            self._able[category] = [one for one in self.approvers if one.member.pk in held]
        return self._able[category]

    def without(self, member_id: UUID, *, group: str = "") -> "Staff":
        """The same staff after somebody has left, or has only left one group."""
        if not group:
            people = {key: one for key, one in self.people.items() if key != member_id}
            return replace(self, people=people)
        person = self.people[member_id]
        left = replace(person, groups=person.groups - {group})
        rights = {
            key: _less(held, member_id, f"group:{group}") for key, held in self.rights.items()
        }
        return replace(self, people={**self.people, member_id: left}, rights=rights)

    def managers_of(self, agents: Iterable[Agent]) -> frozenset[UUID]:
        """The members, if they are here, who manage the owners of these agents."""
        owners = (self.people.get(agent.owner_id) for agent in agents)
        found = {owner.member.manager_id for owner in owners if owner}
        return frozenset(each for each in found if each is not None and each in self.people)

    def meant_by(self, reference: Reference) -> list[Colleague]:
        """The active members whom a reference can mean, approvers or not."""
        active = [person for person in self.people.values() if person.member.is_active]
        if reference.kind == "manager":
            managers = self.managers_of(self.agents)
            return [person for person in active if person.member.pk in managers]
        if reference.kind == "anyone":
            able = {member_id for held in self.rights.values() for member_id in held}
            return [one for one in active if one.is_approver and one.member.pk in able]
        key = reference.key.lower() if reference.kind == "person" else reference.key
        return [person for person in active if key in person.keys]


def _less(held: Mapping[UUID, Rights], member_id: UUID, source: str) -> Mapping[UUID, Rights]:
    """The rights on a category without what one member has from one source."""
    left = tuple(each for each in held.get(member_id, ()) if each != source)
    others = {key: rights for key, rights in held.items() if key != member_id}
    return {**others, member_id: left} if left else others


def read_staff() -> Staff:
    """Return the tenant's people, groups, categories, rights and agents. Seven statements."""
    people = list(_with_absences(members()))
    read_at = vars(people[0])["read_at"] if people else clock.now()
    groups: dict[str, str] = {}
    inside: dict[UUID, set[str]] = defaultdict(set)
    by_group: dict[int, tuple[str, set[UUID]]] = {}
    rows = ApproverGroup.objects.values_list("slug", "name", "group_id", "members__membership_id")
    for slug, name, group_id, member_id in rows.order_by("name", "pk"):
        groups[slug] = name
        held = by_group.setdefault(group_id, (slug, set()))[1]
        if member_id is not None:
            inside[member_id].add(slug)
            held.add(member_id)
    categories = {each.pk: each for each in ActionCategory.objects.order_by("key")}
    rights: dict[str, dict[UUID, Rights]] = {each.key: {} for each in categories.values()}
    by_user = {member.user_id: member.pk for member in people}
    direct = CategoryUserPermission.objects.filter(permission__codename=APPROVE)
    for category_id, user_id in direct.values_list("content_object_id", "user_id"):
        if user_id in by_user:
            rights[categories[category_id].key][by_user[user_id]] = ("person",)
    through = CategoryGroupPermission.objects.filter(permission__codename=APPROVE)
    pairs = through.values_list("content_object_id", "group_id").order_by(
        "group__approver_group__slug"
    )
    for category_id, group_id in pairs:
        slug, held = by_group.get(group_id, ("", set()))
        given = rights[categories[category_id].key]
        for member_id in held:
            given[member_id] = (*given.get(member_id, ()), f"group:{slug}")
    return Staff(
        people={one.pk: Colleague(one, frozenset(inside[one.pk]), _away(one)) for one in people},
        groups=groups,
        categories={each.key: each for each in categories.values()},
        rights=rights,
        agents=tuple(Agent.objects.exclude(status=AgentStatus.RETIRED).order_by("name")),
        tenant=Tenant.objects.get(),
        read_at=read_at,
    )


def _with_absences(found: QuerySet[Membership]) -> QuerySet[Membership]:
    """Members with what is not over of their absences, and the time: no statement more."""
    upcoming = Absence.objects.filter(
        member=OuterRef("pk"),
        cancelled_at=None,
        ends_at__gt=Now(),
        starts_at__lt=Now() + Value(AHEAD),
    ).order_by("starts_at")
    row = JSONObject(start="starts_at", end="ends_at", stand_in="stand_in_id")
    return found.annotate(absences_ahead=ArraySubquery(upcoming.values_list(row)), read_at=Now())


def _away(member: Membership) -> tuple[Away, ...]:
    return tuple(
        Away(
            datetime.fromisoformat(each["start"]),
            datetime.fromisoformat(each["end"]),
            UUID(each["stand_in"]) if each["stand_in"] else None,
        )
        for each in vars(member)["absences_ahead"]
    )
