"""What was spent in a period: by agent, run, category and integration, also while it runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import F, Q, Sum
from django.db.models.functions import TruncDay

from govapp.common.ids import public_id
from tenants.budgets import Spend
from tenants.budgets.windows import window_of
from tenants.enums import ReservationState
from tenants.models import Reservation, SpendEntry

MOST_ROWS: Final = 100
_COLUMNS: Final = ("agent__name", "category", "integration", "run")
HEADER: Final = (
    "Day", "Agent", "Agent id", "Category", "Integration", "Run", "Currency", "Amount", "Tokens",
    "Actions",
)  # fmt: skip


@dataclass(frozen=True)
class Bill:
    """A month of the tenant, where the tenant is. It may not be over yet."""

    starts_at: datetime
    ends_at: datetime
    is_open: bool
    zone: str

    @property
    def key(self) -> str:
        """The month in an address: "2026-11"."""
        return f"{self._local:%Y-%m}"

    @property
    def words(self) -> str:
        return f"{self._local:%B %Y}"

    @property
    def _local(self) -> datetime:
        return self.starts_at.astimezone(ZoneInfo(self.zone))


@dataclass(frozen=True)
class CostRow:
    """What one agent, run, category or integration came to."""

    label: str
    money: tuple[tuple[str, Decimal], ...]
    tokens: int
    count: int
    ident: str = ""


@dataclass(frozen=True)
class Costs:
    """A period's costs: in all, and by each way to look at them."""

    total: CostRow
    by_agent: list[CostRow]
    by_category: list[CostRow]
    by_integration: list[CostRow]
    by_run: list[CostRow]
    reserved: Spend  # held now, and not spent yet


def bill_of(at: datetime, zone: str) -> Bill:
    """Return the month that an instant lies in."""
    window = window_of("month", at, ZoneInfo(zone))
    if window.ends_at is None:
        raise ValueError("A month ends.")
    return Bill(window.starts_at, window.ends_at, is_open=True, zone=zone)


def bills(now: datetime, zone: str, count: int = 12) -> list[Bill]:
    """Return the present month, which is not over, and those before it, newest first."""
    found = [bill_of(now, zone)]
    while len(found) < count:
        before = bill_of(found[-1].starts_at - timedelta(hours=1), zone)
        found.append(Bill(before.starts_at, before.ends_at, is_open=False, zone=zone))
    return found


def read_costs(bill: Bill) -> Costs:
    """Return what was spent in a month. Six statements."""
    return Costs(
        total=_sums(bill, None)[0],
        by_agent=_sums(bill, "agent__name"),
        by_category=_sums(bill, "category"),
        by_integration=_sums(bill, "integration"),
        by_run=_sums(bill, "run"),
        reserved=_reserved(),
    )


def cost_lines(bill: Bill) -> Iterator[tuple[str, ...]]:
    """Yield the lines of the file: one for each day, purpose and currency."""
    zone = ZoneInfo(bill.zone)
    grouped = (
        _entries(bill)
        .annotate(day=TruncDay("spent_at", tzinfo=zone))
        .values("day", "agent_id", *_COLUMNS, "currency")
        .annotate(amount_=Sum("amount"), tokens_=Sum("tokens"), count_=Sum("count"))
        .order_by("day", *_COLUMNS, "currency", "agent_id")
    )
    for row in grouped.iterator(chunk_size=2_000):
        yield (
            f"{row['day']:%Y-%m-%d}", row["agent__name"], public_id("ag", row["agent_id"]),
            row["category"], row["integration"], row["run"], row["currency"],
            f"{row['amount_'].normalize():f}", str(row["tokens_"]), str(row["count_"]),
        )  # fmt: skip


def _entries(bill: Bill) -> Any:
    return SpendEntry.objects.filter(spent_at__gte=bill.starts_at, spent_at__lt=bill.ends_at)


def _sums(bill: Bill, by: str | None) -> list[CostRow]:
    """Return the sums by a column, those with the most first; what is of nobody is left out."""
    rows = _entries(bill).annotate(by_=F(by)) if by else _entries(bill)
    if by and by != "agent__name":
        rows = rows.exclude(Q(by_=""))
    keys = ["by_", "agent_id"] if by in ("agent__name", "run") else ["by_"] if by else []
    sums = (
        rows.values(*keys, "currency")
        .annotate(amount_=Sum("amount"), tokens_=Sum("tokens"), count_=Sum("count"))
        .order_by(*keys, "currency")
    )
    found: dict[tuple[Any, ...], list[dict[str, Any]]] = {} if by else {(): []}
    for row in sums:
        found.setdefault(tuple(row[key] for key in keys), []).append(row)
    made = [_row(key, each) for key, each in found.items()]
    made.sort(key=lambda row: (-_weight(row), -row.tokens, -row.count, row.label, row.ident))
    return made[:MOST_ROWS]


def _row(key: tuple[Any, ...], sums: list[dict[str, Any]]) -> CostRow:
    return CostRow(
        label=str(key[0]) if key else "",
        money=tuple((row["currency"], row["amount_"]) for row in sums if row["amount_"]),
        tokens=sum(row["tokens_"] for row in sums),
        count=sum(row["count_"] for row in sums),
        ident=public_id("ag", key[1]) if len(key) > 1 and isinstance(key[1], UUID) else "",
    )


def _weight(row: CostRow) -> Decimal:
    # Only an order: amounts of several currencies are never shown as one.
    return sum((amount for _, amount in row.money), Decimal(0))


def _reserved() -> Spend:
    total = Spend()
    open_ones = Reservation.objects.filter(state=ReservationState.OPEN)
    for wanted in open_ones.values_list("wanted", flat=True).iterator():
        total += Spend.from_dict(wanted)
    return total


def bill_named(key: str, now: datetime, zone: str) -> Bill | None:
    """Return the month of an address; None for what is no month that has begun."""
    try:
        first = datetime.strptime(key, "%Y-%m").replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        return None
    bill = bill_of(first.astimezone(UTC), zone)
    present = bill_of(now, zone)
    if bill.starts_at > present.starts_at:
        return None
    return Bill(bill.starts_at, bill.ends_at, is_open=bill == present, zone=zone)
