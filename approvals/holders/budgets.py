"""Budgets: what is wanted may be more than is left."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from approvals.facts import Submission, amount_of, value_at
from approvals.holders.asked import Asked
from approvals.leash import Demand, Held, Refusal
from approvals.models import ActionCategory
from approvals.policies.decimals import read_decimal
from govapp.common.currencies import NO_CURRENCY
from tenants.budgets import Line, Outcome, Spend, Verdict, verdict
from tenants.budgets.words import line_words
from tenants.selectors.budgets import standings_of

KEY: Final = "budgets"
"""What `selectors.situation` calls it: what it found, or a verdict that is binding."""
_CURRENCY_LETTERS: Final = 3


def held(asked: Asked) -> Held:
    """Refuse what a budget halts or throttles, and want a person where one asks for that."""
    known = asked.known.get(KEY)
    if not known:
        return Held()
    wanted = wanted_of(asked.category, asked.submission)
    found = verdict_of(known, asked.now, wanted)
    lines = {
        outcome: [each for each in found.lines if each.outcome == outcome] for outcome in Outcome
    }
    return Held(
        tuple(_refusal(line) for line in [*lines[Outcome.HALT], *lines[Outcome.THROTTLE]]),
        tuple(Demand("budget_ask", line_words(line)) for line in lines[Outcome.ASK]),
        tuple(line_words(line) for line in lines[Outcome.WARN]),
    )


def verdict_of(known: Any, now: datetime, wanted: Spend) -> Verdict:
    """Return what the budgets say, as they stood when they were read."""
    if isinstance(known, Verdict):
        return known
    return verdict([each.as_use() for each in standings_of(known, now)], wanted)


def wanted_of(category: ActionCategory | None, submission: Submission) -> Spend:
    """Return what a submission wants: what it moves, what doing it costs, and one action."""
    moved = moved_of(category, submission.payload)
    return moved + cost_of(submission.estimated_cost) + Spend(count=1)


def moved_of(category: ActionCategory | None, payload: Mapping[str, Any]) -> Spend:
    """Return the money that an action moves, where its category says which field that is.

    The currency stands beside it, in a field `currency`. Without one it counts in every currency.
    """
    if category is None or value_at(payload, category.amount_field) is None:
        return Spend()
    # What cannot be read may be anything: more than any budget has.
    amount = amount_of(category, payload)
    amount = Decimal("Infinity") if amount is None else amount
    beside, _, _ = category.amount_field.rpartition(".")
    said = value_at(payload, f"{beside}.currency" if beside else "currency")
    return Spend({_currency(said): amount})


def cost_of(cost: Mapping[str, Any] | None) -> Spend:
    """Return what doing something costs, as an agent says."""
    if not cost:
        return Spend()
    amount = read_decimal(cost.get("amount"))
    tokens = cost.get("tokens") or 0
    money = {} if amount is None else {_currency(cost.get("currency")): max(amount, Decimal(0))}
    return Spend(money, tokens if isinstance(tokens, int) else 0)


def _currency(said: Any) -> str:
    text = said.strip().upper() if isinstance(said, str) else ""
    is_code = len(text) == _CURRENCY_LETTERS and text.isascii() and text.isalpha()
    return text if is_code else NO_CURRENCY


def _refusal(line: Line) -> Refusal:
    if line.outcome == Outcome.THROTTLE:
        return Refusal("throttled", line_words(line), line.use.ends_at)
    code = "budget_halted" if line.is_stopped else "budget_exceeded"
    return Refusal(code, line_words(line), line.use.ends_at)
