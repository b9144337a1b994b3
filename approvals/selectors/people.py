"""Who there is, live: approvers with their groups, roles and rights on one category.

People are looked at when they are needed, never frozen (domain page, section 4).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Lower

from approvals.models import ActionRequest, CategoryGroupPermission, CategoryUserPermission
from approvals.policies import Reference
from approvals.policies.seats import REFERENCE_KINDS, SeatKind
from approvals.rules import may_be_approver
from approvals.selectors.contacts import wishes_annotation, with_wishes
from tenants.enums import MemberStatus, Role
from tenants.models import GroupMember, Membership
from tenants.selectors import active_members
from tenants.selectors.absences import current_absences

APPROVE: Final = "approve_actioncategory"


@dataclass(frozen=True)
class Person:
    """One member with everything that seats and rights are made of.

    `keys` are all references that mean this person ("group:finance", "role:approver",
    "person:alice@example.com"); `rights` say what gives them the category ("person",
    "group:finance"), and are empty when nothing does. `reports` are the members whose manager
    this is. What a flow can call the person depends on the request as well: `board.keys_on`.
    `away_until` is set while the person is away; `stands_for` are the approvers who are away now
    and whose stand-in this is, and empty for somebody who is away too: it never cascades.
    """

    member: Membership
    keys: frozenset[str]
    rights: tuple[str, ...]
    reports: frozenset[UUID] = frozenset()
    away_until: datetime | None = None
    stands_for: "tuple[Person, ...]" = ()

    @property
    def name(self) -> str:
        return self.member.user.name


_seen: ContextVar[dict[UUID, list[Person]] | None] = ContextVar("people_seen", default=None)


@contextmanager
def looking_once() -> Iterator[None]:
    """Read the people of a category once inside, however often they are asked for.

    For one step of a service under its lock: to open a stage, to ask its people, and to see
    whether they suffice is one look at them.
    """
    outer = _seen.get()
    token = _seen.set({} if outer is None else outer)
    try:
        yield
    finally:
        _seen.reset(token)


def load_people(category_id: UUID) -> list[Person]:
    """Return every active approver of the tenant. One statement."""
    seen = _seen.get()
    if seen is None:
        return _read_people(category_id)
    if category_id not in seen:
        seen[category_id] = _read_people(category_id)
    return seen[category_id]


def _read_people(category_id: UUID) -> list[Person]:
    members = _with_rights(category_id).filter(
        status=MemberStatus.ACTIVE, user__is_active=True, roles__contains=[Role.APPROVER]
    )
    return _persons(members.order_by("user__name", "pk"))


def find_person(category_id: UUID, member_id: UUID) -> Person | None:
    """Return one member as they are now, from among all approvers where they are one of them.

    For a step that looks at everybody anyway (`looking_once`). One statement, two for others.
    """
    found = (one for one in load_people(category_id) if one.member.pk == member_id)
    return next(found, None) or load_person(category_id, member_id)


def load_person(category_id: UUID, member_id: UUID) -> Person | None:
    """Return one member as they are now, whatever their status. One statement."""
    absent = current_absences().filter(stand_in=member_id).values("member_id")
    found = _persons(_with_rights(category_id).filter(Q(pk=member_id) | Q(pk__in=absent)))
    return next((one for one in found if one.member.pk == member_id), None)


def members_named(references: Iterable[Reference], *, request: ActionRequest) -> list[Membership]:
    """Return the active members whom any of these references means, by name.

    Approvers or not, except that only approvers are anybody with the right: as `keys_of` and
    `board.keys_on` say. One statement, two where somebody with the right is meant.
    """
    refs: dict[SeatKind, list[str]] = {kind: [] for kind in REFERENCE_KINDS}
    for each in references:
        refs[each.kind].append(each.ref.lower() if each.kind == "person" else each.ref)
    mine = GroupMember.objects.filter(
        membership=OuterRef("pk"), approver_group__slug__in=refs["group"]
    )
    meant = Q(Exists(mine)) | Q(roles__overlap=refs["role"]) | Q(address__in=refs["person"])
    if refs["manager"]:
        reports = Membership.objects.filter(manager=OuterRef("pk"), pk=request.agent.owner_id)
        meant |= Q(Exists(reports))
    if refs["anyone"] and request.category_id:
        able = [one.member.pk for one in load_people(request.category_id) if one.rights]
        meant |= Q(pk__in=able)
    people = with_wishes(active_members())
    return list(people.annotate(address=Lower("user__email")).filter(meant))


def _with_rights(category_id: UUID) -> QuerySet[Membership]:
    """Members with their groups and rights.

    The same answer as guardian's, without its defaults: no global permission and no superuser
    gives a right on a category. Row-level security keeps every part inside the tenant.
    """
    mine = GroupMember.objects.filter(membership=OuterRef("pk"))
    absences = current_absences()
    for_groups = CategoryGroupPermission.objects.filter(
        content_object=category_id, permission__codename=APPROVE
    )
    return Membership.objects.select_related("user").annotate(
        group_slugs=ArraySubquery(mine.values("approver_group__slug")),
        right_slugs=ArraySubquery(
            mine.filter(group__in=for_groups.values("group")).values("approver_group__slug")
        ),
        has_right=Exists(
            CategoryUserPermission.objects.filter(
                user=OuterRef("user_id"),
                content_object=category_id,
                permission__codename=APPROVE,
            )
        ),
        away_until=Subquery(
            absences.filter(member=OuterRef("pk")).order_by("-ends_at").values("ends_at")[:1]
        ),
        absentees=ArraySubquery(absences.filter(stand_in=OuterRef("pk")).values("member_id")),
        report_ids=ArraySubquery(Membership.objects.filter(manager=OuterRef("pk")).values("pk")),
        **wishes_annotation(),
    )


def _persons(members: Iterable[Membership]) -> list[Person]:
    """Everybody found, each with those found whom they stand in for."""
    found = {member.pk: _person(member) for member in members}
    return [_standing_in(person, found) for person in found.values()]


def _standing_in(person: Person, found: Mapping[UUID, Person]) -> Person:
    absentees: Sequence[UUID] = vars(person.member)["absentees"]
    if not absentees or person.away_until is not None:
        return person
    absent = (found[each] for each in absentees if each in found)
    able = [each for each in absent if may_be_approver(each.member)]
    return replace(person, stands_for=tuple(sorted(able, key=lambda one: one.name)))


def _person(member: Membership) -> Person:
    found = vars(member)  # the annotations
    direct = ("person",) if found["has_right"] else ()
    return Person(
        member=member,
        keys=keys_of(member, found["group_slugs"]),
        rights=direct + tuple(f"group:{slug}" for slug in sorted(found["right_slugs"])),
        away_until=found["away_until"],
        reports=frozenset(found["report_ids"]),
    )


def keys_of(member: Membership, group_slugs: Iterable[str]) -> frozenset[str]:
    """Return every reference that means this member, whatever the request."""
    return frozenset(
        {f"person:{member.user.email.lower()}"}
        | {f"role:{role}" for role in member.roles}
        | {f"group:{slug}" for slug in group_slugs}
    )
