"""Which budgets hold what an agent does, and how they stand: read in one statement."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from govapp.common.ids import public_id
from govapp.common.tenancy import require_tenant_id
from tenants.budgets.nested import Outcome, Use
from tenants.budgets.windows import Window, window_of
from tenants.budgets.words import budget_words

_OUTCOMES: Final = {
    "warn": Outcome.WARN,
    "ask": Outcome.ASK,
    "throttle": Outcome.THROTTLE,
    "halt": Outcome.HALT,
}
# Whose use counts: NULL for what a budget is not about.
_WHOSE: Final = """CASE
 WHEN b.scope = 'tenant' THEN ''
 WHEN b.scope = 'agent' AND b.ref IN ('*', asked.agent_id::text) THEN asked.agent_id::text
 WHEN b.scope = 'integration' AND asked.integration <> '' AND b.ref IN ('*', asked.integration)
   THEN asked.integration
 WHEN b.scope = 'category' AND asked.category <> '' AND b.ref = '*' THEN asked.category
 WHEN b.scope = 'category' AND (b.ref = asked.category
   OR right(b.ref, 2) = '.*' AND starts_with(asked.category, left(b.ref, -1))) THEN b.ref
 WHEN b.scope = 'run' AND asked.run <> '' AND b.ref IN ('*', asked.run)
   THEN asked.agent_id::text || ' ' || asked.run END"""

BUDGETS_SQL: Final = f"""SELECT json_agg(json_build_object(
 'id', b.id, 'scope', b.scope, 'ref', b.ref, 'measure', b.measure, 'period', b.period,
 'limit', b."limit"::text, 'on_exceed', b.on_exceed, 'warn_at', b.warn_at,
 'cost_class', b.cost_class, 'whose', w.whose, 'zone', t.time_zone, 'agent', a.name,
 'use', u.id, 'starts_at', u.starts_at, 'ends_at', u.ends_at, 'reserved', u.reserved::text,
 'settled', u.settled::text, 'is_warned', u.warned_at IS NOT NULL,
 'is_exceeded', u.exceeded_at IS NOT NULL) ORDER BY b.id)
 FROM tenants_budget b CROSS JOIN LATERAL (SELECT {_WHOSE} AS whose) w
 LEFT JOIN LATERAL (SELECT * FROM tenants_budgetuse x WHERE x.tenant_id = b.tenant_id
   AND x.budget_id = b.id AND x.ref = w.whose AND x.starts_at <= clock.now
   AND (x.ends_at IS NULL OR x.ends_at > clock.now) ORDER BY x.starts_at DESC LIMIT 1) u ON true
 WHERE b.tenant_id = t.id AND b.is_active AND w.whose IS NOT NULL
 AND (b.cost_class = '' OR b.cost_class = c.cost_class)"""  # noqa: S608 - names of our own
"""One JSON list, NULL when no budget is about this. Uses `t`, `a`, `c`, `clock` and `asked`."""

_ALONE: Final = (
    f"SELECT clock.now, ({BUDGETS_SQL})::text FROM (SELECT govapp_now() AS now) AS clock"  # noqa: S608 - names of our own
    " CROSS JOIN (SELECT %s::uuid AS agent_id, %s::text AS category, %s::text AS integration,"
    " %s::text AS run) AS asked CROSS JOIN (SELECT %s::text AS cost_class) AS c"
    " JOIN tenants_tenant t ON true"
    " LEFT JOIN tenants_agent a ON a.tenant_id = t.id AND a.id = asked.agent_id"
    " WHERE t.tenant_id = %s"
)


@dataclass(frozen=True)
class Purpose:
    """What something is spent for. `cost_class` is that of the category."""

    agent_id: UUID
    category: str = ""
    integration: str = ""
    run: str = ""
    cost_class: str = ""


@dataclass(frozen=True)
class NamedBudget:
    """A budget that is read: what it counts, and what it is called."""

    budget_id: UUID
    scope: str
    ref: str
    measure: str
    period: str
    cost_class: str
    limit: Decimal
    agent: str | None  # the name of the one that it is for

    @property
    def public_id(self) -> str:
        return public_id("bud", self.budget_id)

    @property
    def name(self) -> str:
        """The budget in words."""
        return budget_words(
            scope=self.scope,
            ref=self.ref,
            measure=self.measure,
            period=self.period,
            limit=self.limit,
            cost_class=self.cost_class,
            name=self.agent or "" if self.scope == "agent" else "",
        )


@dataclass(frozen=True)
class Standing(NamedBudget):
    """One budget that is about this, and the use of it that counts, in its present window."""

    on_exceed: str
    warn_at: int | None
    whose: str
    window: Window
    reserved: Decimal
    settled: Decimal
    is_warned: bool
    is_exceeded: bool

    def as_use(self) -> Use:
        """Return it as what `tenants.budgets.verdict` weighs."""
        return Use(
            budget=self.public_id,
            name=self.name,
            measure=self.measure,
            limit=self.limit,
            reserved=self.reserved,
            settled=self.settled,
            on_exceed=_OUTCOMES[self.on_exceed],
            warn_at=self.warn_at,
            ends_at=self.window.ends_at,
        )


def read_standings(purpose: Purpose) -> tuple[datetime, tuple[Standing, ...]]:
    """Return the database's time, and the budgets of the bound tenant that are about this."""
    with connection.cursor() as cursor:
        cursor.execute(
            _ALONE,
            [
                purpose.agent_id, purpose.category, purpose.integration, purpose.run,
                purpose.cost_class, require_tenant_id(),
            ],
        )  # fmt: skip
        now, found = cursor.fetchone()
    return now, standings_of(json.loads(found) if found else None, now)


def standings_of(known: Iterable[Mapping[str, Any]] | None, now: datetime) -> tuple[Standing, ...]:
    """Return what `BUDGETS_SQL` found. A window in which nothing was used yet begins here."""
    return tuple(_standing(each, now) for each in known or ())


def _standing(found: Mapping[str, Any], now: datetime) -> Standing:
    if found["starts_at"] is None:
        window = window_of(found["period"], now, ZoneInfo(found["zone"]))
    else:
        ends = found["ends_at"]
        window = Window(
            datetime.fromisoformat(found["starts_at"]),
            datetime.fromisoformat(ends) if ends else None,
        )
    return Standing(
        budget_id=UUID(found["id"]),
        scope=found["scope"],
        ref=found["ref"],
        measure=found["measure"],
        period=found["period"],
        limit=Decimal(found["limit"]),
        on_exceed=found["on_exceed"],
        warn_at=found["warn_at"],
        cost_class=found["cost_class"],
        whose=found["whose"],
        agent=found["agent"],
        window=window,
        reserved=Decimal(found["reserved"] or 0),
        settled=Decimal(found["settled"] or 0),
        is_warned=found["is_warned"],
        is_exceeded=found["is_exceeded"],
    )
