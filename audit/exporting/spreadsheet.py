"""CSV (RFC 4180) that a spreadsheet may open: no cell is taken for a formula."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final
from unicodedata import normalize

_COLUMNS: Final = (
    "index",
    "id",
    "at",
    "type",
    "actor_kind",
    "actor_id",
    "actor_name",
    "on_behalf_of",
    "subject_type",
    "subject_id",
    "subject_label",
    "request",
    "summary",
    "data",
    "delegation",
)
_BEGINS_FORMULA: Final = ("=", "+", "-", "@")
_BLANKS: Final = ("\t", "\r", "\n")


def safe_cell(text: str) -> str:
    """Return a text that no spreadsheet runs: an apostrophe stands before what begins a formula.

    Source: OWASP, "CSV injection". The full-width forms are treated alike by some programs.
    """
    begins = normalize("NFKC", text.lstrip(" ")[:1])
    if text.startswith(_BLANKS) or begins in _BEGINS_FORMULA:
        return "'" + text
    return text


def row_of(body: Mapping[str, Any], index: int) -> bytes:
    """Return the row of one event."""
    actor, subject = body.get("actor") or {}, body.get("subject") or {}
    return _row(
        (
            str(index),
            body.get("id", ""),
            body.get("at", ""),
            body.get("type", ""),
            actor.get("kind", ""),
            actor.get("id", ""),
            actor.get("name", ""),
            (body.get("on_behalf_of") or {}).get("name", ""),
            subject.get("type", ""),
            subject.get("id", ""),
            subject.get("label", ""),
            body.get("request", ""),
            body.get("summary", ""),
            json.dumps(body.get("data") or {}, ensure_ascii=False, sort_keys=True),
            " ".join(link["id"] for link in body.get("delegation") or ()),
        )
    )


def _row(cells: Iterable[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([safe_cell(str(cell)) for cell in cells])
    return text.getvalue().encode()


HEADER: Final = b"\xef\xbb\xbf" + _row(_COLUMNS)
"""With a byte-order mark: some spreadsheets take UTF-8 for something else without one."""
