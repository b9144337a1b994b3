"""How the budgets stand for one submission: without what is reserved for what it replaces."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from approvals.enums import SpendState
from approvals.holders import delegation
from approvals.holders.budgets import KEY
from approvals.models import ActionRequest, DelegationSpend
from approvals.selectors.situation import Situation
from tenants.budgets import Verdict
from tenants.enums import ReservationState
from tenants.models import Reservation


def known_to_holders(
    found: Situation, instead_of: ActionRequest | None, verdict: Verdict | None
) -> Mapping[str, Any]:
    """Return what the holders look at. A statement for each kind of reservation to be left out."""
    known = dict(found.holders)
    if verdict is not None:
        known[KEY] = verdict
    if instead_of is None:
        return known
    if verdict is None and known.get(KEY) and instead_of.has_reservation:
        known[KEY] = _without(known[KEY], instead_of)
    if known.get(delegation.KNOWN_AS):
        known[delegation.KNOWN_AS] = _not_spent(known[delegation.KNOWN_AS], instead_of)
    return known


def _without(budgets: list[dict[str, Any]], request: ActionRequest) -> list[dict[str, Any]]:
    held = Reservation.objects.filter(holder=request.public_id, state=ReservationState.OPEN).first()
    own = {line["use"]: Decimal(line["reserved"]) for line in held.lines} if held else {}
    return [
        each | {"reserved": str(Decimal(each["reserved"]) - own.get(each["use"], Decimal(0)))}
        if each["use"]
        else each
        for each in budgets
    ]


def _not_spent(known: Mapping[str, Any], request: ActionRequest) -> Mapping[str, Any]:
    """Return the chain as it would stand if the request held nothing of its budgets."""
    rows = DelegationSpend.objects.filter(request=request, state=SpendState.RESERVED)
    own = dict(rows.values_list("currency", "reserved"))
    return {**known, "links": [_link_without(each, own) for each in known["links"] or ()]}


def _link_without(link: Mapping[str, Any], own: Mapping[str, Decimal]) -> Mapping[str, Any]:
    budget = {
        currency: of | {"left": str(Decimal(of["left"]) + own.get(currency, Decimal(0)))}
        for currency, of in (link["budget"] or {}).items()
    }
    return {**link, "budget": budget or None}
