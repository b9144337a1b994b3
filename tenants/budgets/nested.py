"""Budgets above one another: all of them are asked, and the tightest answers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum

from tenants.budgets.spend import Spend


class Outcome(IntEnum):
    """What budgets say to what is wanted, the strictest last."""

    FINE = 0
    WARN = 1
    ASK = 2
    THROTTLE = 3
    HALT = 4

    @property
    def is_refusal(self) -> bool:
        """Whether nothing may be reserved."""
        return self >= Outcome.THROTTLE


@dataclass(frozen=True)
class Use:
    """How one budget stands in its window, for one of those whom it counts."""

    budget: str  # its public id
    name: str  # in words, with whose it is: "EUR 500 a day for each agent"
    measure: str
    limit: Decimal
    reserved: Decimal
    settled: Decimal
    on_exceed: Outcome
    warn_at: int | None = None  # percent of the limit
    ends_at: datetime | None = None

    @property
    def used(self) -> Decimal:
        return self.reserved + self.settled

    @property
    def left(self) -> Decimal:
        """How much is left; nothing where more was spent than there was."""
        return max(self.limit - self.used, Decimal(0))

    @property
    def is_used_up(self) -> bool:
        return self.used >= self.limit


@dataclass(frozen=True)
class Line:
    """What one budget says: `wanted` in its measure, and whether it is stopped altogether.

    A budget that halts and is used up refuses whatever it counts, also what costs nothing.
    """

    use: Use
    wanted: Decimal
    outcome: Outcome
    is_stopped: bool = False

    @property
    def crosses(self) -> bool:
        """Whether this would be more than the limit."""
        return self.use.used + self.wanted > self.use.limit


@dataclass(frozen=True)
class Verdict:
    """What all of them say: the outcome is the strictest one's; `lines` begin with the tightest."""

    outcome: Outcome
    lines: tuple[Line, ...]

    @property
    def tightest(self) -> Line | None:
        """The line that decides; None when there is no budget."""
        return self.lines[0] if self.lines else None


def verdict(uses: Iterable[Use], wanted: Spend) -> Verdict:
    """Return what budgets in whatever order say to what is wanted: halt, throttle, ask, warn, fine.

    Among equally strict ones the tightest is the one with the smallest part of its limit left.
    """
    lines = tuple(sorted((_line(use, wanted) for use in uses), key=_tightness))
    return Verdict(lines[0].outcome if lines else Outcome.FINE, lines)


def _line(use: Use, wanted: Spend) -> Line:
    amount = wanted.of(use.measure)
    if use.is_used_up and use.on_exceed == Outcome.HALT:
        return Line(use, amount, Outcome.HALT, is_stopped=True)
    if amount and use.used + amount > use.limit:
        return Line(use, amount, use.on_exceed)
    warns_from = None if use.warn_at is None else use.limit * use.warn_at / 100
    if amount and warns_from is not None and use.used + amount >= warns_from:
        return Line(use, amount, Outcome.WARN)
    return Line(use, amount, Outcome.FINE)


def _tightness(line: Line) -> tuple[int, Decimal, str, str]:
    left = line.use.limit - line.use.used - line.wanted
    part = left / line.use.limit if line.use.limit else Decimal(0)
    return -line.outcome, part, line.use.budget, line.use.name
