"""The permission, its use, and the keys that it is verified with."""

from datetime import datetime

import msgspec
from django.conf import settings

from approvals.api.answer_parts import Digest
from approvals.services.execution import IssuedGrant


class GrantAnswer(msgspec.Struct):
    """The signed permission: verify it with the keys at `jwks`, act, redeem it."""

    token: str
    jti: str
    expires_at: datetime
    jwks: str


class RedemptionAnswer(msgspec.Struct):
    """The permission is used now, by this call and by no other."""

    request: str
    jti: str
    payload_digest: Digest
    redeemed_at: datetime | None


class Key(msgspec.Struct):
    """A public Ed25519 key (RFC 8037)."""

    kty: str
    crv: str
    x: str
    kid: str
    alg: str
    use: str


class KeySet(msgspec.Struct):
    """The public keys of grants (RFC 7517)."""

    keys: list[Key]


def grant_for(grant: IssuedGrant) -> GrantAnswer:
    """Return a permission that was just issued."""
    return GrantAnswer(
        token=grant.token,
        jti=str(grant.jti),
        expires_at=grant.expires_at,
        jwks=f"{settings.BASE_URL}/.well-known/jwks.json",
    )
