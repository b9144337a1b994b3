"""The secret of an integration: set, replaced with an overlap, revoked. It is never shown again."""

from datetime import timedelta

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from govapp.common.errors import Conflict
from tenants.audit_events import integrations as events
from tenants.enums import IntegrationKind
from tenants.models import Integration, Membership, VaultSecret
from tenants.services import vault
from tenants.services.integrations import (
    lock_integration,
    require_checked,
    require_manager,
    require_not_revoked,
)


@transaction.atomic
@sensitive_variables("secret")
def set_secret(*, actor: Membership, integration: Integration, secret: str) -> VaultSecret:
    """Put the secret into the vault. Raises `Forbidden`, `Invalid`, and `Conflict` when there is
    one, when this kind has none, and before the integration has passed its check.
    """
    integration = _ready(actor, integration)
    made = vault.put(holder=integration.public_id, name=vault.ACCESS, secret=secret)
    events.secret_set(actor=actor, integration=integration, secret=made)
    return made


@transaction.atomic
@sensitive_variables("secret")
def rotate_secret(
    *, actor: Membership, integration: Integration, secret: str, overlap: timedelta
) -> VaultSecret:
    """Replace the secret; the former one works for `overlap` (0 to 7 days) beside it.

    Raises `Forbidden`, `Invalid`, and `Conflict` as `set_secret`, or when there is none.
    """
    integration = _ready(actor, integration)
    former = vault.find_secret(integration.public_id)
    made = vault.rotate(
        holder=integration.public_id, name=vault.ACCESS, secret=secret, overlap=overlap
    )
    mark = former.fingerprint if former else ""
    events.secret_rotated(actor=actor, integration=integration, secret=made, former=mark)
    return made


@transaction.atomic
def revoke_secret(*, actor: Membership, integration: Integration) -> VaultSecret:
    """Empty the secret, and the one before it. Raises `Forbidden`, `Conflict` without one."""
    require_manager(actor)
    integration = lock_integration(integration)
    return _revoked(actor, integration)


def drop_secret(*, actor: Membership, integration: Integration) -> VaultSecret | None:
    """Empty the secret of an integration that ends or moves; return it, None without one."""
    if vault.find_secret(integration.public_id) is None:
        return None
    return _revoked(actor, integration)


def _revoked(actor: Membership, integration: Integration) -> VaultSecret:
    gone = vault.revoke(holder=integration.public_id, name=vault.ACCESS)
    events.secret_revoked(actor=actor, integration=integration, secret=gone)
    return gone


def _ready(actor: Membership, integration: Integration) -> Integration:
    require_manager(actor)
    integration = lock_integration(integration)
    require_not_revoked(integration)
    if not IntegrationKind(integration.kind).has_secret:
        raise Conflict("Nothing of this kind has a secret here: nobody could be given it.")
    require_checked(integration)
    return integration
