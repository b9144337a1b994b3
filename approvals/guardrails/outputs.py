"""What a tenant demands of an output: its length, what it must and must not have, its fields."""

import json
from collections.abc import Iterator
from typing import Any

from approvals.guardrails.findings import is_mask
from approvals.guardrails.patterns import encodable, find_all, tenant_pattern
from approvals.guardrails.rules import Rule
from approvals.guardrails.walking import Piece

Detected = tuple[str, Piece, int, int]


def find_in_output(rule: Rule, pieces: list[Piece], value: Any) -> Iterator[Detected]:
    """Yield (detector, piece, start, end) for everything of the output that breaks the rule."""
    if rule.at and isinstance(value, str):
        return  # a text by itself has no places
    here = [each for each in pieces if not each.in_name and _is_at(each.pointer, rule.at)]
    for piece in here:
        yield from _in_text(rule, piece)
    whole = Piece(None, "")
    for pattern in rule.must_match:
        wanted = tenant_pattern(pattern)
        if not any(wanted.search(encodable(each.text)) for each in here):
            yield "must_match", whole, 0, 0
    found = _object_at(value, rule.at) if rule.fields else None
    for name in rule.fields:
        if not _has(found, name):
            yield "missing_field", whole, 0, 0


def _in_text(rule: Rule, piece: Piece) -> Iterator[Detected]:
    if is_mask(piece.text):
        return
    if rule.max_characters is not None and len(piece.text) > rule.max_characters:
        yield "too_long", piece, rule.max_characters, len(piece.text)
    for pattern in rule.must_not_match:
        for start, end in find_all(tenant_pattern(pattern), encodable(piece.text)):
            yield "must_not_match", piece, start, end


def _is_at(pointer: str, at: str) -> bool:
    return not at or pointer == at or pointer.startswith(f"{at}/")


def _object_at(value: Any, at: str) -> Any:
    """Return what the pointer leads to; a text that is a JSON object counts as that object."""
    for part in at.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isascii() and name.isdigit() and len(name) < 7:
            value = value[int(name)] if int(name) < len(value) else None
        else:
            return None
    if isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value


def _has(value: Any, name: str) -> bool:
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            return False
        value = value[part]
    return True
