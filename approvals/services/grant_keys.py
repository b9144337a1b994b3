"""The key with which a tenant's grants are signed: made when it is first needed."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection

from approvals.audit_events import configuration as events
from approvals.models import GrantKey
from govapp.common import clock
from govapp.common.ids import new_id, public_id
from govapp.common.sealing import seal
from govapp.common.tenancy import require_tenant_id


def signing_key() -> GrantKey:
    """Return the newest key of the bound tenant that is not retired, or make the first one."""
    return _newest() or _make()


def _newest() -> GrantKey | None:
    return GrantKey.objects.filter(retired_at=None).order_by("-created_at").first()


def _make() -> GrantKey:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"grant-key:{require_tenant_id()}"],
        )
    made_meanwhile = _newest()
    if made_meanwhile:
        return made_meanwhile
    private = Ed25519PrivateKey.generate()
    ident = new_id()
    key = GrantKey(
        id=ident,
        kid=public_id("gk", ident),
        public_key=private.public_key().public_bytes_raw(),
        private_key_sealed=seal(private.private_bytes_raw()),
        created_at=clock.now(),
    )
    key.save(force_insert=True)
    events.grant_key_made(key=key)
    return key
