"""How the budgets stand for one submission: without what is reserved for what it replaces."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from approvals.holders.budgets import KEY
from approvals.models import ActionRequest
from approvals.selectors.situation import Situation
from tenants.budgets import Verdict
from tenants.enums import ReservationState
from tenants.models import Reservation


def known_to_holders(
    found: Situation, instead_of: ActionRequest | None, verdict: Verdict | None
) -> Mapping[str, Any]:
    """Return what the holders look at. One statement when a reservation is to be left out."""
    if verdict is not None:
        return {**found.holders, KEY: verdict}
    budgets = found.holders.get(KEY)
    if budgets and instead_of is not None and instead_of.has_reservation:
        return {**found.holders, KEY: _without(budgets, instead_of)}
    return found.holders


def _without(budgets: list[dict[str, Any]], request: ActionRequest) -> list[dict[str, Any]]:
    held = Reservation.objects.filter(holder=request.public_id, state=ReservationState.OPEN).first()
    own = {line["use"]: Decimal(line["reserved"]) for line in held.lines} if held else {}
    return [
        each | {"reserved": str(Decimal(each["reserved"]) - own.get(each["use"], Decimal(0)))}
        if each["use"]
        else each
        for each in budgets
    ]
