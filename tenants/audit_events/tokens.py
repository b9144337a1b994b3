"""Events about members' tokens. A token's secret and hash never reach the record."""

from audit.actors import Subject
from audit.services import record
from tenants.audit_events.words import name_of
from tenants.models import Membership, MemberToken


def token_issued(*, actor: Membership, token: MemberToken) -> None:
    """A member has a key for the API."""
    _record("member_token.issued", actor, token, f"{actor.user.name} issued the API token")


def token_revoked(*, actor: Membership, token: MemberToken) -> None:
    """A member's key for the API is refused from now on."""
    _record("member_token.revoked", actor, token, f"{actor.user.name} revoked the API token")


def _record(event_type: str, actor: Membership, token: MemberToken, what: str) -> None:
    name = f"{token.label} ({token.prefix})"
    record(
        event_type=event_type,
        actor=actor.as_actor(),
        subject=Subject(type="member_token", id=token.public_id, label=name),
        summary=f"{what} {name} of {token.member.user.name}.",
        data={
            "label": token.label,
            "prefix": token.prefix,
            "member": token.member.public_id,
            "member_name": name_of(token.member),
            "expires_at": token.expires_at.isoformat(),
        },
    )
