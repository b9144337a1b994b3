"""The part of the insights about money: what was spent by day, and against which budget."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

from approvals.selectors.insights import Period
from approvals.views.common import read_filter
from govapp.common.charts import Series
from govapp.common.ids import InvalidId, parse_public_id, public_id
from tenants.budgets.words import amount_words, limit_words
from tenants.http import PageRequest
from tenants.selectors.spending import BudgetLine, Look, Spending, read_spending

_MEASURES: Final = {"tokens": "Tokens", "count": "Actions"}
_EVERYTHING: Final = {"": "everything, by agent", "categories": "everything, by category"}
# A line that stands this much higher than all columns would make them unreadable.
_TOO_HIGH: Final = 8
_MOST_BUDGETS: Final = 12


def spending_context(request: PageRequest, period: Period, days: tuple[date, ...]) -> Any:
    """Return what the page shows of a period's spending, as its address asks for it."""
    of = read_filter(request, "of")
    look = _look(of, read_filter(request, "measure"))
    found = read_spending(period.since, period.until, period.zone, days, look)
    return {
        "chart": _chart(found),
        "of": of,
        "of_choices": _choices(found, of),
        "measure": found.look.measure,
        "measures": [(each, _measure(each)) for each in found.measures],
        "budgets": found.budgets[:_MOST_BUDGETS],
        "more_budgets": max(len(found.budgets) - _MOST_BUDGETS, 0),
    }


def _look(of: str, measure: str) -> Look:
    """Return what an address asks for; what cannot be meant is everything."""
    if of.startswith("category:"):
        return Look(measure, category=of.removeprefix("category:"))
    try:
        return Look(measure, agent=parse_public_id("ag", of))
    except InvalidId:
        return Look(measure, is_by_category=of == "categories")


def _choices(found: Spending, of: str) -> list[tuple[str, str]]:
    choices = [
        *_EVERYTHING.items(),
        *((public_id("ag", ident), name) for ident, name in found.agents),
        *((f"category:{each}", each) for each in found.categories),
    ]
    if of not in dict(choices):  # what was chosen for another period, and spent nothing in this one
        choices.append((of, of.removeprefix("category:")))
    return choices


def _chart(found: Spending) -> dict[str, Any] | None:
    """Return the drawing; None when nothing was spent."""
    if not found.parts:
        return None
    look, tightest = found.look, found.tightest
    highest = max(sum(each) for each in zip(*(part.values for part in found.parts), strict=True))
    is_drawn = tightest is not None and tightest.share_of(found.days[-1]) <= highest * _TOO_HIGH
    limit = None
    if tightest is not None and is_drawn:
        shares = tuple(float(tightest.share_of(day)) for day in found.days)
        limit = Series("Tightest budget", shares, "bad")
    drawn = sum((sum(part.values, Decimal(0)) for part in found.parts), Decimal(0))
    return {
        "title": f"{_measure(look.measure)} by day",
        "labels": [f"{day:%d %b}" for day in found.days],
        "series": [
            Series(part.name, tuple(float(value) for value in part.values)) for part in found.parts
        ],
        "unit": _measure(look.measure),
        "limit": limit,
        "total": amount_words(look.measure, found.total),
        "is_corrected": found.total < drawn,
        "tightest": tightest,
        "is_drawn": is_drawn,
        "a_day": _a_day(tightest, found.days[-1]) if tightest else "",
    }


def _a_day(tightest: BudgetLine, day: date) -> str:
    """What a budget for another time comes to on one day: "EUR 33.33 a day"."""
    if tightest.period == "day":
        return ""
    share = tightest.share_of(day).quantize(Decimal("0.01"))
    return limit_words(tightest.measure, share, "day")


def _measure(measure: str) -> str:
    return _MEASURES.get(measure) or measure.partition(":")[2]
