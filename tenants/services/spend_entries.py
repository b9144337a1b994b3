"""The rows that say what was spent: what the costs are made of."""

from decimal import Decimal

from govapp.common.writing import insert
from tenants.budgets.spend import NOTHING, Spend
from tenants.models import SpendEntry


def write_entries(entry: SpendEntry, spent: Spend, former: Spend = NOTHING) -> None:
    """Write what was spent beyond `former`: an entry for each currency, the first with the rest."""
    amounts = {
        currency: spent.money.get(currency, Decimal(0)) - former.money.get(currency, Decimal(0))
        for currency in sorted({*spent.money, *former.money})
    }
    moved = [(currency, amount) for currency, amount in amounts.items() if amount]
    first, *others = moved or [("", Decimal(0))]
    entry.currency, entry.amount = first
    entry.tokens, entry.count = spent.tokens - former.tokens, spent.count - former.count
    rows = [entry] if moved or entry.tokens or entry.count else []
    for currency, amount in others:
        rows.append(_another(entry, currency, amount))
    if rows:
        insert(*rows)


def _another(entry: SpendEntry, currency: str, amount: Decimal) -> SpendEntry:
    """Return the same entry for another currency: tokens and count are in the first one."""
    return SpendEntry(
        agent=entry.agent,
        category=entry.category,
        integration=entry.integration,
        run=entry.run,
        holder=entry.holder,
        source=entry.source,
        currency=currency,
        amount=amount,
        is_as_reserved=entry.is_as_reserved,
        spent_at=entry.spent_at,
    )
