"""How much a call used: as the model says, or estimated where it does not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_BYTES_OF_ONE: Final = 3  # fewer than in any language that models are made for: rather too many
_OF_A_PLACE: Final = 2  # what a message or a field adds beside its words
_MOST: Final = 2**31 - 1


@dataclass(frozen=True)
class Usage:
    """Tokens of what was asked and of what was answered."""

    asked: int
    answered: int
    is_estimated: bool = False

    @property
    def total(self) -> int:
        return self.asked + self.answered


def usage_in(body: Mapping[str, Any]) -> Usage | None:
    """Return what an answer, or a piece of a stream, says that was used; None when it does not.

    What a model says is somebody else's word: numbers that cannot be are as good as none.
    """
    said = body.get("usage")
    if not isinstance(said, dict):
        return None
    asked, answered = said.get("prompt_tokens"), said.get("completion_tokens", 0)
    if not _is_count(asked) or not _is_count(answered):
        return None
    return Usage(int(asked), int(answered))


def estimate(value: object) -> int:
    """Return about how many tokens the texts of a JSON value have; rather too many than too few."""
    total, stack = 0, [value]
    while stack:
        each = stack.pop()
        if isinstance(each, str):
            total += -(-len(each.encode("utf-8", "replace")) // _BYTES_OF_ONE)
        elif isinstance(each, Mapping):
            total += _OF_A_PLACE * len(each)
            stack.extend(each.values())
        elif isinstance(each, list | tuple):
            total += _OF_A_PLACE * len(each)
            stack.extend(each)
        elif each is not None:
            total += 1
    return total


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST
