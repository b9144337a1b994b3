"""What a call of a model holds of the budgets beforehand, and what it books afterwards."""

from decimal import Decimal

from approvals.gateway.tokens import Usage
from approvals.models import ModelCall


def reserve_call(
    call: ModelCall, expected: Usage, cost: Decimal, currency: str
) -> tuple[str, str] | None:
    """Hold what is expected; return code and sentence of what refuses it, None when it is held."""
    return None


def settle_call(call: ModelCall) -> None:
    """Book what was used."""


def give_back(call: ModelCall) -> None:
    """Give back what was held: nothing was used."""
