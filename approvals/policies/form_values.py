"""How texts, lists and values stand in the inputs of the policy form, and how they are read.

Everything is written as it is wherever that reads back as the same; otherwise in double quotes
with JSON escapes. Browsers change line breaks and drop some, so anything but plain lines is quoted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final

from approvals.policies.decimals import read_decimal
from approvals.policies.fields import find_field
from approvals.policies.kinds import Kind
from approvals.policies.operator_table import DATED, NUMERIC, TEXTUAL
from approvals.policies.text_tokens import quote
from approvals.policies.yaml_events import resolve_plain

_EXACT: Final = 2**53
_PIECE: Final = re.compile(
    r'\s*("(?:[^"\\]|\\.)*"(?=\s*(?:[,\n]|\Z))|[^,\n]*)(?:[,\n]|\Z)', re.DOTALL
)


def _unquoted(piece: str) -> str | None:
    """What a text in double quotes says; None when it is no such text."""
    if len(piece) < 2 or not piece.startswith('"') or not piece.endswith('"'):
        return None
    try:
        text = json.loads(piece)
    except (json.JSONDecodeError, RecursionError):
        return None
    return text if isinstance(text, str) else None


def read_text(raw: str) -> str:
    """The text that an input says: trimmed, with one kind of line break."""
    piece = raw.replace("\r\n", "\n").strip()
    text = _unquoted(piece)
    return piece if text is None else text


def write_text(text: str, *, lines: bool = False) -> str:
    """The text for an input; `lines` for a textarea, where line breaks may stay."""
    visible = text.replace("\n", "") if lines else text
    return text if visible.isprintable() and read_text(text) == text else quote(text)


def split_list(raw: str | Iterable[str]) -> list[str]:
    """The pieces of one input or of several, still in quotes where they are; empty ones go."""
    raws = [raw] if isinstance(raw, str) else raw
    return [
        piece
        for each in raws
        for piece in (found.strip() for found in _PIECE.findall(each.replace("\r\n", "\n")))
        if piece
    ]


def read_list(raw: str | Iterable[str]) -> list[str]:
    """The texts of a list."""
    return [read_text(piece) for piece in split_list(raw)]


def write_item(text: str) -> str:
    """One text of a list."""
    plain = write_text(text)
    return plain if split_list(plain) == [plain] else quote(text)


def read_value(raw: str, field: str, op: str) -> object:
    """A value of a condition, typed as the field and the operator ask."""
    piece = raw.strip()
    text = _unquoted(piece)
    if text is not None:
        return text
    found = find_field(field)
    kind = Kind.ANY if found is None else found.kind
    plain = resolve_plain(piece) if piece else ""
    if op in NUMERIC or kind is Kind.NUMBER:
        # Kept as it was typed where the number would be written in another way: 48200.00.
        return plain if isinstance(plain, int | float) and repr(plain) == piece else piece
    if op in TEXTUAL | DATED or kind not in {Kind.ANY, Kind.BOOLEAN}:
        return piece
    if isinstance(plain, bool):
        return plain
    is_number = kind is Kind.ANY and isinstance(plain, int | float)
    return plain if is_number and read_decimal(plain) is not None and _is_exact(plain) else piece


def _is_exact(number: object) -> bool:
    return isinstance(number, int | float) and abs(number) < _EXACT


def write_value(value: object, field: str, op: str, *, in_list: bool = False) -> str:
    """The text for the input of a value; `in_list` where a comma would end it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if not isinstance(value, str) or not value:
        return ""
    same = read_value(value, field, op)
    plain = value.isprintable() and isinstance(same, str) and same == value
    alone = not in_list or split_list(value) == [value]
    return value if plain and alone else quote(value)
