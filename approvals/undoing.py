"""How an executed action is taken back: by another action, whose payload is made from the first's.

Pure. A category's `undo` is `{"category": key, "payload": {name: value}, "within_hours": n}`; a
value is `{"pointer": "/amount"}` (RFC 6901, into the payload of what is taken back),
`{"value": anything}`, or `{"request": "id"}`, the public id of what is taken back.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

MOST_HOURS: Final = 8_760  # a year
MOST_FIELDS: Final = 50
NAME_CHARACTERS: Final = 100
_POINTER: Final = re.compile(r"(/([^~/]|~[01])*)+")
_KINDS: Final = frozenset({"pointer", "value", "request"})
_KEYS: Final = frozenset({"category", "payload", "within_hours"})


class UndoInvalid(ValueError):
    """What is said of taking back cannot be used; `pointer` says where in the declaration."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer = pointer
        self.detail = detail


@dataclass(frozen=True)
class Undo:
    """How actions of a category are taken back."""

    category: str
    payload: Mapping[str, Mapping[str, Any]]
    within_hours: int

    def payload_for(self, payload: Mapping[str, Any], request: str) -> dict[str, Any]:
        """Return the payload that takes back `payload`, that of the request with this public id.

        Raises `UndoInvalid` when a pointer leads to nothing there.
        """
        return {name: _value(name, each, payload, request) for name, each in self.payload.items()}


def read_undo(said: Mapping[str, Any]) -> Undo | None:
    """Return what a category says of taking back, None when it says nothing.

    Raises `UndoInvalid` with the first fault.
    """
    if not said:
        return None
    if unknown := sorted(set(said) - _KEYS):
        raise UndoInvalid(f"/{unknown[0]}", "This is not known.")
    category, payload, hours = (said.get(name) for name in ("category", "payload", "within_hours"))
    if not isinstance(category, str) or not category:
        raise UndoInvalid("/category", "Name the category of the action that takes it back.")
    if isinstance(hours, bool) or not isinstance(hours, int) or not 1 <= hours <= MOST_HOURS:
        raise UndoInvalid("/within_hours", f"Write a number of hours from 1 to {MOST_HOURS}.")
    if not isinstance(payload, dict) or not 1 <= len(payload) <= MOST_FIELDS:
        raise UndoInvalid("/payload", f"Say what goes into 1 to {MOST_FIELDS} fields.")
    for name, each in payload.items():
        _check(name, each)
    return Undo(category, payload, hours)


def parse_lines(text: str) -> dict[str, dict[str, Any]]:
    """Read "amount = /amount", "kind = "refund"" and "reverses = request": one field a line.

    A value is a pointer when it begins with a slash, the id of what is taken back when it is the
    word request, and JSON otherwise. Raises `UndoInvalid` that names the line.
    """
    found: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        name, equals, value = (part.strip() for part in line.partition("="))
        if not name or not equals or not value:
            raise UndoInvalid("/payload", f"Line {number}: write a field = where it comes from.")
        if name in found:
            raise UndoInvalid("/payload", f"Line {number}: {name} is there twice.")
        found[name] = _read(value, number)
        try:
            _check(name, found[name])
        except UndoInvalid as fault:
            raise UndoInvalid("/payload", f"Line {number}: {fault.detail}") from None
    return found


def to_lines(payload: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the text that `parse_lines` reads."""
    return "\n".join(f"{name} = {_shown(each)}" for name, each in payload.items())


def first_names(undo: Undo) -> dict[str, str]:
    """Return which member of the payload each field comes from, where it is from there."""
    pointers = {name: each["pointer"] for name, each in undo.payload.items() if "pointer" in each}
    return {name: _tokens(pointer)[0] for name, pointer in pointers.items()}


def _read(value: str, number: int) -> dict[str, Any]:
    if value.startswith("/"):
        return {"pointer": value}
    if value == "request":
        return {"request": "id"}
    try:
        return {"value": json.loads(value, parse_constant=_refuse_constant)}
    except (ValueError, RecursionError):
        raise UndoInvalid(
            "/payload",
            f"Line {number}: write a pointer such as /amount, the word request, or a value as JSON:"
            ' a text stands in quotes, as in "EUR".',
        ) from None


def _refuse_constant(_word: str) -> None:
    raise ValueError


def _shown(each: Mapping[str, Any]) -> str:
    if "pointer" in each:
        return str(each["pointer"])
    return "request" if "request" in each else json.dumps(each["value"], ensure_ascii=False)


def _check(name: str, each: Any) -> None:
    pointer = f"/payload/{name.replace('~', '~0').replace('/', '~1')}"
    if not 0 < len(name) <= NAME_CHARACTERS or "\0" in name or name != name.strip():
        raise UndoInvalid("/payload", f"A field has 1 to {NAME_CHARACTERS} characters.")
    if not isinstance(each, dict) or len(each) != 1 or not set(each) <= _KINDS:
        raise UndoInvalid(pointer, f"Say of {name} either pointer, value or request.")
    if "pointer" in each:
        said = each["pointer"]
        if not isinstance(said, str) or not _POINTER.fullmatch(said) or len(said) > 200:
            raise UndoInvalid(pointer, f"{name}: write a JSON pointer such as /to/iban.")
    if "request" in each and each["request"] != "id":
        raise UndoInvalid(pointer, f"{name}: of the request there is its id only.")


def _value(name: str, each: Mapping[str, Any], payload: Mapping[str, Any], request: str) -> Any:
    if "request" in each:
        return request
    if "value" in each:
        return each["value"]
    here: Any = payload
    for token in _tokens(each["pointer"]):
        here = _step(here, token)
        if here is _NOTHING:
            said = each["pointer"]
            raise UndoInvalid(
                f"/payload/{name}", f"{name} comes from {said}, which the action does not have."
            )
    return here


class _Nothing:
    """Where a pointer leads to nothing; null is something."""


_NOTHING: Final = _Nothing()


def _step(here: Any, token: str) -> Any:
    if isinstance(here, Mapping):
        return here.get(token, _NOTHING)
    is_index = re.fullmatch(r"0|[1-9][0-9]{0,5}", token) is not None
    if isinstance(here, list) and is_index and int(token) < len(here):
        return here[int(token)]
    return _NOTHING


def _tokens(pointer: str) -> list[str]:
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]
