"""How people, groups, agents and keys are named in the record, and lists in a sentence."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from audit.actors import Personal, Subject, Words
from govapp.common.ids import public_id
from tenants.enums import Role
from tenants.models import Agent, ApproverGroup, Credential, Invitation, Membership, Tenant


@dataclass(frozen=True)
class Change:
    """One field before and after, as a person would write both."""

    label: str
    before: str
    after: str


def tenant_subject(tenant: Tenant) -> Subject:
    return Subject(type="tenant", id=public_id("tn", tenant.pk), label=tenant.name)


def member_subject(member: Membership) -> Subject:
    return Subject(type="member", id=member.public_id, label=member.user.name)


def name_of(member: Membership) -> Personal:
    """Return a member's name as what it is: it is erased with them."""
    return Personal(member.user.name, member.public_id)


def party(member: Membership) -> dict[str, str]:
    """Return a member for the data of an event."""
    return {"id": member.public_id, "name": name_of(member)}


def said(text: str, by: Membership) -> Words:
    """Return what a member wrote as their words: they are erased with them."""
    return Words(text, by.public_id)


def group_subject(group: ApproverGroup) -> Subject:
    return Subject(type="group", id=group.public_id, label=group.name)


def invitation_subject(invitation: Invitation) -> Subject:
    return Subject(type="invitation", id=invitation.public_id, label=invitation.email)


def agent_subject(agent: Agent) -> Subject:
    return Subject(type="agent", id=agent.public_id, label=agent.name)


def credential_subject(credential: Credential) -> Subject:
    return Subject(
        type="credential",
        id=credential.public_id,
        label=f"{credential.label} ({credential.prefix})",
    )


def role_words(roles: Iterable[str]) -> str:
    """Return roles as words, in the order of the enum: "Owner and Approver"."""
    return in_words([role.label for role in Role if role.value in set(roles)]) or "no role"


def in_words(parts: list[str]) -> str:
    """Join as a person would: "a", "a and b", "a, b and c"."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def changes_sentence(changes: Mapping[str, Change]) -> str:
    """Return what changed: "time zone from UTC to Europe/Berlin"."""
    return in_words(
        [
            f"{change.label} from {change.before or 'nothing'} to {change.after or 'nothing'}"
            for change in changes.values()
        ]
    )


def changes_data(changes: Mapping[str, Change]) -> dict[str, Any]:
    """Return the same for a machine."""
    return {name: {"from": c.before, "to": c.after} for name, c in changes.items()}
