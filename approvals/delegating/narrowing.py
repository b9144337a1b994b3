"""Part of what one has: what may be handed on, and what a request may ask for under it. Pure.

Source of the rule: the design's API page, "Delegations": a subset of one's own, not for longer,
and with fewer further links.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal

from govapp.common.currencies import NO_CURRENCY
from govapp.common.formats import utc_second

TOO_WIDE: Final = "delegation_too_wide"
TOO_DEEP: Final = "delegation_too_deep"
EXPIRED: Final = "delegation_expired"
OVERSPENT: Final = "budget_exceeded"
DEEPEST: Final = 8
"""No chain has more links than this, whatever a tenant says."""
MOST_LIVE: Final = 500
"""No agent has handed out more that is not over."""

Part = Literal["categories", "integrations", "budget", "expires_at", "depth"]


@dataclass(frozen=True)
class Rights:
    """What somebody has under a delegation, or by a key.

    `categories` are keys and patterns (`payments.*`: everything below), None for all of them;
    `integrations` are names, None for all. `budget` is an amount for each currency, and nothing
    for one that is not there; None is no limit. `depth_left` is how many links may follow.
    """

    categories: tuple[str, ...] | None
    integrations: tuple[str, ...] | None
    budget: Mapping[str, Decimal] | None
    expires_at: datetime
    depth_left: int


@dataclass(frozen=True)
class Wanted:
    """What one action asks of rights. `money` are amounts by currency; None: none is said."""

    category: str
    at: datetime
    integration: str = ""
    money: Mapping[str, Decimal] | None = None


@dataclass(frozen=True)
class Problem:
    """Where something is more than there is to give: a code, the part of it, and a sentence."""

    code: str
    part: Part
    sentence: str


def narrows(parent: Rights, child: Rights) -> tuple[Problem, ...]:
    """Return where `child` is more than part of `parent`; nothing when it may be handed on."""
    problems = [
        _wide(
            "categories",
            f"{_named('category', pattern)} is not part of what it is handed on from"
            f" ({words_of(parent.categories, 'categories')}).",
        )
        for pattern in _outside(child.categories, parent.categories, _is_within)
    ]
    problems += [
        _wide(
            "integrations",
            f"{_named('integration', name)} is not part of what it is handed on from"
            f" ({words_of(parent.integrations, 'integrations')}).",
        )
        for name in _outside(child.integrations, parent.integrations, str.__eq__)
    ]
    problems += _budget_problems(parent.budget, child.budget)
    if child.expires_at > parent.expires_at:
        end = utc_second(parent.expires_at)
        problems.append(_wide("expires_at", f"It would outlive what it comes from: {end}."))
    return (*problems, *_depth_problems(parent.depth_left, child.depth_left))


def allows(rights: Rights, wanted: Wanted) -> tuple[Problem, ...]:
    """Return why these rights do not cover an action; nothing when they do.

    Under a budget an action has to say what it moves or costs: else the budget would hold nobody.
    """
    problems = []
    if not covers_category(rights.categories, wanted.category):
        said = f"It is for {words_of(rights.categories, 'categories')}, not for {wanted.category}."
        problems.append(_wide("categories", said))
    if wanted.integration and not (
        rights.integrations is None or wanted.integration in rights.integrations
    ):
        reach = words_of(rights.integrations, "integrations")
        said = f"It reaches {reach}, not {wanted.integration}."
        problems.append(_wide("integrations", said))
    if wanted.at >= rights.expires_at:
        said = f"It ended at {utc_second(rights.expires_at)}."
        problems.append(Problem(EXPIRED, "expires_at", said))
    if rights.budget is not None:
        problems += _spending(rights.budget, wanted.money)
    return tuple(problems)


def covers_category(patterns: Collection[str] | None, category: str) -> bool:
    """Whether rights with these patterns are for this category."""
    return patterns is None or any(_is_within(category, pattern) for pattern in patterns)


def words_of(names: Collection[str] | None, what: str) -> str:
    """Say what is covered: "payments.*, mail.send", "no categories", "all integrations"."""
    if names is None:
        return f"all {what}"
    return ", ".join(names) or f"no {what}"


def budget_words(budget: Mapping[str, Decimal] | None) -> str:
    """Say a budget: "EUR 500.00"."""
    if budget is None:
        return "no limit"
    return ", ".join(f"{currency} {amount_words(budget[currency])}" for currency in sorted(budget))


def _is_within(pattern: str, outer: str) -> bool:
    """Whether all that `pattern` names is named by `outer`."""
    return pattern.startswith(outer[:-1]) if outer.endswith(".*") else pattern == outer


def _outside(
    child: tuple[str, ...] | None,
    parent: tuple[str, ...] | None,
    is_within: Callable[[str, str], bool],
) -> list[str]:
    """Return the names that the parent has not; "" stands for all of them."""
    if parent is None:
        return []
    names = ("",) if child is None else child
    return [name for name in names if not any(is_within(name, outer) for outer in parent)]


def _budget_problems(
    parent: Mapping[str, Decimal] | None, child: Mapping[str, Decimal] | None
) -> list[Problem]:
    if child is not None and (low := [each for each, amount in child.items() if amount < 0]):
        return [_wide("budget", f"A budget is not below nothing: {', '.join(sorted(low))}.")]
    if parent is None:
        return []
    has = budget_words(parent)
    if child is None:
        return [_wide("budget", f"What it comes from has a budget ({has}), so it needs one.")]
    return [
        _wide(
            "budget", f"{currency} {amount_words(child[currency])} is more than there is ({has})."
        )
        for currency in sorted(child)
        if child[currency] > parent.get(currency, Decimal(0))
    ]


def _depth_problems(parent: int, child: int) -> list[Problem]:
    if parent < 1:
        said = "What it comes from may not be handed on any further."
        return [Problem(TOO_DEEP, "depth", said)]
    if not 0 <= child < parent:
        said = f"At most {parent - 1} further links may follow on this one: ask for less depth."
        if parent == 1:
            said = "This is the last link that may follow: ask for depth 0."
        return [Problem(TOO_DEEP, "depth", said)]
    return []


def _spending(budget: Mapping[str, Decimal], money: Mapping[str, Decimal] | None) -> list[Problem]:
    has = budget_words(budget)
    if money is None:
        said = f"It has a budget ({has}), so each request has to say its estimated_cost in money."
        return [_overspent(said)]
    if any(amount < 0 for amount in money.values()):
        return [_overspent("An estimated cost is not below nothing.")]
    return [
        _overspent(f"{currency} {amount_words(amount)} is more than is left of its budget ({has}).")
        for currency, amount in _counted(budget, money)
        if amount > budget.get(currency, Decimal(0))
    ]


def _counted(
    budget: Mapping[str, Decimal], money: Mapping[str, Decimal]
) -> list[tuple[str, Decimal]]:
    """Return what counts in which currency: what has none counts in each of the budget."""
    without = money.get(NO_CURRENCY, Decimal(0))
    if not budget:
        return sorted(money.items())
    counted = {currency: amount for currency, amount in money.items() if currency != NO_CURRENCY}
    for currency in budget:
        counted[currency] = counted.get(currency, Decimal(0)) + without
    return sorted(counted.items())


def _overspent(sentence: str) -> Problem:
    return Problem(OVERSPENT, "budget", sentence)


def _wide(part: Part, sentence: str) -> Problem:
    return Problem(TOO_WIDE, part, sentence)


def _named(what: str, name: str) -> str:
    return f"The {what} {name}" if name else f"Every {what}"


def amount_words(amount: Decimal) -> str:
    """Write an amount without an exponent and without useless zeros: 500.00, 0.0004."""
    text = f"{amount:f}"
    whole, point, fraction = text.partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}" if point else text
