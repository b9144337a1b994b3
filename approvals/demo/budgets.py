"""What the demo company lets its agents spend: budgets within budgets, and one nearly used up."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from govapp.common.tenancy import tenant_transaction
from tenants.budgets import Spend
from tenants.models import Agent, Membership
from tenants.selectors.budgets import Purpose
from tenants.services.budget_rules import Terms, change_budget, set_budget
from tenants.services.spend import book_spend

if TYPE_CHECKING:
    from approvals.demo.company import DemoCompany


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
    # No task moves more than this, whoever agrees.
    set_budget(
        actor=compliance,
        scope="run",
        ref="*",
        measure="money:EUR",
        period="run",
        terms=Terms(Decimal(2_000_000), "halt"),
    )
    # One within the other: an agent's day, the bank's day, everybody's month.
    set_budget(
        actor=compliance,
        scope="agent",
        ref=str(agents["treasury-agent"].pk),
        measure="money:EUR",
        period="day",
        terms=Terms(Decimal(6_000_000), "ask", 90),
    )
    set_budget(
        actor=compliance,
        scope="integration",
        ref="core-payments",
        measure="money:EUR",
        period="day",
        terms=Terms(Decimal(8_000_000), "ask", 90),
    )
    set_budget(
        actor=compliance,
        scope="tenant",
        measure="money:EUR",
        period="month",
        terms=Terms(Decimal(90_000_000), "ask", 80),
    )


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
