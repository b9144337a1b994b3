"""What the demo company lets its agents spend."""

from collections.abc import Mapping
from decimal import Decimal

from tenants.models import Agent, Membership
from tenants.services.budget_rules import Terms, change_budget, set_budget


def set_budgets(members: Mapping[str, Membership], agents: Mapping[str, Agent]) -> None:
    """Set some budgets, all of them wide, and leave one that somebody wants wider still."""
    owner, compliance = members["olivia"], members["carl"]
    set_budget(
        actor=compliance,
        scope="category",
        ref="payments.*",
        measure="money:EUR",
        period="month",
        terms=Terms(Decimal(50_000_000), "ask", 80),
    )
    set_budget(
        actor=compliance,
        scope="agent",
        ref="*",
        measure="tokens",
        period="day",
        terms=Terms(Decimal(2_000_000), "throttle", 90),
    )
    treasury = set_budget(
        actor=owner,
        scope="agent",
        ref=str(agents["treasury-agent"].pk),
        measure="count",
        period="hour",
        terms=Terms(Decimal(500), "throttle"),
    )
    change_budget(
        actor=owner,
        budget_id=treasury.pk,
        terms=Terms(Decimal(800), "throttle"),
        reason="The end of the quarter brings more invoices.",
    )
