"""Replacing a tenant's data key, without interruption.

A new version seals from the moment on that it is there. A job seals everything anew, batch by
batch, and destroys the former version when nothing is under it any more; the watch hints at the
job again when it was lost. Until then both versions open, each what is under it.
"""

from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet

from audit.actors import Actor
from govapp.common import clock
from govapp.common.errors import Conflict, Unavailable
from govapp.common.queue import enqueue_on_commit
from govapp.common.sealing import new_data_key, seal
from govapp.common.tenancy import tenant_transaction
from tenants import rules
from tenants.audit_events import vault as events
from tenants.models import Membership, TenantKey, VaultSecret
from tenants.services.checks import clean_text
from tenants.services.vault_keys import (
    DataKey,
    hold_sealing_key,
    seal_row,
    unseal_row,
    with_keys,
)

log = structlog.get_logger(__name__)

BATCH: Final = 100  # secrets in one transaction
_FILLED: Final = Q(sealed__isnull=False) | Q(previous_sealed__isnull=False)


@transaction.atomic
def rotate_data_key(*, actor: Membership | Actor, reason: str) -> TenantKey:
    """Seal under a new key from now on, and have everything sealed anew. The tenant is bound.

    By an owner, or by whoever runs the installation (an `Actor`). Raises `Forbidden`, `Invalid`
    without a reason, `Conflict` when nothing was ever sealed, and while the key before this one
    is still in use.
    """
    if isinstance(actor, Membership):
        rules.require(
            rules.may_manage_integrations(actor), "Only an owner replaces the key of the vault."
        )
    reason = clean_text(reason, field="reason", at_most=300)
    if not TenantKey.objects.exists():
        raise Conflict("The vault is empty: a key is made with the first secret.", code="no_key")
    held, now = hold_sealing_key(), clock.now()
    if to_destroy().exists():
        raise Conflict(
            "The key was replaced just now, and not everything is sealed anew yet: wait for that.",
            code="rotation_under_way",
        )
    # As columns: the former one's row is what everybody who seals waits for.
    TenantKey.objects.filter(version=held.version).update(replaced_at=now)
    made = TenantKey(version=held.version + 1, key_sealed=seal(new_data_key()), created_at=now)
    made.save(force_insert=True)
    events.key_rotated(
        actor=actor, key=made, former=held.version, secrets=outdated().count(), reason=reason
    )
    _hint(made.tenant_id)
    return made


def renew_vault(*, tenant_id: UUID) -> bool:
    """Seal everything of a tenant anew and destroy what was replaced; return whether all is done.

    Batch by batch, each in a transaction of its own: it may end anywhere and be begun again.
    """
    after: UUID | None = None
    while True:
        with tenant_transaction(tenant_id):
            after = _renew_batch(after)
        if after is None:
            break
    with tenant_transaction(tenant_id):
        return _destroy_replaced()


def ask_lost_renewal() -> None:
    """Hint once more at the job of the bound tenant when a key that was replaced is still there."""
    found = to_destroy().values_list("tenant_id", flat=True).first()
    if found is not None:
        _hint(found)


def to_destroy() -> "QuerySet[TenantKey]":
    """Return the keys that were replaced and are still there."""
    return TenantKey.objects.filter(replaced_at__isnull=False, destroyed_at=None)


def outdated() -> "QuerySet[VaultSecret]":
    """Return the secrets that are under a key that was replaced."""
    replaced = to_destroy().values("version")
    return VaultSecret.objects.filter(_FILLED, key_version__in=replaced)


def _renew_batch(after: UUID | None) -> UUID | None:
    """Seal the next secrets anew; return the last one's id, None when there was none."""
    if not to_destroy().exists():
        return None
    # The key first, and secrets that somebody holds are left for the next time: who sets one
    # locks it before the key.
    key = hold_sealing_key()
    rows = outdated().filter(pk__gt=after) if after else outdated()
    held = rows.select_for_update(skip_locked=True).order_by("pk")[:BATCH]
    idents = list(held.values_list("pk", flat=True))
    for row in with_keys(VaultSecret.objects.filter(pk__in=idents)).order_by("pk"):
        _renew(row, key)
    return idents[-1] if idents else None


def _renew(row: VaultSecret, key: DataKey) -> None:
    columns = [each for each in ("sealed", "previous_sealed") if getattr(row, each) is not None]
    try:
        opened = {each: unseal_row(row, each) for each in columns}
    except Unavailable as refused:
        # It stays as it is, and so does the former key: a person sets it again, or revokes it.
        log.error("vault.not_renewed", secret=row.public_id, why=refused.detail)  # noqa: TRY400 - no trace: its frames hold keys
        return
    seal_row(row, key, opened)
    row.save(update_fields=["key_version", *columns])


def _destroy_replaced() -> bool:
    """Destroy the keys that nothing is under any more; return whether none is left."""
    is_done = True
    for key in to_destroy().select_for_update().order_by("version"):
        if VaultSecret.objects.filter(_FILLED, key_version=key.version).exists():
            is_done = False
            continue
        key.key_sealed, key.destroyed_at = None, clock.now()
        key.save(update_fields=["key_sealed", "destroyed_at"])
        events.key_destroyed(key=key)
    return is_done


def _hint(tenant_id: UUID) -> None:
    enqueue_on_commit("tenants.renew_vault", tenant_id=tenant_id)
