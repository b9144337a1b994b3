"""Logins and second factors of a person, noted in each tenant that the person belongs to.

A login belongs to no tenant, so each function opens one transaction per tenant and none may be
bound to another.
"""

from collections.abc import Callable
from uuid import UUID

from govapp.common.tenancy import tenant_transaction
from tenants.audit_events import sessions as events
from tenants.doors import tenants_of_user
from tenants.models import Membership, User


def note_login(*, user: User, methods: list[str]) -> None:
    """Record that the person has logged in; `methods` are words, as "password"."""
    _in_each_tenant(user.pk, lambda m: events.session_logged_in(member=m, methods=methods))


def note_logout(*, user: User) -> None:
    """Record that the person has logged out."""
    _in_each_tenant(user.pk, lambda m: events.session_logged_out(member=m))


def note_ended_sessions(*, user: User, count: int) -> None:
    """Record that the person has logged out `count` sessions from another one."""
    _in_each_tenant(user.pk, lambda m: events.session_logged_out(member=m, others=count))


def note_failed_login(*, email: str, step: str) -> None:
    """Record that somebody tried; nothing when nobody has this address."""
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is not None:
        _in_each_tenant(user.pk, lambda m: events.session_login_failed(member=m, step=step))


def note_login_change(*, user: User, event_type: str, what: str) -> None:
    """Record a new password, or a second factor that came or went."""
    _in_each_tenant(
        user.pk,
        lambda m: events.member_login_changed(member=m, event_type=event_type, what=what),
    )


def _in_each_tenant(user_id: UUID, note: Callable[[Membership], None]) -> None:
    for row in tenants_of_user.call(user_id):
        with tenant_transaction(row["tenant_id"]):
            note(Membership.objects.select_related("user").get(user_id=user_id))
