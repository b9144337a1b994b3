"""Passkeys: what a browser is asked, and whether its answer is good (WebAuthn Level 3, 7.2).

The challenge ends in the SHA-256 of what is being done, so a signature for one act is none for
another, whatever a server kept in between. No database writes, no HTTP.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import get_credentials
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    UserVerificationRequirement,
)

from tenants.models import User

_NONCE: Final = 32
_CHARACTERS: Final = 20_000  # of a browser's answer
_NAME: Final = "Govapp"


@dataclass(frozen=True)
class Answer:
    """A browser's answer, read but not verified."""

    response: AuthenticationResponse
    challenge: bytes


def has_passkey(user: User) -> bool:
    """Whether the person has added a passkey. One statement."""
    kinds = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN)
    return bool(kinds.exists())


def credentials_of(user: User) -> list[AttestedCredentialData]:
    """Return the person's passkeys. One statement."""
    found: list[AttestedCredentialData] = get_credentials(user)
    return found


def make_challenge(bound_to: str) -> bytes:
    """Return 256 random bits and the digest of what is being done."""
    return secrets.token_bytes(_NONCE) + _digest(bound_to)


def is_about(challenge: bytes, bound_to: str) -> bool:
    """Whether a challenge was made for this."""
    return compare_digest(challenge[_NONCE:], _digest(bound_to))


def options(*, rp_id: str, challenge: bytes, known: list[AttestedCredentialData]) -> dict[str, Any]:
    """Return `{"publicKey": …}` for the browser, as JSON has it. The person is always verified."""
    asked, _ = _server(rp_id).authenticate_begin(
        credentials=known,
        user_verification=UserVerificationRequirement.REQUIRED,
        challenge=challenge,
    )
    return dict(asked)


def read_answer(text: str) -> Answer:
    """Return the answer in this JSON text. Raises `ValueError` when it is none."""
    if len(text) > _CHARACTERS:
        raise ValueError("too long")
    try:
        response = AuthenticationResponse.from_dict(json.loads(text))
        challenge = bytes(response.response.client_data.challenge)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, IndexError) as error:
        raise ValueError("not an answer") from error
    return Answer(response, challenge)


def verify(user: User, answer: Answer, *, rp_id: str) -> None:
    """Check origin, host, presence, verification and signature. Raises `ValueError`."""
    state = {
        "challenge": websafe_encode(answer.challenge),
        "user_verification": UserVerificationRequirement.REQUIRED,
    }
    _server(rp_id).authenticate_complete(state, credentials_of(user), answer.response)


def _server(rp_id: str) -> Fido2Server:
    return Fido2Server(PublicKeyCredentialRpEntity(id=rp_id, name=_NAME))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
