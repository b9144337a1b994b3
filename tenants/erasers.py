"""What other floors hold of a person beside their names: emptied when the person is erased."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tenants.models import Membership


@dataclass(frozen=True)
class Eraser:
    """One floor's part.

    `hinders` says in sentences why it cannot be yet; `counts` what will go, in words with their
    number; `subjects` what else of the record names the person; `erase` removes the floor's rows.
    """

    hinders: Callable[[Membership], Sequence[str]]
    counts: Callable[[Membership], Sequence[tuple[str, int]]]
    subjects: Callable[[Membership], Sequence[str]]
    erase: Callable[[Membership], None]


ERASERS: Final[list[Eraser]] = []


def register_eraser(eraser: Eraser) -> None:
    """Have a floor's part done with every erasure."""
    if eraser not in ERASERS:
        ERASERS.append(eraser)
