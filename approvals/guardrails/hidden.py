"""Characters that are there and are not seen, without those that writing properly needs."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from govapp.common.text import HiddenCharacter, find_hidden

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)")
_JOINERS: Final = frozenset("\u200c\u200d")
_MARKS: Final = frozenset("\u200e\u200f\u061c")
_EMOJI_PRESENTATION: Final = frozenset("\ufe0e\ufe0f")
_SOFT_HYPHEN: Final = "\u00ad"
_BYTE_ORDER: Final = "\ufeff"
# Scripts that join letters, and in which a joiner is a part of spelling.
_JOINING: Final = (
    "ARABIC", "SYRIAC", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL",
    "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "KHMER", "MONGOLIAN",
)  # fmt: skip
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})


def find_unseen(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield (detector, start, end) for each run of hidden characters of one kind.

    Not: blanks that do not break, line ends of Windows, a byte order mark at the beginning, soft
    hyphens inside of words, the parts of an emoji, joiners between letters that join, and single
    marks beside letters that are read from right to left.
    """
    if text.isascii() and not _CONTROL.search(text):
        return
    kind, start, end = "", 0, 0
    for each in find_hidden(text):
        if _is_proper(text, each):
            continue
        if each.kind == kind and each.index == end:
            end += 1
            continue
        if kind:
            yield kind, start, end
        kind, start, end = each.kind, each.index, each.index + 1
    if kind:
        yield kind, start, end


def _is_proper(text: str, found: HiddenCharacter) -> bool:
    char, index = found.character, found.index
    before = text[index - 1] if index else ""
    after = text[index + 1] if index + 1 < len(text) else ""
    if found.kind == "control":
        return char == "\r" and after == "\n"
    if found.kind == "confusable":
        return False
    if char in _MARKS:
        return _is_rtl(before) or _is_rtl(after)
    if char in _JOINERS:
        return _joins(before) and _joins(after)
    if char in _EMOJI_PRESENTATION:
        return _is_symbol(before) or before in "0123456789#*"[: 12 if before else 0]
    if char == _SOFT_HYPHEN:
        return before.isalpha() and after.isalpha()
    if char == _BYTE_ORDER:
        return index == 0
    return unicodedata.category(char) == "Zs"


def _is_rtl(char: str) -> bool:
    return bool(char) and unicodedata.bidirectional(char) in _RIGHT_TO_LEFT


def _joins(char: str) -> bool:
    if not char:
        return False
    return _is_symbol(char) or char in "\ufe0f" or unicodedata.name(char, "").startswith(_JOINING)


def _is_symbol(char: str) -> bool:
    return bool(char) and unicodedata.category(char) in {"So", "Sk"}
