"""The secret of an integration: set, replaced with an overlap, revoked. It is never shown again.

Where short-lived tokens are had for it, what the vault holds is the client (its id and its secret
as one) that they are asked for with, and a check tries it.
"""

from datetime import timedelta

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from govapp.common.errors import Conflict
from tenants.audit_events import integrations as events
from tenants.enums import IntegrationKind
from tenants.models import Integration, Membership, VaultSecret
from tenants.services import vault
from tenants.services.checks import fault
from tenants.services.integration_checks import ask_check
from tenants.services.integrations import (
    lock_integration,
    require_checked,
    require_manager,
    require_not_revoked,
)
from tenants.services.minting import client_pair


@transaction.atomic
@sensitive_variables("secret", "client_id")
def set_secret(
    *, actor: Membership, integration: Integration, secret: str, client_id: str = ""
) -> VaultSecret:
    """Put the secret into the vault; `client_id` goes with the secret of a client.

    With a client the check has to be passed again: a token is tried. Raises `Forbidden`,
    `Invalid`, and `Conflict` when there is one, when this kind has none, and before the
    integration has passed its check.
    """
    integration = _ready(actor, integration)
    kept = _kept(integration, secret, client_id)
    made = vault.put(holder=integration.public_id, name=vault.ACCESS, secret=kept)
    events.secret_set(actor=actor, integration=integration, secret=made)
    if integration.mints_tokens:
        integration.check_passed = False
        integration.save(update_fields=["check_passed"])
        ask_check(actor=actor, integration=integration)
    return made


@transaction.atomic
@sensitive_variables("secret", "client_id")
def rotate_secret(
    *,
    actor: Membership,
    integration: Integration,
    secret: str,
    overlap: timedelta,
    client_id: str = "",
) -> VaultSecret:
    """Replace the secret; the former one works for `overlap` (0 to 7 days) beside it.

    A new client is tried by a check, and used until that is done. When it is refused while the
    former one works, the check says so and fails once that one has ended. Raises `Forbidden`,
    `Invalid`, and `Conflict` as `set_secret`, or when there is none.
    """
    integration = _ready(actor, integration, replaces=True)
    former = vault.find_secret(integration.public_id)
    kept = _kept(integration, secret, client_id)
    made = vault.rotate(
        holder=integration.public_id, name=vault.ACCESS, secret=kept, overlap=overlap
    )
    mark = former.fingerprint if former else ""
    events.secret_rotated(actor=actor, integration=integration, secret=made, former=mark)
    if integration.mints_tokens:
        ask_check(actor=actor, integration=integration)
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


def _ready(actor: Membership, integration: Integration, *, replaces: bool = False) -> Integration:
    require_manager(actor)
    integration = lock_integration(integration)
    require_not_revoked(integration)
    if not IntegrationKind(integration.kind).has_secret:
        raise Conflict("Nothing of this kind has a secret here: nobody could be given it.")
    # A client that works no more lets the check fail, and is replaced for that.
    if not (replaces and integration.mints_tokens):
        require_checked(integration)
    return integration


@sensitive_variables("secret", "client_id")
def _kept(integration: Integration, secret: str, client_id: str) -> str:
    """Return what goes into the vault."""
    if integration.mints_tokens:
        return client_pair(client_id=client_id, client_secret=secret)
    if client_id:
        raise fault("client_id", "Only the client of a token endpoint has an id.")
    return secret
