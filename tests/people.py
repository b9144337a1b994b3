"""Alice, Bob, Charlie and their companies: the people whom every test knows."""

from dataclasses import dataclass
from uuid import UUID

from tenants.models import Membership, Tenant


@dataclass(frozen=True)
class Company:
    """A tenant with one member for each role, made directly in the tables."""

    tenant: Tenant
    olivia: Membership  # owner
    carl: Membership  # compliance
    alice: Membership  # approver
    bob: Membership  # approver
    audrey: Membership  # auditor

    @property
    def id(self) -> UUID:
        return self.tenant.pk
