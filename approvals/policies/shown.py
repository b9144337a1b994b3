"""Values and lists as people are shown them: short, harmless, and honest about odd characters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from approvals.policies import limits
from approvals.policies.decimals import plain, read_decimal


def shorten(text: str, length: int = limits.SHOWN_CHARACTERS) -> str:
    """At most `length` characters, ending in an ellipsis when something was left out."""
    return text if len(text) <= length else text[: length - 1] + "…"


def safe_text(text: str, length: int = limits.SHOWN_CHARACTERS) -> str:
    """Shortened, with control, bidirectional and surrogate characters written as escapes.

    Such characters could reorder or hide what an approver reads, and some cannot be stored.
    """
    text = shorten(text, length)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in text)


def show(value: object, length: int = limits.SHOWN_CHARACTERS) -> str:
    """Any JSON value in a few words; containers are only counted, never walked."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # Shortened first: an agent can send megabytes, and every later step reads them all.
        short = shorten(value, length)
        bare = short and short.isprintable() and " " not in short and value[:length].isascii()
        return short if bare else f'"{safe_text(short, length)}"'
    if isinstance(value, int | float | Decimal):
        number = read_decimal(value)
        return "a number out of range" if number is None else shorten(plain(number))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return _counted("an object with", len(value), "field")
    if isinstance(value, Sequence | frozenset):
        return _counted("a list of", len(value), "item")
    return "something that is not JSON"


def _counted(start: str, count: int, noun: str) -> str:
    return f"{start} {count} {noun}{'' if count == 1 else 's'}"


def listed(items: Iterable[str], conjunction: str = "and", *, most: int | None = None) -> str:
    """ "a", "a and b", "a, b and c". Longer than `most`, the list ends in "and 7 more"."""
    parts = list(items)
    if most is not None and len(parts) > most:
        parts = [*parts[: most - 1], f"{len(parts) - most + 1} more"]
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {conjunction} {parts[-1]}"
