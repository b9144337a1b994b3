"""The token of an execution grant: a JWS (RFC 7515) signed with EdDSA (RFC 8037), nothing else.

The system that executes verifies it with the public key alone. Everything a verifier could get
wrong is pinned: the algorithm, `typ` (RFC 8725, section 3.11), `aud`, and an issuer per tenant.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from govapp.common.ids import public_id

ALGORITHM: Final = "EdDSA"
TYPE: Final = "govapp-grant+jwt"
AUDIENCE: Final = "govapp-grant"
MAX_CHARACTERS: Final = 4_096


class GrantTokenInvalid(Exception):
    """The text is not a token that this tenant signed; the message says why."""


@dataclass(frozen=True)
class Unverified:
    """What a token says about itself before anybody has checked it: where to look, no more."""

    kid: str
    jti: UUID


def issuer_of(tenant_id: UUID) -> str:
    """Return the `iss` of a tenant's grants."""
    return f"{settings.BASE_URL}/t/{public_id('tn', tenant_id)}"


def sign(claims: Mapping[str, Any], *, kid: str, private_key: bytes, typ: str = TYPE) -> str:
    """Return the compact JWS of the claims; `typ` says what they are (RFC 8725, section 3.11)."""
    key = Ed25519PrivateKey.from_private_bytes(private_key)
    return jwt.encode(dict(claims), key, ALGORITHM, headers={"typ": typ, "kid": kid})


def look(token: str) -> Unverified:
    """Return the names in a token without trusting it. Raises `GrantTokenInvalid`."""
    if len(token) > MAX_CHARACTERS:
        raise GrantTokenInvalid("it is too long")
    try:
        # Nothing read here is believed: it names the key with which `verify` then checks it.
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
        if header.get("alg") != ALGORITHM or header.get("typ") != TYPE:
            raise GrantTokenInvalid("it is not a permission")
        if "crit" in header:
            raise GrantTokenInvalid("it asks for extensions that do not exist")
        return Unverified(kid=str(header["kid"]), jti=UUID(str(claims["jti"])))
    except (jwt.PyJWTError, KeyError, ValueError, RecursionError) as error:
        raise GrantTokenInvalid("it cannot be read") from error


def verify(token: str, *, public_key: bytes, tenant_id: UUID) -> dict[str, Any]:
    """Return the claims of a token that this tenant signed. Raises `GrantTokenInvalid`.

    Its times are not judged here: the caller compares them with the database's clock.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            Ed25519PublicKey.from_public_bytes(public_key),
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=issuer_of(tenant_id),
            options={
                "require": ["iss", "sub", "aud", "jti", "iat", "nbf", "exp"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except jwt.PyJWTError as error:
        raise GrantTokenInvalid("its signature is not ours") from error
    return claims
