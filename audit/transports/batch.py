"""What a stream sends at once, and how sending fails."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

SECONDS: Final = 20.0
"""For one batch, everything included: shorter than the lease of who sends it."""


@dataclass(frozen=True)
class Line:
    """One event on its way out: its index, type and time, and the line of the stream's format."""

    index: int
    body: dict[str, object]
    text: bytes


@dataclass(frozen=True)
class Batch:
    """Consecutive events of a stream, oldest first. `ident` is the same at every attempt."""

    ident: str
    stream: str  # the stream's public id
    lines: Sequence[Line]
    is_test: bool = False

    @property
    def first(self) -> int:
        return self.lines[0].index

    @property
    def last(self) -> int:
        return self.lines[-1].index


class DeliveryFailed(Exception):
    """The receiver did not take it. The message is in words, safe to store, says no address.

    `retry_after` is when it wants to be asked again; `is_final` that it wants no more, ever.
    """

    def __init__(
        self, words: str, *, retry_after: timedelta | None = None, is_final: bool = False
    ) -> None:
        super().__init__(words)
        self.retry_after = retry_after
        self.is_final = is_final
