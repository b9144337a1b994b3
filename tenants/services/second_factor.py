"""A fresh code of somebody's authenticator app, asked for at the moment of an act.

The codes are those of the login (RFC 6238, allauth): one that was used for either is used up.
"""

from typing import Final

from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache

from govapp.common.errors import FieldError, Forbidden, Invalid
from tenants.models import User
from tenants.selectors import authenticator_app

NO_APP: Final = "This needs a code of your authenticator app, and you have not set one up."
TRIES: Final = 5
WITHIN_SECONDS: Final = 300
_DIGITS: Final = 6


class CodeRefused(Invalid):
    """The code is missing, wrong or used; another one may be accepted."""

    code = "code_refused"
    title = "The code is not accepted"


def spend_code(*, user: User, code: str) -> None:
    """Use up one code of this person's app; the same code is never accepted twice.

    Raises `Forbidden` when there is no app and after `TRIES` wrong codes in five minutes (six
    digits can be guessed otherwise), and `CodeRefused`, whose pointer is `/code`.
    """
    app = authenticator_app(user)
    if app is None:
        raise Forbidden(NO_APP, code="no_authenticator_app")
    digits = "".join(code.split())
    if not digits:
        raise _refused("Enter the code that your authenticator app shows now.")
    # Counted before it is looked at, so that many at once are no more tries than one by one.
    if _count_try(user) > TRIES:
        raise Forbidden("Too many wrong codes; try again in five minutes.", code="too_many_codes")
    is_code = len(digits) == _DIGITS and digits.isascii() and digits.isdigit()
    if not is_code or not TOTP(app).validate_code(digits):
        raise _refused("This code is wrong or has been used. Wait for the next one.")
    cache.delete(_tries_of(user))


def _tries_of(user: User) -> str:
    return f"second_factor.tries:{user.pk}"


def _count_try(user: User) -> int:
    """Return the how manieth try this is since the first one of these minutes."""
    key = _tries_of(user)
    if cache.add(key, 1, timeout=WITHIN_SECONDS):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # it expired in between
        cache.set(key, 1, timeout=WITHIN_SECONDS)
        return 1


def _refused(detail: str) -> CodeRefused:
    return CodeRefused(detail, errors=[FieldError("/code", detail)])
