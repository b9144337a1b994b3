"""Members of a tenant: their roles, and being let in, kept out and let in again."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction

from govapp.common.errors import Conflict, Forbidden
from tenants import rules
from tenants.audit_events import people as events
from tenants.departures import weigh_departure
from tenants.enums import MemberStatus, Role
from tenants.models import Membership, Tenant, User
from tenants.services.checks import clean_roles, clean_text, fault
from tenants.services.invitations import (
    accept_invitation,
    invite_member,
    resend_invitation,
    revoke_invitation,
)

__all__ = [
    "accept_invitation",
    "add_member",
    "change_roles",
    "invite_member",
    "resend_invitation",
    "resume_member",
    "revoke_invitation",
    "set_manager",
    "suspend_member",
]


@transaction.atomic
def add_member(*, actor: Membership, user: User, roles: Iterable[str]) -> Membership:
    """Make an existing login a member at once, and return the membership.

    For set-up and administration; people are asked by `invite_member`. Raises `Forbidden`,
    `Invalid` for the roles, `Conflict` when the person is a member already.
    """
    _require_owner(actor)
    cleaned = clean_roles(roles)
    try:
        with transaction.atomic():
            member = Membership.objects.create(user=user, roles=cleaned)
    except IntegrityError:
        raise Conflict(f"{user.email} is a member already.", code="already_member") from None
    events.member_joined(member=member, added_by=actor)
    return member


@transaction.atomic
def change_roles(
    *, actor: Membership, member: Membership, roles: Iterable[str], confirmed: bool = True
) -> Membership:
    """Give the member exactly these roles, and return the membership.

    Raises `Forbidden`, `Invalid`, `Conflict` when no active owner would be left, and
    `ConfirmationNeeded` unless it is confirmed that what needs them as approver stands still.
    """
    _require_owner(actor)
    cleaned = clean_roles(roles)
    member = _locked(member)
    before = list(member.roles)
    if cleaned == before:
        return member
    if Role.OWNER not in cleaned:
        _keep_an_owner(without=member)
    leaves = Role.APPROVER in before and Role.APPROVER not in cleaned
    breaks = weigh_departure(member, confirmed=confirmed) if leaves else []
    member.roles = cleaned
    member.save(update_fields=["roles"])
    events.member_roles_changed(actor=actor, member=member, before=before, breaks=breaks)
    return member


@transaction.atomic
def suspend_member(
    *, actor: Membership, member: Membership, reason: str = "", confirmed: bool = True
) -> Membership:
    """Keep the member out from the next request on; votes already cast stay.

    Raises `Forbidden` (also for oneself), `Conflict` when suspended already or when no active
    owner would be left, and `ConfirmationNeeded` unless it is confirmed that rules or requests
    stand still without them. What does is recorded.
    """
    _require_owner(actor)
    reason = clean_text(reason, field="reason", at_most=300, required=False)
    if actor.pk == member.pk:
        raise Forbidden("Nobody suspends themselves: ask another owner.")
    member = _locked(member)
    if member.status != MemberStatus.ACTIVE:
        raise Conflict(f"{member.user.name} is not active.", code="not_active")
    _keep_an_owner(without=member)
    breaks = weigh_departure(member, confirmed=confirmed)
    member.status = MemberStatus.SUSPENDED
    member.save(update_fields=["status"])
    events.member_suspended(actor=actor, member=member, reason=reason, breaks=breaks)
    return member


@transaction.atomic
def resume_member(*, actor: Membership, member: Membership) -> Membership:
    """End a suspension. Raises `Forbidden`, and `Conflict` when the member is not suspended."""
    _require_owner(actor)
    member = _locked(member)
    if member.status != MemberStatus.SUSPENDED:
        raise Conflict(f"{member.user.name} is not suspended.", code="not_suspended")
    member.status = MemberStatus.ACTIVE
    member.save(update_fields=["status"])
    events.member_resumed(actor=actor, member=member)
    return member


@transaction.atomic
def set_manager(*, actor: Membership, member: Membership, manager: Membership | None) -> Membership:
    """Say to whom the member reports (None: to nobody), and return the membership.

    Whoever manages an agent's owner fills the seats that ask for that manager, from then on in
    requests that wait as well. Raises `Forbidden`, and `Invalid` when somebody would be their own
    manager or the manager is not active.
    """
    _require_owner(actor)
    member = _locked(member)
    before = member.manager
    if manager == before:
        return member
    if manager is not None and manager.pk == member.pk:
        raise fault("manager", "Nobody is their own manager: choose somebody else.")
    if manager is not None and not manager.is_active:
        raise fault("manager", f"{manager.user.name} is not active: choose somebody else.")
    member.manager = manager
    member.save(update_fields=["manager"])
    events.member_manager_set(actor=actor, member=member, before=before)
    return member


def _require_owner(actor: Membership) -> None:
    rules.require(rules.may_manage_people(actor), "Only an owner can manage people.")


def _locked(member: Membership) -> Membership:
    """Lock the tenant, then the member: two owners who demote each other wait in line."""
    Tenant.objects.select_for_update().get()
    return (
        Membership.objects.select_for_update(of=("self",))
        .select_related("user", "manager__user")
        .get(pk=member.pk)
    )


def _keep_an_owner(*, without: Membership) -> None:
    others = Membership.objects.filter(
        roles__contains=[Role.OWNER.value], status=MemberStatus.ACTIVE, user__is_active=True
    ).exclude(pk=without.pk)
    if not others.exists():
        raise Conflict("The account needs at least one active owner.", code="last_owner")
