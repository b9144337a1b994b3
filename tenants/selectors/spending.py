"""What was spent on each day of a period, and how near it came to the budgets that hold today.

Three statements, whatever the tenant holds. Amounts are those of the costs (`SpendEntry`); how full
a budget was is what the budget itself counted (`BudgetUse`). Source: ux design page, 11.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from govapp.common.tenancy import require_tenant_id
from tenants.budgets.spend import COUNT, TOKENS
from tenants.budgets.words import amount_words
from tenants.scopes import covers
from tenants.selectors.budgets import NamedBudget

MOST_SERIES: Final = 5
MOST_CHOICES: Final = 50
_COLUMNS: Final = {TOKENS: "tokens", COUNT: '"count"'}

_WITHIN: Final = "s.tenant_id = %(tenant)s AND s.spent_at >= %(since)s AND s.spent_at < %(until)s"
_CHOICES: Final = f"""
WITH e AS (
  SELECT s.agent_id, s.category, s.currency, sum(s.amount) AS amount, sum(s.tokens) AS tokens,
    sum(s."count") AS actions, count(*) AS n
  FROM tenants_spendentry s WHERE {_WITHIN} GROUP BY 1, 2, 3)
(SELECT 'measure', 'money:' || currency, '', sum(n) FROM e
  WHERE currency <> '' GROUP BY currency HAVING sum(amount) <> 0 ORDER BY 4 DESC, 2)
UNION ALL (SELECT 'measure', 'tokens', '', 0 FROM e HAVING sum(tokens) > 0)
UNION ALL (SELECT 'measure', 'count', '', 0 FROM e HAVING sum(actions) > 0)
UNION ALL (SELECT 'agent', e.agent_id::text, a.name, sum(n) FROM e
  JOIN tenants_agent a ON a.tenant_id = %(tenant)s AND a.id = e.agent_id
  GROUP BY 2, 3 ORDER BY 4 DESC, 3 LIMIT %(most)s)
UNION ALL (SELECT 'category', category, '', sum(n) FROM e
  WHERE category <> '' GROUP BY category ORDER BY 4 DESC, 2 LIMIT %(most)s)"""  # noqa: S608 - names of our own
_DAYS: Final = """
WITH e AS (
  SELECT (s.spent_at AT TIME ZONE %(zone)s)::date AS day, {key} AS part, sum(s.{column}) AS spent
  FROM tenants_spendentry s WHERE {where} GROUP BY 1, 2),
named AS (
  SELECT part FROM e GROUP BY 1 HAVING sum(spent) > 0 ORDER BY sum(spent) DESC, 1 LIMIT %(parts)s),
folded AS (
  SELECT e.day, n.part, sum(e.spent) AS spent
  FROM e LEFT JOIN named n ON n.part = e.part GROUP BY 1, 2)
SELECT f.day, f.part, coalesce(a.name, f.part), f.spent FROM folded f
LEFT JOIN tenants_agent a ON a.tenant_id = %(tenant)s AND a.id::text = f.part
ORDER BY 1, 2"""
# A window counts where it lies in the period with any part of it; none is longer than a month, so
# that the index is read between two bounds. A run has a window without an end: it counts where
# something was booked for it in the period, or refused to it.
_BUDGETS: Final = f"""
WITH runs AS (
  SELECT u.id FROM (
    SELECT DISTINCT s.agent_id::text || ' ' || s.run AS ref
    FROM tenants_spendentry s WHERE {_WITHIN} AND s.run <> '') r
  JOIN tenants_budget b ON b.tenant_id = %(tenant)s AND b.is_active AND b.period = 'run'
  JOIN tenants_budgetuse u
    ON u.tenant_id = %(tenant)s AND u.budget_id = b.id AND u.ref = r.ref
  UNION
  SELECT u.id FROM tenants_budgetuse u
  WHERE u.tenant_id = %(tenant)s AND u.ends_at IS NULL
    AND u.exceeded_at >= %(since)s AND u.exceeded_at < %(until)s),
counted AS (
  SELECT u.budget_id, u.ref, u.starts_at, u.reserved + u.settled AS used,
    u.exceeded_at IS NOT NULL AS is_passed
  FROM tenants_budgetuse u
  WHERE u.tenant_id = %(tenant)s AND u.starts_at < %(until)s
    AND u.ends_at > %(since)s AND u.ends_at < %(until)s + interval '32 days'
  UNION ALL
  SELECT u.budget_id, u.ref, u.starts_at, u.reserved + u.settled,
    coalesce(u.exceeded_at >= %(since)s AND u.exceeded_at < %(until)s, false)
  FROM runs JOIN tenants_budgetuse u ON u.id = runs.id),
fullest AS (
  SELECT DISTINCT ON (u.budget_id) u.budget_id, u.ref, u.starts_at, u.used,
    count(*) FILTER (WHERE u.is_passed) OVER w AS passed
  FROM counted u
  WINDOW w AS (PARTITION BY u.budget_id)
  ORDER BY u.budget_id, u.used DESC, u.starts_at DESC, u.ref)
SELECT b.id, b.scope, b.ref, b.measure, b.period, b.cost_class, b."limit", o.name, f.ref, w.name,
  f.starts_at, coalesce(f.used, 0), coalesce(f.passed, 0)
FROM tenants_budget b
LEFT JOIN fullest f ON f.budget_id = b.id
LEFT JOIN tenants_agent o ON o.tenant_id = b.tenant_id AND o.id::text = b.ref
LEFT JOIN tenants_agent w ON w.tenant_id = b.tenant_id
  AND w.id::text = split_part(coalesce(f.ref, ''), ' ', 1)
WHERE b.tenant_id = %(tenant)s AND b.is_active
ORDER BY coalesce(f.used, 0) / b."limit" DESC, b.created_at, b.id"""  # noqa: S608 - names of our own


@dataclass(frozen=True)
class Look:
    """What is looked at: a measure, of everything or of one agent or category; and in what parts.

    An empty measure is the currency that is used most.
    """

    measure: str = ""
    agent: UUID | None = None
    category: str = ""
    is_by_category: bool = False


@dataclass(frozen=True)
class Part:
    """One agent or category: what it spent on each day."""

    name: str
    values: tuple[Decimal, ...]


@dataclass(frozen=True)
class BudgetLine(NamedBudget):
    """A budget that holds today, and the window of the period in which it was fullest."""

    whose: str | None  # of whom the fullest window is
    whose_name: str | None
    starts_at: datetime | None  # of the fullest window
    used: Decimal
    passed: int  # windows in which somebody wanted more than there was

    @property
    def percent(self) -> int:
        return int(self.used * 100 / self.limit)

    @property
    def used_words(self) -> str:
        return amount_words(self.measure, self.used)

    @property
    def of_whom(self) -> str:
        """Whose fullest window it is, where the budget counts several by themselves."""
        if self.ref != "*" or not self.whose:
            return ""
        agent, _, run = self.whose.partition(" ")
        who = self.whose_name or agent
        return f"{who}, run {run}" if run else who

    def counts(self, look: Look) -> bool:
        """Whether it counts all of what is looked at, so that the two can be compared."""
        if self.cost_class or self.measure != look.measure or self.period == "run":
            return False
        match self.scope:
            case "tenant":
                return True
            case "agent":
                return look.agent is not None and self.ref in ("*", str(look.agent))
            case "category":
                is_meant = self.ref == "*" or covers([self.ref], look.category)
                return bool(look.category) and is_meant
        return False

    def share_of(self, day: date) -> Decimal:
        """What it comes to for one day; a week's and a month's is shared out evenly."""
        match self.period:
            case "hour":
                return self.limit * 24
            case "week":
                return self.limit / 7
            case "month":
                return self.limit / monthrange(day.year, day.month)[1]
        return self.limit


@dataclass(frozen=True)
class Spending:
    """Everything that is shown of it.

    `total` has what was taken back in it, so it may be less than what `parts` come to: nothing is
    drawn below zero.
    """

    look: Look
    days: Sequence[date]
    parts: tuple[Part, ...]
    total: Decimal
    measures: tuple[str, ...]
    agents: tuple[tuple[UUID, str], ...]
    categories: tuple[str, ...]
    budgets: tuple[BudgetLine, ...]

    @property
    def tightest(self) -> BudgetLine | None:
        """The budget that leaves the least for a day; None when none counts all of this."""
        fitting = [each for each in self.budgets if each.counts(self.look)]
        return min(fitting, key=lambda each: each.share_of(self.days[-1]), default=None)


def read_spending(
    since: datetime, until: datetime, zone: str, days: Sequence[date], look: Look
) -> Spending:
    """Return what the bound tenant spent from `since` to `until`, by the days of a time zone."""
    values = {
        "tenant": require_tenant_id(), "since": since, "until": until, "zone": zone,
        "most": MOST_CHOICES, "parts": MOST_SERIES, "agent": look.agent, "category": look.category,
    }  # fmt: skip
    choices = _rows(_CHOICES, values)
    measures = tuple(key for kind, key, *_ in choices if kind == "measure")
    measure = look.measure if look.measure in measures else next(iter(measures), "money:EUR")
    look = Look(measure, look.agent, look.category, look.is_by_category)
    spent = _rows(_query(look), values | {"currency": measure.partition(":")[2]})
    return Spending(
        look=look,
        days=days,
        parts=_parts(spent, days),
        total=sum((amount for *_, amount in spent), Decimal(0)),
        measures=measures,
        agents=tuple((UUID(key), name) for kind, key, name, _ in choices if kind == "agent"),
        categories=tuple(key for kind, key, *_ in choices if kind == "category"),
        budgets=tuple(BudgetLine(*row) for row in _rows(_BUDGETS, values)),
    )


def _query(look: Look) -> str:
    where = [_WITHIN]
    if look.measure not in _COLUMNS:
        where.append("s.currency = %(currency)s")
    if look.agent:
        where.append("s.agent_id = %(agent)s")
    if look.category:
        where.append("s.category = %(category)s")
    is_by_category = look.is_by_category or look.agent is not None
    return _DAYS.format(
        key="s.category" if is_by_category else "s.agent_id::text",
        column=_COLUMNS.get(look.measure, "amount"),
        where=" AND ".join(where),
    )


def _parts(rows: Sequence[tuple[Any, ...]], days: Sequence[date]) -> tuple[Part, ...]:
    """Return one part for each name, those with the most first, what is left over last."""
    found: dict[str | None, dict[date, Decimal]] = {}
    names: dict[str | None, str] = {None: "Others"}
    for day, part, name, spent in rows:
        found.setdefault(part, {})[day] = spent
        names.setdefault(part, name or "without a category")
    ordered = sorted(found, key=lambda part: (part is None, -sum(found[part].values()), part or ""))
    made = (
        # A correction may take more back on a day than was spent on it.
        Part(names[part], tuple(max(found[part].get(day, Decimal(0)), Decimal(0)) for day in days))
        for part in ordered
    )
    return tuple(each for each in made if any(each.values))


def _rows(query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())
