"""Texts as the words that a search compares: the same folding for what is kept and what is asked.

Case and accents do not count; an amount is its digits, however it was grouped; an id, a digest and
a UUID are one word each. Nothing here is a language's grammar: the record is in many.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

LONGEST_WORD: Final = 80
MOST_ASKED: Final = 12
"""Words of one search; what is more is left out, and the page says so."""

_LETTERS: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i"}
)
_GROUPED: Final = re.compile(r"(?<![\w.,])\d{1,3}(?:[,'\u2019\u00a0\u202f]\d{3})+(?![\w])")
_UUID: Final = re.compile(
    r"(?<![0-9a-f-])([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})"
    r"(?![0-9a-f-])"
)
_WORD: Final = re.compile(r"\d+(?:\.\d+)+|\w+")
_QUOTED: Final = re.compile(r'"([^"]*)"')
_ID: Final = re.compile(r"[a-z]{2,5}_[0-9a-z]{26}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}|[0-9a-f]{32}")
# Scripts that put no blanks between words: any part of a run has to be found.
_UNSPACED: Final = re.compile(r"[\u0e00-\u0eff\u2e80-\u9fff\uf900-\ufaff]")
_LONGEST_RUN: Final = 24


@dataclass(frozen=True)
class Asked:
    """What somebody typed: words of which each begins a word, or is one (`whole`), all together."""

    beginnings: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    is_cut: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.beginnings or self.whole)


def fold(text: str) -> str:
    """Return the text without case and accents, grouped digits together."""
    text = _GROUPED.sub(lambda found: re.sub(r"\D", "", found[0]), text)
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(each for each in plain if not unicodedata.combining(each))
    plain = plain.casefold().translate(_LETTERS)
    return _UUID.sub(lambda found: "".join(found.groups()), plain)


def words_in(text: str) -> Iterator[str]:
    """Yield the words of a text that is kept, some more than once."""
    for word in _words(text):
        yield word
        if word.isascii():
            yield from _parts(word)
        elif _UNSPACED.search(word):
            run = word[:_LONGEST_RUN]
            yield from (run[start:] for start in range(1, len(run)))


def asked_for(text: str) -> Asked:
    """Read what somebody typed. Words in quotes are whole words; all others may go on.

    A single letter or digit is a whole word too: half of all words would go on from it.
    """
    quoted = [word for part in _QUOTED.findall(text) for word in _words(part)]
    rest = list(_words(_QUOTED.sub(" ", text)))
    single = [word for word in rest if len(word) == 1 and word.isascii()]
    words = _unique(quoted + rest)
    kept = words[:MOST_ASKED]
    whole = {*quoted, *single}
    return Asked(
        beginnings=tuple(word for word in kept if word not in whole),
        whole=tuple(word for word in kept if word in whole),
        is_cut=len(words) > MOST_ASKED,
    )


def looks_like_id(text: str) -> bool:
    """Whether a text is one id of ours, one UUID or one SHA-256: something that was pasted."""
    plain = fold(text.strip())
    return bool(_ID.fullmatch(plain) or _DIGEST.fullmatch(plain))


def _words(text: str) -> Iterator[str]:
    for found in _WORD.finditer(fold(text)):
        word = found[0].strip("_")[:LONGEST_WORD]
        if word:
            yield word


def _parts(word: str) -> Iterator[str]:
    """The parts of `action_request`, but not those of an id."""
    if "_" in word and not _ID.fullmatch(word):
        yield from (part for part in word.split("_") if part)


def _unique(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))
