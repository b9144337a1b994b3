"""The watch's part for integrations: their use is counted, and what waits in them is brought on."""

from datetime import datetime

from approvals.selectors.reach_use import count_uses
from tenants.models import Integration
from tenants.services.integration_checks import ask_lost_checks
from tenants.services.integration_use import counted_since, keep_use
from tenants.services.vault import drop_ended
from tenants.services.vault_rotation import ask_lost_renewal


def look_after_integrations(now: datetime) -> None:
    """Count uses anew and note what is unusual; drop secrets whose overlap ended; ask for
    checks and for secrets to be sealed anew.

    One statement for a tenant without integrations.
    """
    if not Integration.objects.exists():
        return
    keep_use(count_uses(counted_since(now)), now=now)
    drop_ended(now)
    ask_lost_checks(now)
    ask_lost_renewal()
