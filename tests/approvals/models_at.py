"""A company whose agent may call a model that answers on loopback."""

from decimal import Decimal
from typing import Any

from approvals.services.model_prices import set_price
from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent, Integration
from tenants.services.integration_secrets import set_secret
from tests.approvals.world import World
from tests.tenants.systems import active_system, give

VENDOR_KEY = "vendor-key-of-acme-1234567890"
MODEL = "m-large"
HELLO: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}


def connect_model(
    world: World, agent: Agent, address: str, *, slug: str = "models", key: str = VENDOR_KEY
) -> Integration:
    """Register the model's service with its key, a price, and a grant for the agent."""
    company = world.company
    with tenant_transaction(company.id):
        made = active_system(company, slug, kind="model", address=address, scopes=["chat"])
        set_secret(actor=company.olivia, integration=made, secret=key)
        give(company, agent, made, "model.*")
        set_price(
            actor=company.carl, pattern="m-*", currency="EUR", asked=Decimal(2),
            answered=Decimal(8), most_output=500,
        )  # fmt: skip
    return made
