"""Personal texts of an event as salted commitments, so that they can be erased or withheld.

In the hashed bytes `⟦n⟧` stands where the text was, and `personal` has for each number whose it
is, of what kind, and HMAC-SHA256(salt, JCS(text)). `⟦0⟧` is the character ⟦ itself. Whoever has
salt and text can prove what stood there; without them nothing can be guessed, and every proof of
the event holds all the same (design: audit page).
"""

import hmac
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import is_
from typing import Any, Final

from audit.actors import Content, Personal, PersonalKind, Words
from audit.merkle.canonical import encoded

SALT_BYTES: Final = 32
ERASED: Final[Mapping[str, str]] = {"name": "an erased person"}
ERASED_TEXT: Final = "[erased]"

_OPEN: Final = "⟦"
PLACE_BEGINS: Final = _OPEN.encode()
_PLAIN: Final = frozenset({str, int, bool, type(None)})
_PLACE: Final = re.compile("⟦([0-9]{1,6})⟧")
# What a summary shows of a long text is its beginning: so much of it is enough to know it by.
_BEGINNING: Final = 200
_SHORTEST_REST: Final = 4
_ADDRESS: Final = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
# Ids, words of an enum, digests: no name is looked for in these. Marked texts are hidden anyway.
_CODE_WORD: Final = re.compile(r"[a-z0-9_.:+-]*")


@dataclass(frozen=True, slots=True)
class Hidden:
    """One text of an event: its number there, whose it is, and what opens the commitment."""

    number: int
    of: str
    kind: PersonalKind
    salt: bytes
    value: str


def commitment(salt: bytes, value: str) -> str:
    """Return what the event says of a text: 64 hexadecimal digits. Raises `CanonicalError`."""
    return hmac.digest(salt, encoded(value), "sha256").hex()


def hide(
    body: dict[str, Any],
    also: Iterable[Personal] = (),
    *,
    address_of: Callable[[str], str] | None = None,
) -> tuple[dict[str, Any], tuple[Hidden, ...]]:
    """Return an event with its personal texts replaced, and those texts with their salts.

    What is marked (`Personal`) is hidden wherever it stands. Names are looked for, as whole words,
    in every other text as well; what somebody wrote is looked for in the summary and the label.
    E-mail addresses are hidden wherever they stand, as `address_of` says of whom.
    Objects without any personal text are the same objects in the result.
    """
    marks = [mark for mark in (*_marks(body), *also) if mark]
    return _Hiding(marks, address_of).apply(body)


def fill(body: Mapping[str, Any], values: Mapping[int, str]) -> dict[str, Any]:
    """Return an event with its places filled; what is not in `values` reads as erased.

    `personal` itself is left out: this is for reading, the hashed bytes are for proving.
    """
    kinds = body.get("personal") or {}

    def text_of(match: re.Match[str]) -> str:
        number = int(match[1])
        if number == 0:
            return _OPEN
        told = kinds.get(str(number)) or {}
        return values.get(number, ERASED.get(told.get("kind", ""), ERASED_TEXT))

    whole = {name: value for name, value in body.items() if name != "personal"}
    filled: dict[str, Any] = _mapped(whole, lambda text: _PLACE.sub(text_of, text))
    return filled


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    """Return the value with each text that has a place in it changed."""
    if isinstance(value, str):
        return change(value) if _OPEN in value else value
    if isinstance(value, dict):
        return {name: _mapped(item, change) for name, item in value.items()}
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    return value


def _marks(value: Any) -> Iterator[Personal]:
    if isinstance(value, Personal):
        yield value
        return
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for item in value:
        if type(item) not in _PLAIN:
            yield from _marks(item)


class _Place(str):
    """A piece of a text that is written already."""

    __slots__ = ()


class _Hiding:
    """Hides the texts of one event."""

    def __init__(self, marks: list[Personal], address_of: Callable[[str], str] | None) -> None:
        self._address_of = address_of
        longest_first = sorted({(mark.kind, mark.of, mark): mark for mark in marks}.values(),
                               key=lambda mark: -len(mark))  # fmt: skip
        self._needles = [_normalised(mark) for mark in longest_first]
        self._names = [each for each in self._needles if each.kind == "name"]
        self._numbers: dict[tuple[str, PersonalKind, str], int] = {}

    def apply(self, body: dict[str, Any]) -> tuple[dict[str, Any], tuple[Hidden, ...]]:
        whole = dict(body)
        if "summary" in whole:
            whole["summary"] = self._searched(whole["summary"], self._needles)
        for name in ("actor", "on_behalf_of", "delegation", "subject", "data"):
            if name in whole:
                whole[name] = self._replaced(whole[name])
        subject = whole.get("subject")
        if subject and type(body["subject"]["label"]) is str:
            label = self._searched(body["subject"]["label"], self._needles)
            whole["subject"] = {**subject, "label": label}
        hidden = self._hidden()
        if hidden:
            whole["personal"] = {
                str(each.number): {
                    "of": each.of,
                    "kind": each.kind,
                    "hmac": commitment(each.salt, each.value),
                }
                for each in hidden
            }
        return whole, hidden

    def _hidden(self) -> tuple[Hidden, ...]:
        if not self._numbers:
            return ()
        salts = os.urandom(SALT_BYTES * len(self._numbers))
        return tuple(
            Hidden(number, of, kind, salts[(number - 1) * SALT_BYTES : number * SALT_BYTES], text)
            for (of, kind, text), number in self._numbers.items()
        )

    def _replaced(self, value: Any) -> Any:
        """Return the value hidden; the same object when nothing in it had to be."""
        kind = type(value)
        if kind is str:
            return value if self._is_clean(value) else self._searched(value, self._names)
        if kind is dict:
            return self._replaced_object(value)
        if kind is list or kind is tuple:
            each = [self._replaced(item) for item in value]
            is_same = all(map(is_, each, value))
            return value if is_same else each
        if isinstance(value, Personal):
            # As a plain text: what is of another type is written the slow way.
            return str(self._concealed(_normalised(value)))
        return self._replaced_object(value) if isinstance(value, Mapping) else value

    def _replaced_object(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        changed: dict[str, Any] | None = None
        for name, item in value.items():
            if type(item) is str and self._is_clean(item):  # most are: no call for those
                continue
            new = self._replaced(item)
            if new is not item:
                changed = dict(value) if changed is None else changed
                changed[name] = new
        return value if changed is None else changed

    def _is_clean(self, text: str) -> bool:
        """Whether nothing in a text can have to be hidden, told quickly."""
        if not text.isascii():
            return not self._names and _OPEN not in text and "@" not in text
        if "@" in text:
            return False
        for name in self._names:
            if name in text:
                return len(text) < _BEGINNING and _CODE_WORD.fullmatch(text) is not None
        return True

    def _concealed(self, text: Personal) -> _Place:
        """Return the places for a text. Names in what somebody wrote are places of their own."""
        others = [] if text.kind == "name" else self._names
        return _Place(
            "".join(
                part if isinstance(part, _Place) else self._place(text.of, text.kind, part)
                for part in self._pieces(str(text), others)
            )
        )

    def _place(self, of: str, kind: PersonalKind, text: str) -> _Place:
        if not text:
            return _Place("")
        number = self._numbers.setdefault((of, kind, str(text)), len(self._numbers) + 1)
        return _Place(f"⟦{number}⟧")

    def _searched(self, text: str, needles: list[Personal]) -> str:
        if isinstance(text, Personal):
            return str(self._concealed(_normalised(text)))
        plain = text if text.isascii() else unicodedata.normalize("NFC", text)
        parts = self._pieces(plain, needles)
        if len(parts) == 1 and parts[0] is plain and (plain is text or _OPEN not in plain):
            return text if _OPEN not in plain else plain.replace(_OPEN, "⟦0⟧")
        return "".join(
            part if isinstance(part, _Place) else part.replace(_OPEN, "⟦0⟧") for part in parts
        )

    def _pieces(self, text: str, needles: list[Personal]) -> list[str]:
        """Split a text at every needle in it, the longest first."""
        parts: list[str] = [text]
        for needle in needles:
            found = str(needle)
            if found in text or (needle.kind != "name" and found[:_BEGINNING] in text):
                parts = [piece for part in parts for piece in self._cut_at(part, needle)]
        if "@" in text and self._address_of is not None:
            parts = [piece for part in parts for piece in self._cut_addresses(part)]
        if text.endswith("…") and not isinstance(parts[-1], _Place):
            parts[-1:] = self._cut_end(parts[-1], needles)
        return parts

    def _cut_at(self, part: str, needle: Personal) -> Iterator[str]:
        if isinstance(part, _Place):
            yield part
            return
        begun, at = 0, 0
        while (at := part.find(needle[:_BEGINNING], at)) >= 0:
            end = at + _common(part, at, needle)
            # A long text may have been cut; a shorter one is there as a whole, or it is not it.
            is_it = end - at == len(needle) or (
                needle.kind != "name" and len(needle) > _BEGINNING
            )  # fmt: skip
            if not is_it or not _is_whole(part, at, end):
                at += 1
                continue
            if at > begun:
                yield part[begun:at]
            yield self._concealed(_like(needle, part[at:end]))
            begun = at = end
        if begun < len(part):
            yield part[begun:]

    def _cut_addresses(self, part: str) -> Iterator[str]:
        if isinstance(part, _Place) or self._address_of is None:
            yield part
            return
        begun = 0
        for found in _ADDRESS.finditer(part):
            if found.start() > begun:
                yield part[begun : found.start()]
            yield self._place(self._address_of(found[0].lower()), "name", found[0])
            begun = found.end()
        if begun < len(part):
            yield part[begun:]

    def _cut_end(self, part: str, needles: list[Personal]) -> list[str]:
        """The whole sentence was cut, perhaps in the middle of a text."""
        for needle in needles:
            for length in range(min(len(needle), len(part) - 1), _SHORTEST_REST - 1, -1):
                at = len(part) - 1 - length
                if part.startswith(needle[:length], at) and _is_whole(part, at, len(part)):
                    return [part[:at], self._concealed(_like(needle, needle[:length])), "…"]
        return [part]


def _common(text: str, at: int, needle: str) -> int:
    """How many characters of the needle stand there."""
    if text.startswith(needle, at):
        return len(needle)
    length = _BEGINNING
    while at + length < len(text) and length < len(needle) and text[at + length] == needle[length]:
        length += 1
    return min(length, len(needle))


def _is_whole(text: str, at: int, end: int) -> bool:
    """Whether no word goes on across an end: "Ann" is not in "Anne"."""
    before = at > 0 and _is_letter(text[at - 1]) and _is_letter(text[at])
    after = end < len(text) and _is_letter(text[end - 1]) and _is_letter(text[end])
    return not before and not after


def _is_letter(character: str) -> bool:
    return character.isalnum() or character == "_"


def _like(mark: Personal, text: str) -> Personal:
    return type(mark)(text, mark.of)


def _normalised(mark: Personal) -> Personal:
    if mark.isascii():
        return mark
    return _like(mark, unicodedata.normalize("NFC", mark))


__all__ = [
    "ERASED_TEXT", "SALT_BYTES", "Content", "Hidden", "Personal", "Words", "commitment", "fill",
    "hide",
]  # fmt: skip
