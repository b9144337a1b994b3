"""What asks for a shortest time of keeping: other floors register theirs when Django starts."""

from collections.abc import Callable, Sequence
from typing import Final

from audit.selectors.retention import Minimum

MinimumsOf = Callable[[], Sequence[Minimum]]
_asking: Final[list[MinimumsOf]] = []


def register_minimums(minimums: MinimumsOf) -> None:
    """Have a floor asked, for the bound tenant, how long records are kept at least."""
    if minimums not in _asking:
        _asking.append(minimums)


def minimums_of_tenant() -> tuple[Minimum, ...]:
    """Return every minimum that holds for the bound tenant, the longest first."""
    found = [each for minimums in _asking for each in minimums()]
    return tuple(sorted(found, key=lambda each: (-each.days, each.why)))
