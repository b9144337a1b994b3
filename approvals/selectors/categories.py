"""Kinds of action, and who may approve them."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from approvals.models import ActionCategory, CategoryGroupPermission, CategoryUserPermission
from approvals.selectors.people import APPROVE
from approvals.selectors.reviews import BREAK_GLASS
from govapp.common.errors import NotFound
from govapp.common.ids import InvalidId, parse_public_id
from tenants.models import ApproverGroup, Membership

_RIGHTS: Final = (APPROVE, BREAK_GLASS)
_Given = tuple[UUID, str]


@dataclass(frozen=True)
class CategoryRow:
    """A category with who may approve it, and who may alone, in an emergency."""

    category: ActionCategory
    groups: tuple[ApproverGroup, ...]
    members: tuple[Membership, ...]
    alone_groups: tuple[ApproverGroup, ...] = ()
    alone_members: tuple[Membership, ...] = ()


def list_categories() -> list[CategoryRow]:
    """Return every category by key, with its rights. Four statements."""
    return _with_rights(list(ActionCategory.objects.order_by("is_archived", "key")))


def get_category(public_id: str) -> CategoryRow:
    """Return the category with this public id and its rights; raise `NotFound`."""
    try:
        ident = parse_public_id("cat", public_id)
    except InvalidId as error:
        raise NotFound(str(error)) from None
    found = _with_rights(list(ActionCategory.objects.filter(pk=ident)))
    if not found:
        raise NotFound("There is no such category here.")
    return found[0]


def _with_rights(categories: list[ActionCategory]) -> list[CategoryRow]:
    ids = [category.pk for category in categories]
    to_groups: dict[_Given, list[ApproverGroup]] = defaultdict(list)
    given = CategoryGroupPermission.objects.filter(
        content_object__in=ids, permission__codename__in=_RIGHTS
    ).values_list("content_object_id", "permission__codename", "group_id")
    groups = {group.group_id: group for group in ApproverGroup.objects.order_by("name")}
    for category_id, right, group_id in given.order_by("group__approver_group__name"):
        if group_id in groups:
            to_groups[category_id, right].append(groups[group_id])
    to_members: dict[_Given, list[Membership]] = defaultdict(list)
    for category_id, right, member in _people_given(ids):
        to_members[category_id, right].append(member)
    return [
        CategoryRow(
            category,
            tuple(to_groups[category.pk, APPROVE]),
            tuple(to_members[category.pk, APPROVE]),
            tuple(to_groups[category.pk, BREAK_GLASS]),
            tuple(to_members[category.pk, BREAK_GLASS]),
        )
        for category in categories
    ]


def _people_given(ids: list[UUID]) -> list[tuple[UUID, str, Membership]]:
    rights = CategoryUserPermission.objects.filter(
        content_object__in=ids, permission__codename__in=_RIGHTS
    )
    rows = list(rights.values_list("content_object_id", "permission__codename", "user_id"))
    people: QuerySet[Membership] = Membership.objects.select_related("user").order_by("user__name")
    members = {member.user_id: member for member in people.filter(user__in=rights.values("user"))}
    order = {user: place for place, user in enumerate(members)}
    rows = sorted((row for row in rows if row[2] in members), key=lambda row: order[row[2]])
    return [(ident, right, members[user]) for ident, right, user in rows]


def cost_class_of(key: str) -> str:
    """Return a category's cost class; empty for none, and for a category that is not known."""
    classes = ActionCategory.objects.filter(key=key).values_list("cost_class", flat=True)
    return (classes.first() or "") if key else ""
