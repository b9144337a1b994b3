"""What the ledger's floor asks about the bound tenant: its time of keeping, and its people."""

from audit.selectors.retention import Retention
from audit.services.commitments import address_refs
from govapp.common.errors import NotFound
from govapp.common.ids import InvalidId, parse_public_id
from govapp.common.tenancy import require_tenant_id
from tenants.models import Agent, Membership, Tenant
from tenants.retention import minimums_of_tenant


def retention_of_tenant() -> Retention:
    """Return for how long records are kept, and who has to agree before any go."""
    tenant = Tenant.objects.filter(pk=require_tenant_id()).first()
    if tenant is None:
        return Retention()
    return Retention(
        days=tenant.retention_days,
        zone=tenant.time_zone,
        prunes_daily=tenant.prunes_daily,
        # Whoever may publish rules alone may do this alone; both are recorded.
        needs_second_person=not tenant.single_person_publishing,
        minimums=minimums_of_tenant(),
    )


def names_of_subject(ref: str) -> tuple[str, list[str]]:
    """Return what a member or an agent is called, and what else the record knows it as.

    Raises `NotFound` when the bound tenant has no such member or agent.
    """
    for prefix, model in (("mem", Membership), ("ag", Agent)):
        try:
            found = model.objects.filter(pk=parse_public_id(prefix, ref)).first()
        except InvalidId:
            continue
        if isinstance(found, Membership):
            return found.user.name, address_refs(found.user.email)
        if isinstance(found, Agent):
            return found.name, []
    raise NotFound("There is no such person or agent.")
