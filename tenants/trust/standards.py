"""What each tier asks for: how long, how much, and how little of what is bad."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Self

_LEAST: Final = ("age_days", "well")  # at least so much
_MOST: Final = ("denied", "expired", "failed", "blocked", "found")  # at most so many per cent
LIMITS: Final = {"age_days": 3_650, "well": 1_000_000} | dict.fromkeys(_MOST, 100)
WINDOW: Final = (7, 365)
MOST_GRACE: Final = 20
RAISED: Final = ("low", "medium", "high")  # everybody meets what `new` asks for
NAMES: Final = {
    "age_days": "age in days",
    "well": "actions that went well",
    "denied": "denied, in per cent",
    "expired": "expired, in per cent",
    "failed": "failed, in per cent",
    "blocked": "blocked, in per cent",
    "found": "refused by guardrails, in per cent",
}


@dataclass(frozen=True)
class Standard:
    """What one tier asks for. Shares are whole per cent."""

    age_days: int
    well: int
    denied: int
    expired: int
    failed: int
    blocked: int
    found: int


@dataclass(frozen=True)
class Standards:
    """What all tiers ask for, over how many days, and how many of a kind never count."""

    low: Standard
    medium: Standard
    high: Standard
    window_days: int = 90
    grace: int = 2

    def of_tier(self, tier: str) -> Standard:
        """Return the standard of a tier above `new`."""
        standard: Standard = getattr(self, tier)
        return standard

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Return what `to_dict` made."""
        tiers = {tier: Standard(**document[tier]) for tier in RAISED}
        return cls(**tiers, window_days=document["window_days"], grace=document["grace"])


DEFAULT_STANDARDS: Final = Standards(
    low=Standard(7, 10, denied=40, expired=60, failed=30, blocked=50, found=20),
    medium=Standard(30, 50, denied=20, expired=40, failed=15, blocked=25, found=10),
    high=Standard(90, 200, denied=5, expired=20, failed=5, blocked=10, found=2),
)


def faults_of(standards: Standards) -> Iterator[tuple[str, str]]:
    """Yield what cannot be used: the field ("high.failed"), and why in a sentence."""
    first, last = WINDOW
    if not first <= standards.window_days <= last:
        yield "window_days", f"Look at {first} to {last} days."
    if not 0 <= standards.grace <= MOST_GRACE:
        yield "grace", f"Let 0 to {MOST_GRACE} of a kind not count."
    for place, tier in enumerate(RAISED):
        standard = standards.of_tier(tier)
        below = standards.of_tier(RAISED[place - 1]) if place else None
        for each in fields(Standard):
            value: int = getattr(standard, each.name)
            if not 0 <= value <= LIMITS[each.name]:
                yield f"{tier}.{each.name}", f"Write 0 to {LIMITS[each.name]}."
            elif below and _eases(each.name, getattr(below, each.name), value):
                words = "less" if each.name in _LEAST else "more"
                yield f"{tier}.{each.name}", f"{tier.capitalize()} cannot take {words} than below."


def is_looser(before: Standards, after: Standards) -> bool:
    """Whether anything is easier to meet than before. Another window may be, so it counts."""
    if after.window_days != before.window_days or after.grace > before.grace:
        return True
    return any(
        _eases(each.name, getattr(before.of_tier(tier), each.name), value)
        for tier in RAISED
        for each in fields(Standard)
        for value in (getattr(after.of_tier(tier), each.name),)
    )


def _eases(name: str, before: int, after: int) -> bool:
    return after < before if name in _LEAST else after > before
