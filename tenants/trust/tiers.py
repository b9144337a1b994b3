"""From conduct to a tier, and why.

A tier is earned by age and volume, and held by conduct. More of what is bad never leads to a
higher one: each share is taken of what went well and of its own kind alone (`Conduct.whole`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tenants.trust.conduct import BAD, Conduct
from tenants.trust.standards import DEFAULT_STANDARDS, RAISED, Standard, Standards

TIERS: Final = ("new", *RAISED)
_SAID: Final = {
    "denied": ("was denied", "were denied", "of what people decided"),
    "expired": ("expired", "expired", "of what people were asked"),
    "failed": ("failed or was rolled back", "failed or were rolled back", "of what was permitted"),
    "blocked": ("was blocked", "were blocked", "of what was asked for"),
    "found": ("was refused by the guardrails", "were refused by the guardrails", "of all"),
}
_SHARE: Final = {
    "denied": "denied",
    "expired": "expired",
    "failed": "failed",
    "blocked": "blocked",
    "found": "refused by the guardrails",
}


@dataclass(frozen=True)
class Judged:
    """What conduct is worth: the tier that is earned, and the highest that conduct leaves.

    Somebody's trust is lowered to `ceiling` and never below it: little on record is no fault.
    """

    tier: str
    ceiling: str
    because: tuple[str, ...]


def tier_of(conduct: Conduct, standards: Standards = DEFAULT_STANDARDS) -> Judged:
    """Return the tier that this conduct has earned, and the sentences that explain it."""
    tier = ceiling = TIERS[0]
    for each in RAISED:
        standard = standards.of_tier(each)
        if any(_is_over(kind, conduct, standard, standards.grace) for kind in BAD):
            break
        ceiling = each
        if TIERS.index(tier) == TIERS.index(each) - 1 and not list(_lacks(conduct, standard)):
            tier = each
    return Judged(tier, ceiling, tuple(_sentences(conduct, standards, tier)))


def _is_over(kind: str, conduct: Conduct, standard: Standard, grace: int) -> bool:
    count, most = conduct.bad(kind), getattr(standard, kind)
    return count > grace and count * 100 > most * conduct.whole(kind)


def _lacks(conduct: Conduct, standard: Standard) -> Iterator[str]:
    if conduct.age_days < standard.age_days:
        yield f"{standard.age_days} days since it was registered, and it has {conduct.age_days}"
    if conduct.well < standard.well:
        yield f"{standard.well} actions that went well, and it has {conduct.well}"


def _sentences(conduct: Conduct, standards: Standards, tier: str) -> Iterator[str]:
    days = standards.window_days
    yield (
        f"In the last {days} days {_counted(conduct.well, 'action')} went well: people approved"
        f" {conduct.approved}, and rules allowed {conduct.allowed}."
    )
    for kind in BAD:
        if count := conduct.bad(kind):
            yield _bad_sentence(kind, conduct, count, standards.grace)
    if tier == TIERS[-1]:
        return
    above = TIERS[TIERS.index(tier) + 1]
    standard = standards.of_tier(above)
    for lack in _lacks(conduct, standard):
        yield f"{above.capitalize()} takes {lack}."
    for kind in BAD:
        if _is_over(kind, conduct, standard, standards.grace):
            share = _per_cent(conduct.bad(kind), conduct.whole(kind))
            most = getattr(standard, kind)
            yield f"{above.capitalize()} takes at most {most} % {_SHARE[kind]}, and it has {share}."


def _bad_sentence(kind: str, conduct: Conduct, count: int, grace: int) -> str:
    one, many, of = _SAID[kind]
    share = _per_cent(count, conduct.whole(kind))
    forgiven = ": too few to count" if count <= grace else ""
    return f"{count} {one if count == 1 else many}, {share} {of}{forgiven}."


def _per_cent(count: int, whole: int) -> str:
    """Return a share, with a tenth where it is no whole number: "7.5 %"."""
    tenths = -(-count * 1000 // whole) if whole else 0  # up: over the limit looks over it
    return f"{tenths // 10}.{tenths % 10} %" if tenths % 10 else f"{tenths // 10} %"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
