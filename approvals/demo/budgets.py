"""What the demo company lets its agents spend: budgets within budgets, and one nearly used up."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from approvals.demo.systems import BANK
from govapp.common.tenancy import tenant_transaction
from tenants.budgets import Spend
from tenants.models import Agent, Budget, Membership
from tenants.selectors.budgets import Purpose
from tenants.services.budget_rules import Terms, change_budget, set_budget
from tenants.services.spend import book_spend

if TYPE_CHECKING:
    from approvals.demo.company import DemoCompany


def set_budgets(members: Mapping[str, Membership], agents: Mapping[str, Agent]) -> None:
    """Set some budgets, all of them wide, and leave one that somebody wants wider still."""
    owner, compliance = members["olivia"], members["carl"]
    treasury = str(agents["treasury-agent"].pk)

    def put(
        by: Membership, scope: str, ref: str, measure: str, period: str, terms: Terms
    ) -> Budget:
        return set_budget(
            actor=by, scope=scope, ref=ref, measure=measure, period=period, terms=terms
        )

    put(compliance, "category", "payments.*", "money:EUR", "month", _terms(50_000_000, "ask", 80))
    put(compliance, "agent", "*", "tokens", "day", _terms(2_000_000, "throttle", 90))
    hourly = put(owner, "agent", treasury, "count", "hour", _terms(500, "throttle"))
    change_budget(
        actor=owner,
        budget_id=hourly.pk,
        terms=_terms(800, "throttle"),
        reason="The end of the quarter brings more invoices.",
    )
    # No task moves more than this, whoever agrees.
    put(compliance, "run", "*", "money:EUR", "run", _terms(2_000_000, "halt"))
    # One within the other: an agent's day, the bank's day, everybody's month.
    put(compliance, "agent", treasury, "money:EUR", "day", _terms(6_000_000, "ask", 90))
    put(compliance, "integration", BANK, "money:EUR", "day", _terms(8_000_000, "ask", 90))
    put(compliance, "tenant", "", "money:EUR", "month", _terms(90_000_000, "ask", 80))


def _terms(limit: int, on_exceed: str, warn_at: int | None = None) -> Terms:
    return Terms(Decimal(limit), on_exceed, warn_at)


def spend_nearly_all(company: DemoCompany) -> None:
    """Set a budget and book so much of it that its warning, at 80 per cent, is near."""
    agent = company.agents["support-agent"]
    with tenant_transaction(company.tenant.pk):
        set_budget(
            actor=company.members["olivia"],
            scope="agent",
            ref=str(agent.pk),
            measure="tokens",
            period="week",
            terms=Terms(Decimal(500_000), "ask", 80),
        )
        book_spend(
            agent=agent,
            spent=Spend({"EUR": Decimal("3.12")}, 390_000),
            purpose=Purpose(agent.pk, "email.send", "mail-relay", "answers-of-the-week"),
            note="What the drafts of this week came to.",
        )
