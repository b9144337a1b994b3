"""Somebody's words inside of an event's one sentence."""

from typing import Final

_SENTENCE: Final = 1_000  # characters


def words(text: str) -> str:
    """Return the beginning of a text for a summary; the event's data has the whole."""
    return text if len(text) <= _SENTENCE else f"{text[: _SENTENCE - 1]}…"
