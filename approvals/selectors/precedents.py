"""What came before: similar decisions, whether the target is new, and the usual amount."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from statistics import median
from typing import Any, Final
from uuid import UUID

from django.db.models import F, Value
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform

from approvals.enums import Purpose, RequestStatus
from approvals.models import ActionRequest
from approvals.selectors.payload_shown import meaning_of, words_of
from govapp.common.formats import money_text
from govapp.common.ids import public_id

LOOKED_AT: Final = 200  # requests of the same category; older ones are not read
SHOWN: Final = 5
_CENT: Final = Decimal("0.01")
_LEAST: Final = 5  # amounts that make a usual one
_MULTIPLE: Final = 3
_DECIDED: Final = frozenset(
    {
        RequestStatus.APPROVED,
        RequestStatus.DENIED,
        RequestStatus.RETURNED,
        RequestStatus.EXPIRED,
    }
)
_REFUSED: Final = frozenset({RequestStatus.DENIED, RequestStatus.RETURNED})
_WENT: Final = frozenset({RequestStatus.APPROVED, RequestStatus.ALLOWED})


@dataclass(frozen=True)
class Precedent:
    """A similar request that people decided."""

    public_id: str
    summary: str
    status: str
    decided_at: datetime | None
    decided_by: str


@dataclass(frozen=True)
class Precedents:
    """What the last requests of the same category say about this one; "" says nothing."""

    similar: tuple[Precedent, ...]
    new_target: str
    unusual_amount: str
    denied: str


@dataclass(frozen=True)
class _Row:
    ident: UUID
    summary: str
    status: str
    decided_at: datetime | None
    decided_by: str
    amount: str | None
    currency: str | None
    target: str | None


def read_precedents(request: ActionRequest, display: dict[str, Any]) -> Precedents:
    """Compare a request with at most `LOOKED_AT` of its category before it. One statement."""
    found = meaning_of(request.payload, display)
    rows = [
        _Row(*row)
        for row in ActionRequest.objects.filter(
            category_key=request.category_key,
            purpose=Purpose.ACTION,
            submitted_at__lt=request.submitted_at,
        )
        .annotate(
            its_amount=_text_of(found.amount),
            its_currency=_text_of(found.currency),
            its_target=_text_of(found.target),
        )
        .order_by("-submitted_at", "-pk")
        .values_list(
            "pk", "summary", "status", "decided_at", "decided_by_name",
            "its_amount", "its_currency", "its_target",
        )[:LOOKED_AT]
    ]  # fmt: skip
    payload = request.payload if isinstance(request.payload, dict) else {}
    return Precedents(
        similar=tuple(_precedent(row) for row in rows if row.status in _DECIDED)[:SHOWN],
        new_target=_new_target(rows, payload.get(found.target)),
        unusual_amount=_unusual(rows, payload.get(found.amount), payload.get(found.currency)),
        denied=_denied(rows, payload.get(found.target)),
    )


def _text_of(name: str) -> Combinable:
    return KeyTextTransform(name, F("payload")) if name else Value("")


def _precedent(row: _Row) -> Precedent:
    return Precedent(
        public_id("ar", row.ident), row.summary, row.status, row.decided_at, row.decided_by
    )


def _new_target(rows: list[_Row], target: Any) -> str:
    if target is None:
        return ""
    words = words_of(target)
    went = [row for row in rows if row.status in _WENT]
    return "" if any(row.target == words for row in went) else words


def _denied(rows: list[_Row], target: Any) -> str:
    """Say how many like it were denied or sent back; "" when none was.

    Like it: for the same target if there is one that people decided about, else the category.
    """
    decided = [row for row in rows if row.status in _DECIDED]
    words = "of this category"
    if target is not None:
        same = [row for row in decided if row.target == words_of(target)]
        decided, words = (same, "for this target") if same else (decided, words)
    no = sum(row.status in _REFUSED for row in decided)
    if not no:
        return ""
    return f"{no} of the last {len(decided)} {words} that people decided were denied or sent back"


def _unusual(rows: list[_Row], amount: Any, currency: Any) -> str:
    """Say how many times the median of what went through before, if it is far above it."""
    mine = _number(amount)
    same = [row for row in rows if row.status in _WENT and (row.currency or "") == (currency or "")]
    before = [number for row in same if (number := _number(row.amount)) is not None]
    if mine is None or len(before) < _LEAST:
        return ""
    # Of an even number it lies between two: not to more digits than money has.
    usual = median(before).quantize(_CENT)
    if usual <= 0 or mine < usual * _MULTIPLE:
        return ""
    times = int(mine / usual)
    shown = money_text(usual, str(currency or ""))
    return f"{times:,} times the usual amount, {shown} (median of {len(before)} requests)"


def _number(value: Any) -> Decimal | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
