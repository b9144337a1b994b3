"""What stands out of a payload by its kind: a diff's lines, a statement's effect, a call's parts.

Heuristics over an agent's text: they add words for a reader and never take a character away.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from govapp.common.sensitive import masked, masked_json

_HUNK: Final = re.compile(r"@@ -\d{1,9}(?:,(\d{1,9}))? \+\d{1,9}(?:,(\d{1,9}))? @@")
_HEAD: Final = ("--- ", "+++ ", "diff --git ", "index ", "new file", "deleted file", "rename ")
_LITERALS: Final = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_SQL_WORD: Final = re.compile(r"[a-z]+", re.IGNORECASE)
_CHANGING: Final = {
    "INSERT": "adds rows", "UPDATE": "changes rows", "DELETE": "deletes rows",
    "MERGE": "changes rows", "TRUNCATE": "empties tables", "DROP": "drops tables or columns",
    "ALTER": "changes the tables themselves", "CREATE": "creates tables or other objects",
    "GRANT": "gives rights", "REVOKE": "takes rights away",
}  # fmt: skip
_ESTIMATES: Final = ("estimated_rows", "row_estimate", "rows_estimated", "affected_rows", "rows")
_PARTS: Final = ("body", "json", "data", "form", "content")


@dataclass(frozen=True)
class DiffLine:
    """One line; `text` is without the sign that `op` ("add", "del") says already."""

    op: str
    text: str

    @property
    def whole(self) -> str:
        return {"add": "+", "del": "-"}.get(self.op, "") + self.text


@dataclass(frozen=True)
class Block:
    """A text in one piece under a title, in the letters of code."""

    title: str
    text: str


def read_diff(text: str) -> tuple[DiffLine, ...]:
    """Return a unified diff's lines. Masked before it is split: a key has many lines."""
    return tuple(_diff_lines(masked(text).removesuffix("\n").split("\n")))


def _diff_lines(lines: list[str]) -> Iterator[DiffLine]:
    """Inside a hunk nothing is a heading, however it begins: its header says how long it is."""
    old = new = 0
    for line in lines:
        if old <= 0 and new <= 0 and line.startswith(_HEAD):
            yield DiffLine("file", line)
        elif (hunk := _HUNK.match(line)) and old <= 0 and new <= 0:
            old, new = int(hunk.group(1) or 1), int(hunk.group(2) or 1)
            yield DiffLine("hunk", line)
        elif line.startswith("+"):
            new -= 1
            yield DiffLine("add", line[1:])
        elif line.startswith("-"):
            old -= 1
            yield DiffLine("del", line[1:])
        else:
            old, new = old - 1, new - 1
            yield DiffLine("same", line)


def count_lines(lines: tuple[DiffLine, ...]) -> str:
    """Say how large a change is: "3 lines added, 1 removed"."""
    added = sum(line.op == "add" for line in lines)
    removed = sum(line.op == "del" for line in lines)
    return f"{added} {'line' if added == 1 else 'lines'} added, {removed} removed"


def take_estimate(rest: dict[str, Any]) -> str:
    """Take the agent's row estimate out of the fields and return it in words, or ""."""
    for name in _ESTIMATES:
        value = rest.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            del rest[name]
            return f"{value:,} {'row' if value == 1 else 'rows'}"
    return ""


def describe_statement(statement: str) -> tuple[str, tuple[str, ...]]:
    """Say what a statement does, and what is striking about it. By its words, not by running it."""
    bare = _LITERALS.sub(" ", statement)
    words = {word.upper() for word in _SQL_WORD.findall(bare)}
    does = [effect for word, effect in _CHANGING.items() if word in words]
    effect = f"It {' and '.join(dict.fromkeys(does))}" if does else "It only reads"
    said = []
    if words & {"UPDATE", "DELETE"} and "WHERE" not in words:
        said.append("It has no WHERE: it concerns every row of the table")
    if ";" in bare.strip().rstrip(";"):
        said.append("It is more than one statement")
    return effect, tuple(said)


def take_call(rest: dict[str, Any]) -> dict[str, Any]:
    """Take an HTTP request's method, address and body out of the fields."""
    method = str(rest.pop("method", "GET")).upper()
    url = str(rest.pop("url"))
    name = next((name for name in _PARTS if isinstance(rest.get(name), str | dict | list)), "")
    blocks = [Block("Body", _readable(rest.pop(name)))] if name and rest[name] else []
    return {
        "method": method,
        "url": url,
        "host": _host(url),
        "remarks": _call_remarks(url),
        "blocks": tuple(blocks),
    }


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _call_remarks(url: str) -> tuple[str, ...]:
    said = []
    if not url.lower().startswith("https://"):
        said.append("It is not encrypted: the address is not https")
    if "@" in url.split("://", 1)[-1].split("/", 1)[0]:
        said.append("The address has a name before the @: what counts is the host behind it")
    return tuple(said)


def _readable(body: Any) -> str:
    if isinstance(body, str):
        try:
            body = json.loads(body) if body.lstrip().startswith(("{", "[")) else body
        except (ValueError, RecursionError):
            return masked(body)
    if isinstance(body, str):
        return masked(body)
    return json.dumps(masked_json(body), indent=2, ensure_ascii=False)


def is_html(fields: Mapping[str, Any], name: str) -> bool:
    """Whether a message's text is the source of a page."""
    text = str(fields.get(name, "")).lstrip().lower()
    return name == "html" or text.startswith(("<!doctype", "<html", "<body", "<p", "<div"))
