"""What django-allauth tells about logins, handed to `services/sessions.py`.

A login that cannot be recorded fails: whatever these raise reaches the person as a fault.
"""

from typing import Any, Final

from allauth.account import signals as account
from allauth.account.authentication import get_authentication_records
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from tenants.models import User
from tenants.services import sessions

_FACTORS: Final = {
    "totp": "one-time code",
    "webauthn": "passkey",
    "recovery_codes": "recovery code",
}


def _methods(request: HttpRequest, user: User) -> list[str]:
    """Return in words what the person proved: ["password", "one-time code"]."""
    records = get_authentication_records(request, user)
    words = [_FACTORS.get(r.get("type", ""), r.get("method", "")) for r in records]
    return list(dict.fromkeys(word for word in words if word))


@receiver(account.user_logged_in)
def _logged_in(request: HttpRequest, user: User, **_: Any) -> None:
    sessions.note_login(user=user, methods=_methods(request, user))


@receiver(user_logged_out)
def _logged_out(user: User | None, **_: Any) -> None:
    if user is not None:
        sessions.note_logout(user=user)


@receiver(user_login_failed)
def _login_failed(credentials: dict[str, Any], **_: Any) -> None:
    email = credentials.get("email") or credentials.get("username") or ""
    sessions.note_failed_login(email=str(email), step="the password was wrong")


@receiver(mfa.authentication_failed)
def _factor_failed(user: User, authenticator: Authenticator, **_: Any) -> None:
    factor = _FACTORS.get(authenticator.type, "second factor")
    sessions.note_failed_login(email=user.email, step=f"the {factor} was wrong")


@receiver([account.password_changed, account.password_set, account.password_reset])
def _password_changed(user: User, **_: Any) -> None:
    sessions.note_login_change(
        user=user, event_type="member.password_changed", what="set a new password"
    )


@receiver(mfa.authenticator_added)
def _factor_added(user: User, authenticator: Authenticator, **_: Any) -> None:
    factor = _FACTORS.get(authenticator.type, authenticator.type)
    sessions.note_login_change(
        user=user, event_type="member.second_factor_added", what=f"added a {factor}"
    )


@receiver(mfa.authenticator_removed)
def _factor_removed(user: User, authenticator: Authenticator, **_: Any) -> None:
    factor = _FACTORS.get(authenticator.type, authenticator.type)
    sessions.note_login_change(
        user=user, event_type="member.second_factor_removed", what=f"removed a {factor}"
    )


@receiver(mfa.authenticator_reset)
def _factor_renewed(user: User, **_: Any) -> None:
    sessions.note_login_change(
        user=user, event_type="member.recovery_codes_renewed", what="made new recovery codes"
    )
