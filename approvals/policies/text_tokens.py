"""The words and signs of the text form of conditions, and how values are written in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from approvals.policies import limits
from approvals.policies.checking import SLUG
from approvals.policies.operator_table import BY_NAME, OPERATORS
from approvals.policies.rules import Scalar
from approvals.policies.shown import safe_text
from approvals.policies.yaml_events import resolve_plain

WORDS: Final[dict[str, str]] = {op: BY_NAME[op].symbol for op in OPERATORS}
GROUPS: Final = ("all", "any")
_GRAMMAR: Final = ("and", "or", "not", *GROUPS, "true", "false", "null")
RESERVED: Final = frozenset(_GRAMMAR) | {
    word for words in WORDS.values() for word in words.split() if word.isalpha()
}
# Every character of a stored text may need an escape of six, where UTF-8 takes two bytes.
_LONGEST: Final = limits.DOCUMENT_BYTES * 3
_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
      | (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<sign>[=<>!]+|[()\[\],])
      | (?P<word>[^\s"'()\[\],=<>!]+)""",
    re.VERBOSE | re.DOTALL,
)


class ConditionTextInvalid(Exception):
    """The text is no condition; `column` counts characters from 1, `message` says what to do."""

    def __init__(self, message: str, column: int) -> None:
        self.message = message
        self.column = column
        super().__init__(f"column {column}: {message}")


class Kind(Enum):
    """What a token is; `END` stands after the last one."""

    WORD = "word"
    TEXT = "text"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """One word, sign or quoted text; `text` is what it says, without quotes and escapes."""

    kind: Kind
    text: str
    column: int

    def says(self, word: str) -> bool:
        """Whether it is this word or sign, not in quotes."""
        return self.kind in {Kind.WORD, Kind.SIGN} and self.text == word

    @property
    def shown(self) -> str:
        """As it is named in messages."""
        if self.kind is Kind.END:
            return "the end"
        return f'"{safe_text(self.text)}"' if self.kind is Kind.TEXT else safe_text(self.text)


def read_tokens(text: str) -> list[Token]:
    """All tokens and an END, in one pass. Raises ConditionTextInvalid."""
    if len(text) > _LONGEST:
        raise ConditionTextInvalid(f"write at most {_LONGEST} characters", 1)
    tokens: list[Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        column = place + 1
        if match is None:
            raise _unreadable(text[place], column)
        place = match.end()
        name = match.lastgroup
        if name == "text":
            tokens.append(Token(Kind.TEXT, _unquote(match[0], column), column))
        elif name != "space":
            tokens.append(Token(Kind.WORD if name == "word" else Kind.SIGN, match[0], column))
    return [*tokens, Token(Kind.END, "", len(text) + 1)]


def _unreadable(character: str, column: int) -> ConditionTextInvalid:
    if character == "'":
        return ConditionTextInvalid(
            'write text in double quotes (") instead of single ones', column
        )
    return ConditionTextInvalid('this text has no end; close it with a double quote (")', column)


def _unquote(written: str, column: int) -> str:
    try:
        return str(json.loads(written, strict=False))
    except json.JSONDecodeError:
        message = r"write \\ for a backslash and \" for a quote inside quotes (JSON escapes)"
        raise ConditionTextInvalid(message, column) from None


def quote(text: str) -> str:
    """In double quotes, everything that could not be seen written as a JSON escape."""
    written = json.dumps(text, ensure_ascii=False)
    if written.isprintable():
        return written
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in written)


def write_value(value: Scalar) -> str:
    """A value as the text form has it: slugs bare, other text in quotes, numbers and booleans."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return repr(value)
    bare = SLUG.fullmatch(value) and value not in RESERVED and resolve_plain(value) == value
    return value if bare else quote(value)


def write_field(name: str) -> str:
    """A field's name, in quotes when its letters would not be read as one word."""
    match = _TOKEN.fullmatch(name)
    bare = match is not None and match.lastgroup == "word" and name.isprintable()
    return name if bare and name not in RESERVED else quote(name)


def in_words(ops: Iterable[str]) -> list[str]:
    """The operators as they are written in the text form, in the order of the table."""
    wanted = frozenset(ops)
    return [WORDS[op] for op in OPERATORS if op in wanted]
