"""What tokens of a model cost, by the tenant's own list."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from typing import Final

from approvals.gateway.tokens import Usage

_MILLION: Final = 1_000_000
_PLACES: Final = Decimal("0.000001")
_PATTERN: Final = re.compile(r"[!-)+-~]{1,199}\*?|\*")


@dataclass(frozen=True)
class Price:
    """Prices for a million tokens of the models that a pattern names: "gpt-4o", "gpt-4o*", "*".

    `most_output` is how many tokens an answer may have where the agent does not say.
    """

    pattern: str
    currency: str
    asked: Decimal
    answered: Decimal
    most_output: int = 4_096


def is_pattern(text: str) -> bool:
    """Whether this can name models: visible ASCII, with a `*` at its end or nowhere."""
    return _PATTERN.fullmatch(text) is not None


def price_of(model: str, prices: Iterable[Price]) -> Price | None:
    """Return the price of a model: by its name, else by the longest pattern that fits."""
    fitting = [each for each in prices if _fits(each.pattern, model)]
    return max(fitting, key=lambda each: (each.pattern == model, len(each.pattern)), default=None)


def cost_of(usage: Usage, price: Price) -> Decimal:
    """Return what it costs, to the millionth, never too little."""
    exact = (usage.asked * price.asked + usage.answered * price.answered) / _MILLION
    return exact.quantize(_PLACES, ROUND_UP)


def _fits(pattern: str, model: str) -> bool:
    return model.startswith(pattern[:-1]) if pattern.endswith("*") else model == pattern
