"""For whom the inbox is measured: people who may decide much, little or nothing of it."""

from datetime import timedelta
from typing import TYPE_CHECKING

from govapp.bench.ground import Ground

if TYPE_CHECKING:
    from tenants.models import Membership

_FEW = 3  # requests that only `rare_approver` may decide


def make_readers(ground: Ground) -> dict[str, "Membership"]:
    """Return one person of each kind, made through the services, by what they may decide."""
    from govapp.bench.company import RARE, make_user
    from govapp.common import clock
    from govapp.common.tenancy import tenant_transaction
    from tenants.enums import Role
    from tenants.models import ApproverGroup
    from tenants.services.absences import enter_absence
    from tenants.services.groups import add_to_group
    from tenants.services.people import add_member

    company = ground.company
    for turn in range(_FEW):
        company.submit(RARE, turn)
    with tenant_transaction(company.tenant_id):
        owner = company.owner
        groups = {group.slug: group for group in ApproverGroup.objects.all()}

        def member(name: str, group: str = "") -> "Membership":
            user = make_user(name, company.slug)
            made = add_member(actor=owner, user=user, roles=[Role.APPROVER])
            if group:
                add_to_group(actor=owner, group=groups[group], member=made)
            return made

        away, stand_in = member("dora", "finance"), member("stan")
        now = clock.now()
        enter_absence(
            actor=owner,
            member=away,
            stand_in=stand_in,
            starts_at=now,
            ends_at=now + timedelta(days=2),
        )
        return {
            "many": company.approvers[0],
            "few": company.rare_approver,
            "as a stand-in": stand_in,
            "none": member("nora"),
        }
