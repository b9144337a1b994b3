"""What is wrong with a policy document, said so that a person can mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One mistake: where it is (RFC 6901 JSON pointer) and what to do about it.

    `line` and `column` count from 1 and are known only for documents read from YAML text, or
    from JSON text that could not be read at all.
    """

    pointer: str
    message: str
    line: int | None = None
    column: int | None = None

    def to_dict(self) -> dict[str, object]:
        """The problem as JSON, for API errors and the editor."""
        return {
            "pointer": self.pointer,
            "message": self.message,
            "line": self.line,
            "column": self.column,
        }


class PolicyInvalid(Exception):
    """The document is not a policy; `problems` lists every mistake found, in document order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(
            "; ".join(f"{each.pointer or '/'}: {each.message}" for each in self.problems)
        )


def pointer_to(parent: str, key: str | int) -> str:
    """The JSON pointer of `key` inside `parent`, escaped as RFC 6901 section 3 asks."""
    return f"{parent}/{str(key).replace('~', '~0').replace('/', '~1')}"
