"""A fresh second factor, asked for at the moment of an act and good for that act alone.

Either a code of the person's authenticator app (RFC 6238, allauth), one that was used for a login
or an act is used up; or a signature of a passkey (Web Authentication Level 3, section 7.2) over a
challenge that names the act. Nothing is remembered: the next act asks again.
"""

from dataclasses import dataclass
from typing import Any, Final

from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache

from govapp.common.errors import FieldError, Forbidden, Invalid
from tenants import passkeys
from tenants.models import User
from tenants.selectors import authenticator_app

NO_APP: Final = "This needs a code of your authenticator app, and you have not set one up."
NO_PASSKEY: Final = "This needs a passkey, and you have not added one."
NO_FACTOR: Final = "Give a second factor: use your passkey, or enter a code of your app."
TRIES: Final = 5
WITHIN_SECONDS: Final = 300
CHALLENGE_SECONDS: Final = 300
TOTP_FACTOR: Final = "totp"
PASSKEY_FACTOR: Final = "passkey"
_DIGITS: Final = 6


class CodeRefused(Invalid):
    """The code is missing, wrong or used; another one may be accepted."""

    code = "code_refused"
    title = "The code is not accepted"


class PasskeyRefused(CodeRefused):
    """The passkey's answer is not one to what was asked; asking again may help."""

    code = "passkey_refused"
    title = "The passkey is not accepted"


@dataclass(frozen=True)
class CodeProof:
    """Six digits of an authenticator app."""

    code: str


@dataclass(frozen=True)
class PasskeyProof:
    """A browser's answer to a challenge of `begin_passkey`, as the JSON text that it sent."""

    response: str


Proof = CodeProof | PasskeyProof


def begin_passkey(*, user: User, bound_to: str, rp_id: str) -> dict[str, Any]:
    """Return what the browser is asked (`navigator.credentials.get`), for one act.

    `bound_to` names the act and all that it is about; what the passkey signs has its SHA-256 in
    it. `rp_id` is the host of the page. The challenge is used up by the first answer, good or
    bad, and forgotten after `CHALLENGE_SECONDS`. Raises `Forbidden` when there is no passkey.
    """
    known = passkeys.credentials_of(user)
    if not known:
        raise Forbidden(NO_PASSKEY, code="no_passkey")
    challenge = passkeys.make_challenge(bound_to)
    cache.set(_key_of(user, challenge), rp_id, timeout=CHALLENGE_SECONDS)
    return passkeys.options(rp_id=rp_id, challenge=challenge, known=known)


def spend_proof(*, user: User, proof: Proof | None, bound_to: str) -> str:
    """Use up a proof that this person is acting, now; return which factor it was.

    "totp" or "passkey". Raises `Forbidden` when the person has not set that factor up and after
    too many wrong codes, `CodeRefused` (pointer `/code`) or `PasskeyRefused` (pointer `/passkey`).
    """
    if isinstance(proof, PasskeyProof):
        _spend_passkey(user, proof.response, bound_to)
        return PASSKEY_FACTOR
    spend_code(user=user, code=proof.code if proof else "")
    return TOTP_FACTOR


def spend_code(*, user: User, code: str) -> None:
    """Use up one code of this person's app; the same code is never accepted twice.

    Raises `Forbidden` when there is no app and after `TRIES` wrong codes in five minutes (six
    digits can be guessed otherwise), and `CodeRefused`, whose pointer is `/code`.
    """
    digits = "".join(code.split())
    app = authenticator_app(user)
    if app is None:
        if not digits and passkeys.credentials_of(user):
            raise _refused("Use your passkey: press the button again.")
        raise Forbidden(NO_APP, code="no_authenticator_app")
    if not digits:
        raise _refused("Enter the code that your authenticator app shows now.")
    # Counted before it is looked at, so that many at once are no more tries than one by one.
    if _count_try(user) > TRIES:
        raise Forbidden("Too many wrong codes; try again in five minutes.", code="too_many_codes")
    is_code = len(digits) == _DIGITS and digits.isascii() and digits.isdigit()
    if not is_code or not TOTP(app).validate_code(digits):
        raise _refused("This code is wrong or has been used. Wait for the next one.")
    cache.delete(_tries_of(user))


def _spend_passkey(user: User, response: str, bound_to: str) -> None:
    try:
        answer = passkeys.read_answer(response)
    except ValueError:
        raise _passkey_refused("Your browser's answer cannot be read. Try again.") from None
    key = _key_of(user, answer.challenge)
    rp_id = cache.get(key)
    # Whoever deletes it has it: of many answers at once one goes on, and no bad one is repeated.
    if rp_id is None or not cache.delete(key):
        raise _passkey_refused("This took too long, or was used already. Try again.")
    if not passkeys.is_about(answer.challenge, bound_to):
        raise _passkey_refused("The passkey was asked for something else. Try again.")
    try:
        passkeys.verify(user, answer, rp_id=rp_id)
    except ValueError:
        raise _passkey_refused(
            "It must be a passkey of your own that checks that it is you"
            " (by finger, face or PIN). Try again."
        ) from None


def _key_of(user: User, challenge: bytes) -> str:
    return f"second_factor.challenge:{user.pk}:{challenge.hex()}"


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


def _passkey_refused(detail: str) -> PasskeyRefused:
    return PasskeyRefused(detail, errors=[FieldError("/passkey", detail)])
