"""The watch's part for integrations: their use is counted, and what waits in them is brought on."""

from datetime import datetime
from uuid import UUID

from approvals.selectors.reach_use import count_uses
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tenants.models import Integration
from tenants.services.integration_checks import ask_checks_without_former, ask_lost_checks
from tenants.services.integration_use import counted_since, keep_use
from tenants.services.vault import drop_ended
from tenants.services.vault_rotation import ask_lost_renewal


def renew_checks(tenant_id: UUID) -> datetime:
    """Ask for the checks that were passed with a client whose overlap has ended.

    In a transaction of its own, for it locks integrations, and before their secrets are dropped:
    a tenant of which nothing else is to be seen is watched for those. Returns the instant by which
    they had ended: what ends later keeps its secret until the next watch.
    """
    with tenant_transaction(tenant_id):
        now = clock.now()
        ask_checks_without_former(now)
    return now


def look_after_integrations(now: datetime, *, ended_by: datetime) -> None:
    """Count uses anew and note what is unusual; drop secrets whose overlap ended by
    then; ask for checks and for secrets to be sealed anew.

    One statement for a tenant without integrations.
    """
    if not Integration.objects.exists():
        return
    keep_use(count_uses(counted_since(now)), now=now)
    drop_ended(ended_by)
    ask_lost_checks(now)
    ask_lost_renewal()
