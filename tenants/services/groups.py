"""Approver groups: named sets of members that seats and rights are given to."""

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from govapp.common.errors import Conflict
from tenants import rules
from tenants.audit_events import people as events
from tenants.departures import weigh_departure
from tenants.models import ApproverGroup, GroupMember, Membership
from tenants.services.checks import clean_slug, clean_text


@transaction.atomic
def create_group(
    *, actor: Membership, slug: str, name: str, description: str = ""
) -> ApproverGroup:
    """Make a group, and return it. Policies name it by `slug`, which therefore never changes.

    Raises `Forbidden`, `Invalid`, and `Conflict` when the slug is taken.
    """
    _require_owner(actor)
    slug = clean_slug(slug)
    name = clean_text(name, field="name", at_most=100)
    description = clean_text(description, field="description", at_most=300, required=False)
    try:
        with transaction.atomic():
            # Django's groups know no tenant; their name has to be unique over all of them.
            twin = Group.objects.create(name=f"{actor.tenant_id}:{slug}")
            group = ApproverGroup.objects.create(
                slug=slug, name=name, description=description, group=twin
            )
    except IntegrityError:
        raise Conflict(f"There is a group {slug} already.", code="slug_taken") from None
    events.group_created(actor=actor, group=group)
    return group


@transaction.atomic
def add_to_group(*, actor: Membership, group: ApproverGroup, member: Membership) -> GroupMember:
    """Put an active member into the group. Raises `Forbidden` and `Conflict`."""
    _require_owner(actor)
    if not member.is_active:
        raise Conflict(f"{member.user.name} is not active.", code="not_active")
    try:
        with transaction.atomic():
            row = GroupMember.objects.create(
                user=member.user, group=group.group, approver_group=group, membership=member
            )
    except IntegrityError:
        raise Conflict(
            f"{member.user.name} is in {group.name} already.", code="already_in_group"
        ) from None
    events.group_member_added(actor=actor, group=group, member=member)
    return row


@transaction.atomic
def remove_from_group(
    *, actor: Membership, group: ApproverGroup, member: Membership, confirmed: bool = True
) -> None:
    """Take a member out of the group; votes already cast stay.

    Raises `Forbidden`, `Conflict`, and `ConfirmationNeeded` unless it is confirmed that rules or
    requests stand still without them. What does is recorded.
    """
    _require_owner(actor)
    breaks = weigh_departure(member, group=group.slug, confirmed=confirmed)
    removed, _ = GroupMember.objects.filter(approver_group=group, membership=member).delete()
    if not removed:
        raise Conflict(f"{member.user.name} is not in {group.name}.", code="not_in_group")
    events.group_member_removed(actor=actor, group=group, member=member, breaks=breaks)


def _require_owner(actor: Membership) -> None:
    rules.require(rules.may_manage_people(actor), "Only an owner can manage groups.")
