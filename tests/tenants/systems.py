"""Systems that agents act on: registered, checked as if somebody had answered, and granted."""

from typing import Any

from govapp.common import clock
from tenants.models import Agent, Integration, IntegrationGrant
from tenants.services.integrations import activate_integration, register_integration
from tenants.services.reach_grants import grant_integration
from tests.people import Company


def register_system(company: Company, slug: str = "acme-bank", **fields: Any) -> Integration:
    """Register a system as a draft. A tenant is bound."""
    values: dict[str, Any] = {
        "name": slug.replace("-", " ").capitalize(),
        "kind": "bank",
        "address": f"https://{slug}.example/api",
        "owner": company.olivia,
        "scopes": ["payments:write", "payments:read"],
    } | fields
    return register_integration(actor=company.olivia, slug=slug, **values)


def pass_check(integration: Integration) -> Integration:
    """Leave it as a check that it passed does."""
    Integration.objects.filter(pk=integration.pk).update(
        check_passed=True, checked_at=clock.now(), check_result="It answered 401."
    )
    integration.refresh_from_db()
    return integration


def active_system(company: Company, slug: str = "acme-bank", **fields: Any) -> Integration:
    """Register a system that may be used. A tenant is bound."""
    made = pass_check(register_system(company, slug, **fields))
    return activate_integration(actor=company.olivia, integration=made)


def give(
    company: Company, agent: Agent, integration: Integration, *categories: str, **fields: Any
) -> IntegrationGrant:
    """Grant it for these categories. A tenant is bound."""
    return grant_integration(
        actor=company.olivia,
        integration=integration,
        agent=agent,
        categories=categories or ("payments.*",),
        **fields,
    )
