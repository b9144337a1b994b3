"""Where in a text something sensitive stands, and what kind of thing it is."""

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal[
    "card",
    "iban",
    "national_id",
    "phone",
    "secret",
    "private_key",
    "token",
    "birth",
    "cut",
    "guarded",
]

# In words for a person; the mask and the record use them.
KIND_WORDS: Final[dict[Kind, str]] = {
    "private_key": "private key",
    "token": "token",
    "secret": "secret",
    "iban": "IBAN",
    "card": "card number",
    "national_id": "national id",
    "phone": "phone number",
    "birth": "date of birth",
    "cut": "cut short",
    "guarded": "what a guardrail masks",
}


@dataclass(frozen=True, slots=True)
class Span:
    """Something sensitive at `text[start:end]`, in code points."""

    kind: Kind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Folded:
    """A text as the detectors read it, and where each of its characters came from.

    Characters without a width are left out and digits and letters of other forms made ASCII:
    a zero-width space inside of a card number must not let it through.
    """

    text: str
    origin: tuple[int, ...] | None  # None: nothing was changed

    def span(self, kind: Kind, start: int, end: int) -> Span:
        """Return the span in the text as it was given."""
        if self.origin is None:
            return Span(kind, start, end)
        return Span(kind, self.origin[start], self.origin[end - 1] + 1)


def fold(text: str) -> Folded:
    """Return the text as the detectors read it."""
    if text.isascii():
        return Folded(text, None)
    kept: list[str] = []
    origin: list[int] = []
    for index, char in enumerate(text):
        category = unicodedata.category(char)
        if category in {"Cf", "Mn", "Me"}:
            continue
        kept.append(_plain(char, category))
        origin.append(index)
    return Folded("".join(kept), tuple(origin))


def _plain(char: str, category: str) -> str:
    if char.isascii():
        return char
    if category == "Nd":
        return str(unicodedata.digit(char))
    if category == "Zs":
        return " "
    if category == "Pd":
        return "-"
    same = unicodedata.normalize("NFKC", char)
    return same if len(same) == 1 and same.isascii() else char


def without_overlaps(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order of place; of two that overlap, the one that was given first."""
    taken: list[Span] = []  # in order of place
    for span in spans:
        at = bisect_left(taken, span.start, key=lambda each: each.start)
        is_free_before = at == 0 or taken[at - 1].end <= span.start
        if is_free_before and (at == len(taken) or span.end <= taken[at].start):
            taken.insert(at, span)
    return taken
