"""Events about logins and second factors, written in each tenant the person belongs to.

No network address and no session key: the record holds no more about a person than who, how and
when.
"""

from audit.actors import Actor, Subject
from audit.services import record
from tenants.audit_events.words import name_of
from tenants.models import Membership


def _session(member: Membership) -> Subject:
    return Subject(type="session", id=member.public_id, label=member.user.email)


def session_logged_in(*, member: Membership, methods: list[str]) -> None:
    how = f" with {' and '.join(methods)}" if methods else ""
    record(
        event_type="session.logged_in",
        actor=member.as_actor(),
        subject=_session(member),
        summary=f"{member.user.name} logged in{how}.",
        data={"email": member.user.email, "methods": methods},
    )


def session_logged_out(*, member: Membership, others: int = 0) -> None:
    """The person left; or stayed and ended so many `others` of their own sessions."""
    what = f" {others} other session{'s' if others > 1 else ''}" if others else ""
    record(
        event_type="session.logged_out",
        actor=member.as_actor(),
        subject=_session(member),
        summary=f"{member.user.name} logged out{what}.",
        data={"email": member.user.email} | ({"other_sessions": others} if others else {}),
    )


def session_login_failed(*, member: Membership, step: str) -> None:
    """Somebody who is not yet known tried; so the actor is nobody, the subject the account."""
    record(
        event_type="session.login_failed",
        actor=Actor(kind="system", id="login", name="Somebody not logged in"),
        subject=_session(member),
        summary=f"A login as {member.user.name} failed: {step}.",
        data={"email": member.user.email, "step": step},
        personal=[name_of(member)],
    )


def member_login_changed(*, member: Membership, event_type: str, what: str) -> None:
    """A password or a second factor of the person changed; `what` ends "Alice …"."""
    record(
        event_type=event_type,
        actor=member.as_actor(),
        subject=Subject(type="member", id=member.public_id, label=member.user.name),
        summary=f"{member.user.name} {what}.",
        data={"email": member.user.email},
    )
