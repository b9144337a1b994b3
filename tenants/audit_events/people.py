"""Events about the tenant itself, its members, invitations and groups."""

from collections.abc import Mapping, Sequence

from audit.actors import SYSTEM, Actor, Words
from audit.services import record
from tenants.audit_events.words import (
    Change,
    changes_data,
    changes_sentence,
    group_subject,
    invitation_subject,
    member_subject,
    name_of,
    role_words,
    said,
    tenant_subject,
)
from tenants.models import ApproverGroup, Invitation, Membership, Tenant


def tenant_created(*, tenant: Tenant, owner: Membership) -> None:
    record(
        event_type="tenant.created",
        actor=SYSTEM,
        subject=tenant_subject(tenant),
        summary=f"The account {tenant.name} was created with {owner.user.name} as its owner.",
        data={"slug": tenant.slug, "time_zone": tenant.time_zone, "owner": owner.public_id},
        personal=[name_of(owner)],
    )


def tenant_settings_changed(
    *, actor: Membership, tenant: Tenant, changes: Mapping[str, Change]
) -> None:
    record(
        event_type="tenant.settings_changed",
        actor=actor.as_actor(),
        subject=tenant_subject(tenant),
        summary=f"{actor.user.name} changed the settings: {changes_sentence(changes)}.",
        data={"changes": changes_data(changes)},
    )


def tenant_suspension_changed(*, actor: Actor, tenant: Tenant, reason: str) -> None:
    """The account was closed or opened by whoever runs the installation."""
    did = "suspended" if tenant.is_suspended else "resumed"
    words = "suspended" if tenant.is_suspended else "ended the suspension of"
    record(
        event_type=f"tenant.{did}",
        actor=actor,
        subject=tenant_subject(tenant),
        summary=f"{actor.name} {words} the account {tenant.name}: {reason}",
        data={"reason": Words(reason, actor.id), "operator": actor.name},
    )


def retention_set(*, actor: Membership, tenant: Tenant, before: int | None) -> None:
    """Records are kept for another time from now on; what is there stays."""
    formerly = f" instead of {before}" if before else ""
    record(
        event_type="tenant.retention_set",
        actor=actor.as_actor(),
        subject=tenant_subject(tenant),
        summary=(
            f"{actor.user.name} set that records are kept for at least {tenant.retention_days}"
            f" days{formerly}."
        ),
        data={"days": tenant.retention_days, "before": before},
    )


def daily_pruning_switched(*, actor: Membership, tenant: Tenant) -> None:
    """What is over age goes by itself from now on, or not any more."""
    does = (
        "goes by itself every day from now on" if tenant.prunes_daily else "goes by itself no more"
    )
    record(
        event_type="tenant.retention_daily_switched",
        actor=actor.as_actor(),
        subject=tenant_subject(tenant),
        summary=(
            f"{actor.user.name} set that what is older than {tenant.retention_days} days goes by"
            f" itself {does}."
        ),
        data={"is_on": tenant.prunes_daily, "days": tenant.retention_days},
    )


def retention_locked(*, actor: Membership, tenant: Tenant) -> None:
    """The time of keeping becomes only longer from now on."""
    record(
        event_type="tenant.retention_locked",
        actor=actor.as_actor(),
        subject=tenant_subject(tenant),
        summary=(
            f"{actor.user.name} fixed that records are kept for {tenant.retention_days} days or"
            " longer, and never for less."
        ),
        data={"days": tenant.retention_days},
    )


def contest_text_set(*, actor: Membership, tenant: Tenant, before: str) -> None:
    """People affected by a decision read another contact from now on."""
    said = f"now: {tenant.contest_text}" if tenant.contest_text else "nothing is said any more"
    record(
        event_type="tenant.contest_text_set",
        actor=actor.as_actor(),
        subject=tenant_subject(tenant),
        summary=f"{actor.user.name} set how a decision can be contested; {said}",
        data={"text": tenant.contest_text, "before": before},
    )


def member_invited(*, actor: Membership, invitation: Invitation) -> None:
    record(
        event_type="member.invited",
        actor=actor.as_actor(),
        subject=invitation_subject(invitation),
        summary=(
            f"{actor.user.name} invited {invitation.email} as {role_words(invitation.roles)}."
        ),
        data={
            "email": invitation.email,
            "roles": list(invitation.roles),
            "expires_at": invitation.expires_at.isoformat(),
        },
    )


def invitation_resent(*, actor: Membership, invitation: Invitation) -> None:
    record(
        event_type="invitation.resent",
        actor=actor.as_actor(),
        subject=invitation_subject(invitation),
        summary=f"{actor.user.name} sent the invitation to {invitation.email} again.",
        data={"email": invitation.email, "expires_at": invitation.expires_at.isoformat()},
    )


def invitation_revoked(*, actor: Membership, invitation: Invitation) -> None:
    record(
        event_type="invitation.revoked",
        actor=actor.as_actor(),
        subject=invitation_subject(invitation),
        summary=f"{actor.user.name} withdrew the invitation to {invitation.email}.",
        data={"email": invitation.email},
    )


def member_joined(
    *, member: Membership, added_by: Membership | None, invitation: Invitation | None = None
) -> None:
    """A person became a member: by an invitation, or added by an owner or the set-up."""
    how = "by invitation" if invitation else f"added by {added_by.user.name}" if added_by else ""
    actor = member.as_actor() if invitation else added_by.as_actor() if added_by else SYSTEM
    record(
        event_type="member.joined",
        actor=actor,
        subject=member_subject(member),
        summary=(
            f"{member.user.name} joined as {role_words(member.roles)}{f', {how}' if how else ''}."
        ),
        data={
            "email": member.user.email,
            "roles": list(member.roles),
            "invitation": invitation_subject(invitation).id if invitation else None,
        },
    )


def member_roles_changed(
    *, actor: Membership, member: Membership, before: Sequence[str], breaks: Sequence[str] = ()
) -> None:
    record(
        event_type="member.roles_changed",
        actor=actor.as_actor(),
        subject=member_subject(member),
        summary=(
            f"{actor.user.name} changed the roles of {member.user.name}"
            f" from {role_words(before)} to {role_words(member.roles)}."
        ),
        data={"from": list(before), "to": list(member.roles)} | _broken(breaks),
    )


def member_manager_set(*, actor: Membership, member: Membership, before: Membership | None) -> None:
    """To whom somebody reports: it decides who fills the seats of an agent's owner's manager."""
    now = member.manager
    formerly = f" instead of {before.user.name}" if before and now else ""
    words = (
        f"made {now.user.name} the manager of {member.user.name}{formerly}"
        if now
        else f"set that {member.user.name} has no manager"
    )
    record(
        event_type="member.manager_set",
        actor=actor.as_actor(),
        subject=member_subject(member),
        summary=f"{actor.user.name} {words}.",
        data={
            "from": before.public_id if before else None,
            "to": now.public_id if now else None,
        },
        personal=[name_of(each) for each in (before, now) if each],
    )


def member_suspended(
    *, actor: Membership, member: Membership, reason: str, breaks: Sequence[str] = ()
) -> None:
    record(
        event_type="member.suspended",
        actor=actor.as_actor(),
        subject=member_subject(member),
        summary=(
            f"{actor.user.name} suspended {member.user.name}{f': {reason}' if reason else '.'}"
        ),
        data={"email": member.user.email, "reason": said(reason, actor)} | _broken(breaks),
    )


def member_resumed(*, actor: Membership, member: Membership) -> None:
    record(
        event_type="member.resumed",
        actor=actor.as_actor(),
        subject=member_subject(member),
        summary=f"{actor.user.name} ended the suspension of {member.user.name}.",
        data={"email": member.user.email},
    )


def group_created(*, actor: Membership, group: ApproverGroup) -> None:
    record(
        event_type="group.created",
        actor=actor.as_actor(),
        subject=group_subject(group),
        summary=f"{actor.user.name} created the group {group.name}.",
        data={"slug": group.slug, "name": group.name, "description": group.description},
    )


def group_member_added(*, actor: Membership, group: ApproverGroup, member: Membership) -> None:
    record(
        event_type="group.member_added",
        actor=actor.as_actor(),
        subject=group_subject(group),
        summary=f"{actor.user.name} added {member.user.name} to the group {group.name}.",
        data={"slug": group.slug, "member": member.public_id, "name": name_of(member)},
    )


def group_member_removed(
    *, actor: Membership, group: ApproverGroup, member: Membership, breaks: Sequence[str] = ()
) -> None:
    data = {"slug": group.slug, "member": member.public_id, "name": name_of(member)}
    record(
        event_type="group.member_removed",
        actor=actor.as_actor(),
        subject=group_subject(group),
        summary=f"{actor.user.name} removed {member.user.name} from the group {group.name}.",
        data=data | _broken(breaks),
    )


def _broken(breaks: Sequence[str]) -> dict[str, object]:
    """What stood still from then on, as the actor was told before confirming."""
    return {"breaks": list(breaks)} if breaks else {}
