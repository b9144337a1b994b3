"""The signed list by which verifiers know, without asking for each, which permissions are dead."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import transaction

from approvals import grant_tokens
from approvals.selectors.kill import Standing, read_standing
from approvals.services.grant_keys import signing_key
from govapp.common import clock
from govapp.common.ids import public_id
from govapp.common.sealing import unseal
from govapp.common.tenancy import require_tenant_id

TYPE: Final = "govapp-status-list+jwt"
AUDIENCE: Final = "govapp-status-list"
LIFETIME: Final = timedelta(seconds=60)
# As long as nothing changes, the list is the same to the byte for so many seconds.
SAME_FOR: Final = 30


@dataclass(frozen=True)
class StatusList:
    """The list as a compact JWS, with the times that are in it."""

    token: str
    issued_at: datetime
    expires_at: datetime


@transaction.atomic
def sign_status_list() -> StatusList:
    """Return the bound tenant's list: what is stopped, and which permissions are dead.

    It is signed with the key of the tenant's grants, which is made when it is not there yet, and
    holds for a minute at most. What was stopped before this was called is in it.
    """
    standing = read_standing()
    issued_at = _issued_at(standing)
    expires_at = issued_at + LIFETIME
    key = signing_key()
    token = grant_tokens.sign(
        _claims(standing, issued_at, expires_at),
        kid=key.kid,
        private_key=unseal(bytes(key.private_key_sealed)),
        typ=TYPE,
    )
    return StatusList(token, issued_at, expires_at)


def _issued_at(standing: Standing) -> datetime:
    """Return the last half minute that began, or the last change when that was later."""
    seconds = int(clock.now().timestamp()) // SAME_FOR * SAME_FOR
    if standing.changed_at is not None:
        seconds = max(seconds, int(standing.changed_at.timestamp()))
    return datetime.fromtimestamp(seconds, UTC)


def _claims(standing: Standing, issued_at: datetime, expires_at: datetime) -> dict[str, Any]:
    tenant_id = require_tenant_id()
    return {
        "iss": grant_tokens.issuer_of(tenant_id),
        "aud": AUDIENCE,
        "iat": int(issued_at.timestamp()),
        "exp": int(expires_at.timestamp()),
        "tenant": public_id("tn", tenant_id),
        "thrown": [
            {"scope": each.scope, "ref": each.ref, "since": int(each.thrown_at.timestamp())}
            for each in standing.thrown
        ],
        "dead": [str(each.jti) for each in standing.dead],
    }
