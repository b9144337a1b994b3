"""Sealing every tenant's data key anew under the installation's newest key.

The operator's part of replacing `GOVAPP_SEALING_KEY` (docs/integrations.md). Tenant by tenant,
each in a transaction of its own, and what is done is left as it is: begun again after a crash it
goes on where it was. Nobody waits: while both keys are configured, both forms open.
"""

from dataclasses import dataclass, field
from uuid import UUID

import structlog
from cryptography.fernet import InvalidToken
from django.db.models import QuerySet

from audit.actors import Actor
from govapp.common.sealing import is_sealed_newest, reseal, unseal
from govapp.common.tenancy import tenant_transaction
from tenants.audit_events import vault as events
from tenants.doors import all_tenants
from tenants.models import TenantKey
from tenants.services.checks import clean_text

log = structlog.get_logger(__name__)


@dataclass
class Rewrapping:
    """How many data keys were sealed anew and were already; whose could not be opened."""

    changed: int = 0
    unchanged: int = 0
    failed: list[str] = field(default_factory=list)


def rewrap_keys(*, operator: str) -> Rewrapping:
    """Seal the data keys of all tenants anew where the newest key does not seal them yet.

    `operator` is who does it, by name. A tenant's that no configured key opens is named in
    `failed` and keeps nobody else waiting. Raises `Invalid` without a name.
    """
    actor, found = operator_actor(operator), Rewrapping()
    for row in all_tenants.call():
        try:
            changed, unchanged = rewrap_tenant(tenant_id=row["tenant_id"], actor=actor)
        except InvalidToken:
            log.error("vault.not_rewrapped", tenant=row["slug"])  # noqa: TRY400 - no trace: its frames hold keys
            found.failed.append(row["slug"])
            continue
        found.changed += changed
        found.unchanged += unchanged
    return found


def count_keys() -> Rewrapping:
    """Return how `rewrap_keys` would find the data keys (`changed`: would be), writing nothing."""
    found = Rewrapping()
    for row in all_tenants.call():
        with tenant_transaction(row["tenant_id"]):
            for key in _live():
                if is_sealed_newest(bytes(key.key_sealed or b"")):
                    found.unchanged += 1
                elif _opens(key):
                    found.changed += 1
                else:
                    found.failed.append(row["slug"])
    return found


def rewrap_tenant(*, tenant_id: UUID, actor: Actor) -> tuple[int, int]:
    """Seal one tenant's data keys anew; return how many were changed, and how many were not.

    Raises `cryptography.fernet.InvalidToken`, and has changed nothing then.
    """
    changed = unchanged = 0
    with tenant_transaction(tenant_id):
        for key in _live().select_for_update():
            sealed = bytes(key.key_sealed or b"")
            if is_sealed_newest(sealed):
                unchanged += 1
                continue
            key.key_sealed = reseal(sealed)
            key.save(update_fields=["key_sealed"])
            events.key_rewrapped(actor=actor, key=key)
            changed += 1
    return changed, unchanged


def operator_actor(name: str) -> Actor:
    """Return who runs the installation, for the record. Raises `Invalid` without a name."""
    return Actor("system", "operator", clean_text(name, field="operator", at_most=200))


def _live() -> "QuerySet[TenantKey]":
    return TenantKey.objects.filter(destroyed_at=None).order_by("version")


def _opens(key: TenantKey) -> bool:
    try:
        unseal(bytes(key.key_sealed or b""))
    except InvalidToken:
        return False
    return True
