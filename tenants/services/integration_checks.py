"""Checking an integration: whether somebody answers there, and whether its scopes are declared.

The check is asked for in a page's transaction and done by a task outside of any: nothing waits for
the network with a lock in its hand. One whose hint was lost is asked for again by the watch.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from govapp.common import clock
from govapp.common.queue import enqueue_on_commit
from govapp.common.tenancy import tenant_transaction
from tenants.audit_events import integrations as events
from tenants.models import Integration, Membership
from tenants.services.integrations import lock_integration, require_manager, require_not_revoked
from tenants.transports.reachability import knock

LOST_AFTER: Final = timedelta(minutes=1)
_NO_SCOPES: Final = "It declares no scope: say what it can be used for."


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
    if found is None:
        return None
    passed, result = _look(found)
    with tenant_transaction(tenant_id):
        integration = asked.select_for_update().first()
        is_same = integration is not None and (integration.address, integration.scopes) == (
            found.address, found.scopes,
        )  # fmt: skip
        if integration is None or not is_same:
            return None  # changed meanwhile: this says nothing about it as it is now
        integration.check_asked_at, integration.checked_at = None, clock.now()
        integration.check_passed, integration.check_result = passed, result
        integration.save(
            update_fields=["check_asked_at", "checked_at", "check_passed", "check_result"]
        )
        events.checked(integration=integration)
    return passed


def ask_lost_checks(now: datetime) -> None:
    """Hint once more at the checks of the bound tenant that nobody has done."""
    for each in Integration.objects.filter(check_asked_at__lt=now - LOST_AFTER):
        _hint(each)


def _look(integration: Integration) -> tuple[bool, str]:
    if not integration.scopes:
        return False, _NO_SCOPES
    return knock(integration.address)


def _hint(integration: Integration) -> None:
    enqueue_on_commit(
        "tenants.check_integration",
        tenant_id=integration.tenant_id,
        integration_id=integration.pk,
    )
