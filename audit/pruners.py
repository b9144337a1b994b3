"""What other parts have that is as old as the record: emptied with it, or beside it.

A pruning takes what belongs together whole or not at all: the events of a request, or of a run,
go in one transaction with what the tables hold of it, so that a hold that comes late finds all of
it or nothing. What is younger, not over yet, or held in any of its parts stays in all of them.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

Kind = Literal["request", "run"]


@dataclass(frozen=True)
class Pruner:
    """What else is as old as that: `counts` says it in words, `prune` takes a batch of it.

    `prune(before, at_most)` returns how many of each went, and nothing when it is done; it runs in
    a transaction of its own, under the tenant's lock on keeping, and leaves out what is held: what
    is made of the events, or has none any more. It goes after them.
    """

    counts: Callable[[datetime], Sequence[tuple[str, int]]]
    prune: Callable[[datetime, int], Sequence[tuple[str, int]]]


@dataclass(frozen=True)
class Beside:
    """What the tables hold of each request, or of each run, whose events go: by public ids.

    `stays(refs, before)` names those that may not go yet, `forget(refs)` empties the others and
    returns how many went, in words. Both are called in the transaction that takes the events.
    """

    kind: Kind
    stays: Callable[[Collection[str], datetime], set[str]]
    forget: Callable[[Sequence[str]], Sequence[tuple[str, int]]]


PRUNERS: Final[list[Pruner]] = []
BESIDE: Final[list[Beside]] = []


def register_pruner(pruner: Pruner) -> None:
    """Have a part done with every pruning."""
    if pruner not in PRUNERS:
        PRUNERS.append(pruner)


def register_beside(beside: Beside) -> None:
    """Have what belongs to events emptied with them."""
    if beside not in BESIDE:
        BESIDE.append(beside)
