"""What models cost, by the tenant's own list. A model without a price is not called."""

import re
from decimal import Decimal
from typing import Final

from django.db import transaction

from approvals.audit_events import model_calls as events
from approvals.gateway.asked import MOST_TOKENS
from approvals.gateway.prices import is_pattern
from approvals.models import ModelPrice
from govapp.common import clock
from govapp.common.errors import FieldError, Forbidden, Invalid, NotFound
from tenants.models import Membership
from tenants.rules import may_set_model_prices

_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_MOST: Final = Decimal(1_000_000)
_MOST_PRICES: Final = 200
_NOT_SETTER: Final = "Only owners and members with the role compliance set prices of models."


@transaction.atomic
def set_price(
    *,
    actor: Membership,
    pattern: str,
    currency: str,
    asked: Decimal,
    answered: Decimal,
    most_output: int = 4_096,
) -> ModelPrice:
    """Say what a million tokens cost of the models that a pattern names; from then on they may
    be called. Running calls keep the price that they began with.

    Raises `Forbidden` and `Invalid`.
    """
    _require_setter(actor)
    _check(pattern, currency, asked, answered, most_output)
    found = ModelPrice.objects.select_for_update().filter(pattern=pattern).first()
    former = events.terms_of(found) if found else None
    if found is None and ModelPrice.objects.count() >= _MOST_PRICES:
        raise _fault("pattern", f"There are {_MOST_PRICES} prices: remove one.")
    price = found or ModelPrice(pattern=pattern)
    price.currency, price.asked, price.answered = currency, asked, answered
    price.most_output, price.set_by, price.set_at = most_output, actor, clock.now()
    price.save(force_insert=found is None)
    events.price_set(actor=actor, price=price, former=former)
    return price


@transaction.atomic
def remove_price(*, actor: Membership, price: ModelPrice) -> None:
    """Take a price away: models that only it named are not called any more.

    Raises `Forbidden`, and `NotFound` when somebody else was faster.
    """
    _require_setter(actor)
    found = ModelPrice.objects.select_for_update().filter(pk=price.pk).first()
    if found is None:
        raise NotFound("There is no such price here.")
    events.price_removed(actor=actor, price=found)
    found.delete()


def _check(
    pattern: str, currency: str, asked: Decimal, answered: Decimal, most_output: int
) -> None:
    if not is_pattern(pattern):
        raise _fault("pattern", "A model's name, or its beginning with * at the end.")
    if not _CURRENCY.fullmatch(currency):
        raise _fault("currency", "Three letters, as in ISO 4217.")
    for name, price in (("asked", asked), ("answered", answered)):
        if not (price.is_finite() and 0 <= price <= _MOST and price == round(price, 6)):
            raise _fault(name, "A number from 0 to 1,000,000 with at most six decimals.")
    if not 1 <= most_output <= MOST_TOKENS:
        raise _fault("most_output", f"A whole number from 1 to {MOST_TOKENS:,}.")


def _require_setter(actor: Membership) -> None:
    if not may_set_model_prices(actor):
        raise Forbidden(_NOT_SETTER)


def _fault(name: str, detail: str) -> Invalid:
    return Invalid("The price is not valid.", errors=[FieldError(f"/{name}", detail)])
