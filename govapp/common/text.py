"""Show what a person would not see: hidden, bidirectional and look-alike characters.

An agent's words and payload are untrusted. A zero-width space, a right-to-left override or a
Cyrillic letter can make a payee read as another one, so every such character is printed as an
escaped mark. The rules follow Unicode TR36 (security considerations) and UTS39 (mixed-script and
whole-script confusables), with a small table of our own instead of the full data files.
"""

import re
import unicodedata
from dataclasses import dataclass
from html import escape
from typing import Final, Literal

ERASED_WORDS: Final = "[erased]"
"""What stands where somebody's words were."""

Kind = Literal["bidirectional", "invisible", "confusable", "control"]

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# Letters, marks and blanks that are drawn as nothing although their category does not say so.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")

_VARIATION = frozenset(chr(c) for c in (*range(0xFE00, 0xFE10), *range(0x180B, 0x1810)))

# Letters of other scripts, and of phonetic notation, that common fonts draw like an ASCII letter or
# digit (UTS39, confusables, by hand: those that a payee's name would be forged with).
_LOOKALIKES = dict(
    zip(
        "асԁеһіјӏорԛѕԝхуАВСЕНІЈКМОРЅТХУԌԚԜΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορυχικτօոսցհԼՕՏᎪᏴᏟᎬᎻᎫᏦᏞᎷᏢᎡᏚᎢᏙᏔᏃ"
        "γϲϳϹѵѡҽՍⲞⲟⲤⲥⲢⲣꓐꓑꓓꓔꓖꓗꓙꓚꓜꓝꓟꓠꓡꓢꓣꓦꓧꓪꓫꓬꓮꓰꓲꓳꓴɑɡɩᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ",
        "acdehijlopqswxyABCEHIJKMOPSTXYGQWABEZHIKMNOPTYXavopuxiktonughLOSABCEHJKLMPRSTVWZ"
        "ycjCvweUOoCcPpBPDTGKJCZFMNLSRVHWXYAEIOUagiABCDEFGHIJKLMNOPRSTUVWYZ",
        strict=True,
    )
)

# Scripts none of whose letters belongs into a word with Latin ones, look-alike or not. Greek is
# not among them: "Δt" and "μm" are words.
_APART = ("CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC", "GEORGIAN", "LISU", "HEBREW", "ARABIC")

# More combining marks than this on one letter are used to paint over its neighbours.
_MARKS_ALLOWED = 2

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class HiddenCharacter:
    """One character that does not read as what it is. `index` counts code points from 0."""

    index: int
    character: str
    kind: Kind

    @property
    def code_point(self) -> str:
        return f"U+{ord(self.character):04X}"

    @property
    def name(self) -> str:
        return unicodedata.name(self.character, "UNNAMED CHARACTER")

    @property
    def looks_like(self) -> str:
        """The ASCII character it can be taken for, or an empty string."""
        return _ascii_twin(self.character)


def _ascii_twin(char: str) -> str:
    if char in _LOOKALIKES:
        return _LOOKALIKES[char]
    folded = unicodedata.normalize("NFKC", char)
    # Full-width, mathematical and enclosed letters fold to the letter they are drawn like.
    if char > "\xff" and folded.isascii() and folded.isalnum() and len(folded) == 1:
        return folded
    return ""


def _unseen_kind(char: str) -> Kind | None:
    if char in _BIDI:
        return "bidirectional"
    if char in _BLANK or char in _VARIATION:
        return "invisible"
    category = unicodedata.category(char)
    if category == "Cc":
        return None if char in "\n\t" else "control"
    if category in {"Cf", "Cn", "Co", "Cs", "Zl", "Zp"} or 0xE0100 <= ord(char) <= 0xE01EF:
        return "invisible"
    if category == "Zs" and char != " ":
        return "invisible"
    return None


def _confusable_positions(text: str) -> set[int]:
    """Positions of letters that can be taken for others.

    In a word with Latin letters: every look-alike, and every letter or digit of another script.
    In a word without any: look-alikes when nothing else is in it, unless all of the text is of
    other scripts; a Greek sentence may say "το".
    """
    found: set[int] = set()
    is_foreign = not any(char.isascii() and char.isalpha() for char in text)
    is_told = is_foreign and any(
        char.isalpha() and not char.isascii() and not _ascii_twin(char) for char in text
    )
    for word in _WORD.finditer(text):
        letters = [(word.start() + i, char) for i, char in enumerate(word.group())]
        foreign = [(i, c) for i, c in letters if not c.isascii() and c.isalnum()]
        folding = {i for i, c in foreign if _ascii_twin(c) and c not in _LOOKALIKES}
        drawn_alike = {i for i, c in foreign if c in _LOOKALIKES}
        if any(c.isalpha() and c not in _LOOKALIKES and _is_latin(c) for _, c in letters):
            found |= drawn_alike | {i for i, c in foreign if _is_apart(c)}
        elif len(drawn_alike) == len(foreign) and not is_told:
            found |= drawn_alike
        found |= folding
    return found


def _is_latin(char: str) -> bool:
    return "LATIN" in unicodedata.name(char, "")


def _is_apart(char: str) -> bool:
    name = unicodedata.name(char, "")
    return name.startswith(_APART) or (char.isdigit() and "DIGIT" in name)


def find_hidden(text: str) -> list[HiddenCharacter]:
    """Every hidden, bidirectional, control or look-alike character of `text`, in order."""
    confusable = _confusable_positions(text)
    found: list[HiddenCharacter] = []
    marks = 0
    for index, char in enumerate(text):
        marks = marks + 1 if unicodedata.combining(char) else 0
        kind = _unseen_kind(char)
        if kind is None and index in confusable:
            kind = "confusable"
        if kind is None and marks > _MARKS_ALLOWED:
            kind = "invisible"
        if kind is not None:
            found.append(HiddenCharacter(index=index, character=char, kind=kind))
    return found


def _mark(hidden: HiddenCharacter) -> str:
    title = f"{hidden.name}, {hidden.kind}"
    shown = hidden.code_point
    if hidden.kind == "confusable":
        twin = hidden.looks_like
        title = f"{hidden.name}, {f'looks like “{twin}”' if twin else 'of another script'}"
        shown = f"{escape(hidden.character)}[{hidden.code_point}]"
    elif hidden.kind == "bidirectional":
        shown = f"{hidden.code_point} {hidden.name}"
    return f'<mark class="reveal reveal--{hidden.kind}" title="{escape(title)}">{shown}</mark>'


def reveal(text: str) -> str:
    """`text` as safe HTML in which nothing is hidden: the rest is escaped, marks are elements.

    The result holds no invisible, bidirectional or control character of the input. Line breaks and
    tabs stay as they are; print them with `white-space: pre-wrap`. Source: security.md, Decisions.
    """
    parts: list[str] = []
    last = 0
    for hidden in find_hidden(text):
        parts.append(escape(text[last : hidden.index]))
        parts.append(_mark(hidden))
        last = hidden.index + 1
    parts.append(escape(text[last:]))
    return "".join(parts)
