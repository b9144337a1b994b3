"""The rows that say what is used of a budget: always locked in one order, by one statement.

A transaction touches at most one row of each budget, in the order of the budgets' ids, so that no
two of them wait for each other. One that moves what several hold locks all of it first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from govapp.common.ids import new_id
from govapp.common.tenancy import require_tenant_id
from tenants.selectors.budgets import Standing

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Added:
    """What is added to the use of one budget; nothing is added to be told how it stands."""

    standing: Standing
    reserved: Decimal = _ZERO
    settled: Decimal = _ZERO


@dataclass(frozen=True)
class Moved:
    """What is added to, or with a sign taken from, a row of use that there is."""

    use_id: UUID
    budget_id: UUID
    reserved: Decimal = _ZERO
    settled: Decimal = _ZERO


@dataclass(frozen=True)
class Now:
    """How a row stands after it was changed; it is locked until the transaction ends."""

    use_id: UUID
    budget_id: UUID
    limit: Decimal
    reserved: Decimal
    settled: Decimal
    is_warned: bool
    is_exceeded: bool

    @property
    def is_over(self) -> bool:
        return self.reserved + self.settled > self.limit


_COLUMNS = "id, tenant_id, budget_id, ref, starts_at, ends_at, reserved, settled"
_AFTER = (
    'u.id, u.budget_id, b."limit", u.reserved, u.settled, u.warned_at IS NOT NULL,'
    " u.exceeded_at IS NOT NULL"
)


def add_to_uses(added: Sequence[Added]) -> dict[UUID, Now]:
    """Add to the present uses, making those that are not there yet; by budget, how they stand."""
    if not added:
        return {}
    ordered = sorted(added, key=lambda each: each.standing.budget_id)
    values = ", ".join(["(%s, %s, %s, %s, %s, %s, %s, %s)"] * len(ordered))
    given = [value for each in ordered for value in _values(each)]
    sql = (
        f"WITH u AS (INSERT INTO tenants_budgetuse AS x ({_COLUMNS}) VALUES {values}"  # noqa: S608 - names of our own
        " ON CONFLICT (tenant_id, budget_id, ref, starts_at) DO UPDATE SET"
        " reserved = x.reserved + excluded.reserved, settled = x.settled + excluded.settled"
        f" RETURNING x.*) SELECT {_AFTER} FROM u JOIN tenants_budget b ON b.id = u.budget_id"
    )
    return {now.budget_id: now for now in _read(sql, given)}


def move_uses(moved: Sequence[Moved]) -> dict[UUID, Now]:
    """Change rows that there are; by budget, how they stand."""
    if not moved:
        return {}
    ordered = sorted(moved, key=lambda each: each.budget_id)
    values = ", ".join(["(%s::uuid, %s::uuid, %s::numeric, %s::numeric)"] * len(ordered))
    given: list[Any] = []
    for each in ordered:
        given += [each.use_id, each.budget_id, each.reserved, each.settled]
    sql = (
        f"WITH change (id, budget_id, reserved, settled) AS (VALUES {values}),"  # noqa: S608 - names of our own
        " locked AS (SELECT x.id FROM tenants_budgetuse x JOIN change ON change.id = x.id"
        " ORDER BY change.budget_id FOR UPDATE OF x),"
        " u AS (UPDATE tenants_budgetuse x SET reserved = x.reserved + change.reserved,"
        " settled = x.settled + change.settled FROM change, locked"
        " WHERE x.id = change.id AND locked.id = x.id RETURNING x.*)"
        f" SELECT {_AFTER} FROM u JOIN tenants_budget b ON b.id = u.budget_id"
    )
    return {now.budget_id: now for now in _read(sql, given)}


def lock_uses(uses: Sequence[UUID]) -> None:
    """Lock rows that there are, until the transaction ends, in the order in which all do."""
    if not uses:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM tenants_budgetuse WHERE id = ANY(%s) ORDER BY budget_id, starts_at, id"
            " FOR UPDATE",
            [list(uses)],
        )


def mark_uses(uses: Sequence[UUID], *, warned: Sequence[UUID], at: datetime) -> None:
    """Remember that these have warned or were exceeded; the caller has locked them."""
    if not uses and not warned:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tenants_budgetuse SET"
            " exceeded_at = CASE WHEN id = ANY(%s) THEN coalesce(exceeded_at, %s)"
            " ELSE exceeded_at END,"
            " warned_at = CASE WHEN id = ANY(%s) THEN coalesce(warned_at, %s) ELSE warned_at END"
            " WHERE id = ANY(%s)",
            [list(uses), at, list(warned), at, [*uses, *warned]],
        )


def _values(added: Added) -> list[Any]:
    standing = added.standing
    return [
        new_id(), require_tenant_id(), standing.budget_id, standing.whose,
        standing.window.starts_at, standing.window.ends_at, added.reserved, added.settled,
    ]  # fmt: skip


def _read(sql: str, given: list[Any]) -> list[Now]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return [Now(*row) for row in cursor.fetchall()]
