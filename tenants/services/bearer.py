"""What every key of ours has in common: found by its prefix, compared, used, and the use noted."""

import hmac
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Manager, Q

from govapp.common import clock
from govapp.common.doors import Door
from govapp.common.errors import Forbidden
from govapp.common.tenancy import tenant_transaction
from tenants.keys import hash_key, prefix_of
from tenants.models import MemberToken

SUSPENDED: Final = (
    "This account is suspended: nothing is accepted for it until it is opened again. Ask its owner."
)
_USE_IS_NOTED_EVERY: Final = timedelta(minutes=1)
_NO_HASH: Final = bytes(32)


def find_key(text: str, *, mark: str, door: Door) -> dict[str, Any] | None:
    """Return the door's row of a key that may be used now, or None.

    Raises `Forbidden` when its tenant is suspended: whoever has the key is told so. No tenant may
    be bound.
    """
    prefix = prefix_of(text, mark)
    if prefix is None:
        return None
    found = door.call(prefix)
    stored = bytes(found[0]["secret_hash"]) if found else _NO_HASH
    # Compared also when there is no such row, so that the time tells nothing.
    matches = hmac.compare_digest(stored, hash_key(text))
    if not (matches and found and found[0]["is_usable"]):
        return None
    if found[0]["is_suspended"]:
        raise Forbidden(SUSPENDED, code="tenant_suspended")
    row: dict[str, Any] = found[0]
    return row


def note_use(keys: "Manager[MemberToken]", *, tenant_id: UUID, ident: UUID) -> None:
    """Keep when the key was used, at most once a minute, in a transaction of its own."""
    with tenant_transaction(tenant_id):
        keys.filter(pk=ident).filter(
            Q(last_used_at=None) | Q(last_used_at__lt=clock.Now() - _USE_IS_NOTED_EVERY)
        ).update(last_used_at=clock.Now())
