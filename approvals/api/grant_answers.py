"""The permission, its use, and the keys that it is verified with."""

from datetime import datetime
from typing import Literal

import msgspec
from django.conf import settings

from approvals.api.answer_parts import Digest
from approvals.services.execution import IssuedGrant
from approvals.services.redemption import Redeemed
from govapp.common.ids import public_id


class GrantAnswer(msgspec.Struct):
    """The signed permission: verify it with the keys at `jwks`, act, redeem it."""

    token: str
    jti: str
    expires_at: datetime
    jwks: str


class CredentialAnswer(msgspec.Struct):
    """What the integration is used with, told once: use it for this action, keep it nowhere.

    `minted` is a token that was had for this permission and ends by itself; `sealed` is the secret.
    """

    kind: Literal["minted", "sealed"]

    value: str
    scopes: list[str]
    expires_at: datetime


class RedemptionAnswer(msgspec.Struct):
    """The permission is used now, by this call and by no other."""

    request: str
    jti: str
    payload_digest: Digest
    redeemed_at: datetime | None
    credential: CredentialAnswer | msgspec.UnsetType = msgspec.UNSET


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


def redemption_for(used: Redeemed) -> RedemptionAnswer:
    """Return a permission that was just used, with the secret that goes with it."""
    grant, given = used.grant, used.credential
    return RedemptionAnswer(
        request=public_id("ar", grant.request_id),
        jti=str(grant.jti),
        payload_digest=grant.payload_digest,
        redeemed_at=grant.redeemed_at,
        credential=CredentialAnswer(given.kind, given.value, list(given.scopes), given.expires_at)
        if given
        else msgspec.UNSET,
    )
