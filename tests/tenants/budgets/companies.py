"""A company with budgets, for tests with a database."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from govapp.common.clock import shift_clock
from govapp.common.tenancy import tenant_transaction
from tenants.budgets import Spend
from tenants.models import Budget, BudgetUse
from tenants.services.budget_rules import Terms, set_budget
from tests.people import Company

# A Wednesday in the middle of a month: no window of any length ends while a test runs.
_NOON: Final = datetime(2031, 1, 15, 12, tzinfo=UTC)


def begin_at_noon(after: timedelta = timedelta()) -> None:
    """Move the database's time into the middle of every window, or so much later."""
    shift_clock(_NOON + timedelta(minutes=5) + after - datetime.now(UTC))


def set_one(
    company: Company,
    limit: str = "100.00",
    *,
    on_exceed: str = "halt",
    warn_at: int | None = None,
    **about: Any,
) -> Budget:
    """Set a budget: EUR a day for everything, unless something else is said."""
    said: dict[str, Any] = {"scope": "tenant", "measure": "money:EUR", "period": "day"} | about
    with tenant_transaction(company.id):
        return set_budget(
            actor=company.olivia, terms=Terms(Decimal(limit), on_exceed, warn_at), **said
        )


def euros(amount: str, count: int = 1) -> Spend:
    return Spend({"EUR": Decimal(amount)}, count=count)


def used(company: Company, budget: Budget) -> list[tuple[Decimal, Decimal]]:
    """Return what is reserved and settled of a budget, by its uses."""
    with tenant_transaction(company.id):
        rows = BudgetUse.objects.filter(budget=budget).order_by("starts_at", "ref")
        return [(row.reserved, row.settled) for row in rows]
