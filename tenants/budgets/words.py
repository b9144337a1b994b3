"""Budgets in sentences, for whoever sets them and for whoever is held by one."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from govapp.common.currencies import NO_CURRENCY
from tenants.budgets.nested import Line, Outcome, Use
from tenants.budgets.spend import COUNT, TOKENS

_PERIODS: Final = {"hour": "an hour", "day": "a day", "week": "a week", "month": "a month"}


def amount_words(measure: str, amount: Decimal) -> str:
    """Return an amount with its unit: "EUR 1,200.50", "1 action", "5,200 tokens"."""
    if measure in (TOKENS, COUNT):
        unit = "token" if measure == TOKENS else "action"
        return f"{amount.normalize():,f} {unit}{'' if amount == 1 else 's'}"
    return money_words(measure.partition(":")[2], amount)


def money_words(currency: str, amount: Decimal) -> str:
    """Return money: at least two decimals, and no more than it has."""
    places = max(2, -int(amount.normalize().as_tuple().exponent))
    shown = f"{amount:,.{places}f}"
    return f"{shown} without a currency" if currency in ("", NO_CURRENCY) else f"{currency} {shown}"


def limit_words(measure: str, limit: Decimal, period: str) -> str:
    """Return a limit with its period: "EUR 500.00 a day"."""
    return " ".join([amount_words(measure, limit), *filter(None, [_PERIODS.get(period)])])


def whose_words(scope: str, ref: str, name: str = "") -> str:
    """Return whom a budget is about: "for each agent"; `name` is an agent's."""
    each, kind = ref == "*", {"category": "category"}.get(scope, scope)
    if scope == "tenant":
        return "for everything here"
    if scope == "run":
        return "in each run" if each else f"in the run {ref}"
    if each:
        return f"for each {kind}"
    return f"for {ref}" if scope == "category" else f"for the {kind} {name or ref}"


def budget_words(
    *, scope: str, ref: str, measure: str, period: str, limit: Decimal, cost_class: str = "",
    name: str = "",
) -> str:  # fmt: skip
    """Return a budget as a name for it: "EUR 500.00 a day for each agent"."""
    of = f", of what has the cost class {cost_class}" if cost_class else ""
    return f"{limit_words(measure, limit, period)} {whose_words(scope, ref, name)}{of}"


def line_words(line: Line) -> str:
    """Return what a budget says to what is wanted, and what can be done about it."""
    use, until = line.use, until_words(line.use)
    if line.is_stopped:
        return (
            f"The budget of {use.name} is used up: everything that it counts is stopped{until}."
            " Somebody who sets budgets can raise it."
        )
    wants = amount_words(use.measure, line.wanted)
    left = amount_words(use.measure, use.left)
    said = f"The budget of {use.name} would be passed: {wants} is wanted and {left} is left{until}."
    match line.outcome:
        case Outcome.HALT:
            return f"{said} Ask for less, or have the budget raised."
        case Outcome.THROTTLE:
            return f"{said} Try again after that."
        case Outcome.ASK:
            return f"{said} A person decides."
    if line.crosses:
        return said
    used = amount_words(use.measure, use.used + line.wanted)
    return f"The budget of {use.name} is nearly used up: {used} with this{until}."


def until_words(use: Use) -> str:
    """Return " until …" for a window that ends; nothing for a run's."""
    return f" until {moment_words(use.ends_at)}" if use.ends_at else ""


def moment_words(at: datetime) -> str:
    """Return an instant for a sentence, in UTC."""
    moment = at.astimezone(UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"
