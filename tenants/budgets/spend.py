"""How much of what: money in each currency, tokens, and how many actions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_UP, Decimal
from typing import Any, Final

from govapp.common.currencies import NO_CURRENCY

TOKENS: Final = "tokens"
COUNT: Final = "count"
_MONEY: Final = re.compile(r"money:[A-Z]{3}")
# More than any budget: a number that no column holds is as good as this one.
_MOST: Final = Decimal(10) ** 18
_STEP: Final = Decimal("0.000001")


def is_measure(text: str) -> bool:
    """Whether this is what a budget can measure: `money:EUR`, `tokens` or `count`."""
    return text in (TOKENS, COUNT) or _MONEY.fullmatch(text) is not None


def counted(amount: Decimal) -> Decimal:
    """Return an amount as it is counted: to a millionth, rounded up, and never below nothing.

    What goes out and what comes back are both moved, so that a sign gives nothing back.
    """
    size = abs(amount)
    if not size.is_finite() or size > _MOST:
        return _MOST
    return size.quantize(_STEP, rounding=ROUND_UP)


@dataclass(frozen=True)
class Spend:
    """What is wanted or was spent. `money` by currency (ISO 4217)."""

    money: Mapping[str, Decimal] = field(default_factory=dict)
    tokens: int = 0
    count: int = 0

    def of(self, measure: str) -> Decimal:
        """Return how much of it a budget with this measure counts, in the measure's unit."""
        if measure == TOKENS:
            return counted(Decimal(self.tokens))
        if measure == COUNT:
            return counted(Decimal(self.count))
        currency = measure.partition(":")[2]
        without = self.money.get(NO_CURRENCY, Decimal(0)) if currency != NO_CURRENCY else Decimal(0)
        return counted(self.money.get(currency, Decimal(0))) + counted(without)

    def __add__(self, other: "Spend") -> "Spend":
        money = {
            currency: counted(self.money.get(currency, Decimal(0)))
            + counted(other.money.get(currency, Decimal(0)))
            for currency in sorted({*self.money, *other.money})
        }
        return Spend(money, self.tokens + other.tokens, self.count + other.count)

    @property
    def is_counted_only(self) -> bool:
        """Whether there is neither money nor a token in it."""
        return not self.tokens and not any(counted(each) for each in self.money.values())

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON: amounts as text, for a number would be rounded."""
        money = {currency: str(counted(amount)) for currency, amount in sorted(self.money.items())}
        return {"money": money, "tokens": self.tokens, "count": self.count}

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> "Spend":
        """Return what `to_dict` was of."""
        money = {currency: Decimal(amount) for currency, amount in kept["money"].items()}
        return cls(money, kept["tokens"], kept["count"])


NOTHING: Final = Spend()
