"""What the demo bank's agents may reach: its systems, what each agent was granted, and a model.

The systems are stand-ins on this machine (`approvals.demo.standin`), so that their checks are real
ones; the model's key is nobody's.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from approvals.services.model_prices import set_price
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tenants.models import Integration
from tenants.services.integration_checks import ask_check, check_integration
from tenants.services.integration_secrets import set_secret
from tenants.services.integrations import activate_integration, register_integration
from tenants.services.reach_grants import grant_integration

if TYPE_CHECKING:
    from approvals.demo.company import DemoCompany

BANK: Final = "core-payments"
MAIL: Final = "mail-relay"
REGISTER: Final = "customers"
CLUSTER: Final = "production-cluster"
ISSUER: Final = "card-issuer"
MODEL: Final = "model-provider"
PERSONAL: Final = "customer-pii"


@dataclass(frozen=True)
class System:
    """One of the bank's systems, as its owner registers it."""

    name: str
    kind: str
    scopes: tuple[str, ...]
    labels: tuple[str, ...] = ()
    has_secret: bool = False
    path: str = ""


@dataclass(frozen=True)
class Granted:
    """What one agent may use one system for; `days` from the beginning, None for no end."""

    agent: str
    system: str
    categories: tuple[str, ...]
    scopes: tuple[str, ...] = ()
    days: int | None = None


SYSTEMS: Final[dict[str, System]] = {
    BANK: System(
        "Core payments", "bank", ("payments:read", "payments:write"), ("public", PERSONAL)
    ),
    MAIL: System("Mail to customers", "http", ("mail:send",), ("public",)),
    REGISTER: System(
        "Customer register", "crm", ("customers:read", "customers:tag"), ("public", PERSONAL)
    ),
    CLUSTER: System("Production cluster", "http", ("databases", "releases"), ("public",)),
    ISSUER: System("Card issuer", "injected", ("cards:write",), (PERSONAL,), has_secret=True),
    MODEL: System("Model provider", "model", ("chat", "embeddings"), has_secret=True, path="/v1"),
}
# One ended in the middle of the history; one ends soon after it.
GRANTS: Final = (
    Granted("treasury-agent", BANK, ("payments.*",)),
    Granted("ledger-agent", BANK, ("payments.transfer",), ("payments:read",)),
    Granted("support-agent", MAIL, ("email.send",)),
    Granted("support-agent", REGISTER, ("crm.*",), ("customers:tag",)),
    Granted("support-agent", REGISTER, ("records.read",), ("customers:read",), days=10),
    Granted("support-agent", ISSUER, ("partner.call",)),
    Granted("support-agent", MODEL, ("model.*",)),
    Granted("records-agent", REGISTER, ("records.read",), ("customers:read",)),
    Granted("deploy-agent", CLUSTER, ("infra.*", "database.*"), days=36),
)


def build_systems(company: DemoCompany, address: str) -> None:
    """Register the systems that answer at this address, check them, and grant them."""
    made = {slug: _build(company, slug, system, address) for slug, system in SYSTEMS.items()}
    olivia, now = company.members["olivia"], clock.now()
    with tenant_transaction(company.tenant.pk):
        for each in GRANTS:
            grant_integration(
                actor=olivia,
                integration=made[each.system],
                agent=company.agents[each.agent],
                categories=each.categories,
                scopes=each.scopes,
                expires_at=None if each.days is None else now + timedelta(days=each.days),
            )
        set_price(
            actor=company.members["carl"],
            pattern="demo-*",
            currency="EUR",
            asked=Decimal("0.50"),
            answered=Decimal("1.50"),
            most_output=500,
        )


def _build(company: DemoCompany, slug: str, system: System, address: str) -> Integration:
    """Bring one system from nothing to where agents may be granted it."""
    olivia, tenant_id = company.members["olivia"], company.tenant.pk
    with tenant_transaction(tenant_id):
        made = register_integration(
            actor=olivia,
            slug=slug,
            name=system.name,
            kind=system.kind,
            address=f"{address}/{slug}{system.path}",
            owner=olivia,
            scopes=system.scopes,
            labels_cleared=system.labels,
        )
        ask_check(actor=olivia, integration=made)
    # Outside of any transaction, as the task that does it.
    check_integration(tenant_id=tenant_id, integration_id=made.pk)
    with tenant_transaction(tenant_id):
        made = activate_integration(actor=olivia, integration=made)
        if system.has_secret:
            set_secret(actor=olivia, integration=made, secret=secrets.token_urlsafe(24))
    return made
