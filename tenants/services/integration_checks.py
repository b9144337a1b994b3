"""Checking an integration: whether somebody answers there, and whether its scopes are declared.

Where short-lived tokens are had, its token endpoint has to give one, as soon as there is a client.
When only the client before the present one is given a token, the check is passed for as long as
that one works, says so, and is done again at the end of it.
The check is asked for in a page's transaction and done by a task outside of any: nothing waits for
the network with a lock in its hand. One whose hint was lost is asked for again by the watch.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from govapp.common import clock
from govapp.common.errors import DomainError
from govapp.common.formats import utc_minute
from govapp.common.queue import enqueue_on_commit
from govapp.common.tenancy import tenant_transaction
from tenants.audit_events import integrations as events
from tenants.enums import IntegrationStatus
from tenants.models import Integration, Membership, VaultSecret
from tenants.models.integration import CLIENT_REFUSED
from tenants.services.integration_fields import CHECKED
from tenants.services.integrations import lock_integration, require_manager, require_not_revoked
from tenants.services.minting import Order, fill, order_of
from tenants.services.vault import find_secret
from tenants.transports.reachability import knock

LOST_AFTER: Final = timedelta(minutes=1)
_NO_SCOPES: Final = "It declares no scope: say what it can be used for."
_MOST: Final = 200  # characters of a result


@transaction.atomic
def ask_check(*, actor: Membership, integration: Integration) -> Integration:
    """Have an integration checked, for the first time or again. It stays as it is until then.

    Raises `Forbidden`, and `Conflict` when it is revoked.
    """
    require_manager(actor)
    integration = lock_integration(integration)
    require_not_revoked(integration)
    integration.check_asked_at = clock.now()
    integration.save(update_fields=["check_asked_at"])
    events.check_asked(actor=actor, integration=integration)
    _hint(integration)
    return integration


def check_integration(*, tenant_id: UUID, integration_id: UUID) -> bool | None:
    """Do the check that was asked for; return whether it passed, or None when none was."""
    asked = Integration.objects.filter(pk=integration_id, check_asked_at__isnull=False)
    with tenant_transaction(tenant_id):
        found = asked.first()
        order = _order(found) if found is not None else None
    if found is None:
        return None
    passed, result = _look(found, order)
    with tenant_transaction(tenant_id):
        integration = asked.select_for_update().first()
        if integration is None or not _is_same(integration, found, order):
            return None  # changed meanwhile: this says nothing about it as it is now
        integration.check_asked_at, integration.checked_at = None, clock.now()
        integration.check_passed, integration.check_result = passed, result[:_MOST]
        integration.save(
            update_fields=["check_asked_at", "checked_at", "check_passed", "check_result"]
        )
        events.checked(integration=integration)
    return passed


def ask_lost_checks(now: datetime) -> None:
    """Hint once more at the checks of the bound tenant that nobody has done."""
    for each in Integration.objects.filter(check_asked_at__lt=now - LOST_AFTER):
        _hint(each)


@transaction.atomic
def ask_checks_without_former(now: datetime) -> None:
    """Have those of the bound tenant checked again whose former client, which alone worked, has
    ended: they are passed no longer, unless the present one works by now.
    """
    warned = Integration.objects.filter(
        check_passed=True, check_asked_at=None, check_result__startswith=CLIENT_REFUSED
    ).exclude(status=IntegrationStatus.REVOKED)
    for each in warned:
        if VaultSecret.objects.filter(holder=each.public_id, previous_until__gt=now).exists():
            continue
        integration = lock_integration(each)
        integration.check_asked_at = now
        integration.save(update_fields=["check_asked_at"])
        events.check_due(integration=integration)
        _hint(integration)


def _order(integration: Integration) -> Order | str | None:
    """Return the token that is to be tried, or why it cannot be; None when there is no client."""
    secret = find_secret(integration.public_id) if integration.mints_tokens else None
    if secret is None:
        return None
    scopes = tuple(integration.scopes)
    try:
        return order_of(integration, secret, scopes=scopes, purpose="check", now=clock.now())
    except DomainError as refusal:
        return refusal.detail


def _is_same(integration: Integration, looked_at: Integration, order: Order | str | None) -> bool:
    if any(getattr(integration, each) != getattr(looked_at, each) for each in CHECKED):
        return False
    if not integration.mints_tokens:
        return True
    secret = find_secret(integration.public_id)
    if secret is None:
        return order is None
    if not isinstance(order, Order):
        return True
    former_lasts = order.former_until is None or order.former_until > clock.now()
    return former_lasts and order.secret_version == secret.version


def _look(integration: Integration, order: Order | str | None) -> tuple[bool, str]:
    if not integration.scopes:
        return False, _NO_SCOPES
    passed, said = knock(integration.address)
    if not passed or not integration.mints_tokens:
        return passed, said
    if isinstance(order, str):
        return False, order
    if order is None:
        passed, _ = knock(integration.token_url)
        if not passed:
            return False, "Its token endpoint does not answer."
        return True, f"{said} Its token endpoint answers; with its client a token is tried."
    filled = fill(order)
    if filled.token is None:
        return False, filled.why_not
    if filled.is_by_former and order.former_until is not None:
        return True, (
            f"{CLIENT_REFUSED}; the former one works until {utc_minute(order.former_until)}."
            f" Replace the client before that. {filled.why_not}"
        )
    return True, f"{said} Its token endpoint gave a token for {filled.token.seconds} seconds."


def _hint(integration: Integration) -> None:
    enqueue_on_commit(
        "tenants.check_integration",
        tenant_id=integration.tenant_id,
        integration_id=integration.pk,
    )
