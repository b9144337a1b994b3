"""Which JSON Schemas a category may have; `approvals.payload_check` checks payloads with them.

Draft 2020-12, offline, with a linear regular expression engine. References stay inside the
document and form no cycle, and the schema with every reference written out is bounded, so that
checking a payload always ends soon: a cycle would end the process, not the check.
"""

import json
from typing import Any, Final

import jsonschema_rs

from govapp.common.errors import FieldError, Invalid

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
MAX_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 24
MAX_EXPANDED: Final = 5_000  # schemas, with every reference written out
_PATTERN_BYTES: Final = 1_000_000
_REFUSED: Final = {"$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary"}

_NAMED: Final = {"properties", "patternProperties", "$defs", "dependentSchemas"}
_DATA: Final = {"enum", "const", "default", "examples"}


def require_usable_schema(schema: Any) -> None:
    """Accept a payload schema or raise `Invalid` that says where it is wrong and what to do."""
    if not isinstance(schema, dict):
        raise _fault("", "Write a JSON object; {} accepts every payload.")
    _check_shape(schema)
    if schema.get("$schema", DIALECT) != DIALECT:
        raise _fault("/$schema", f"Leave this out or write {DIALECT}.")
    _Expansion(schema).check()
    _compile(schema)


def _compile(schema: dict[str, Any]) -> None:
    try:
        jsonschema_rs.Draft202012Validator(
            schema,
            validate_formats=True,
            offline=True,
            pattern_options=jsonschema_rs.RegexOptions(size_limit=_PATTERN_BYTES),
        )
    except jsonschema_rs.ValidationError as error:
        raise _fault(_pointer(error.instance_path), f"{error.message}.") from error


def _check_shape(schema: dict[str, Any]) -> None:
    """Refuse what is too deep or too large, without recursion, before anything walks it."""
    stack: list[tuple[Any, int]] = [(schema, 1)]
    while stack:
        value, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise _fault("", f"The schema is nested deeper than {MAX_DEPTH}; use $defs.")
        items = value.values() if isinstance(value, dict) else value
        if isinstance(value, dict | list):
            stack.extend((item, depth + 1) for item in items)
    try:
        text = json.dumps(schema, allow_nan=False, ensure_ascii=False)
        size = len(text.encode())
    except (TypeError, ValueError) as error:
        raise _fault("", "The schema holds something that is not JSON.") from error
    if "\\u0000" in text:
        raise _fault("", "The schema holds a NUL character.")
    if size > MAX_BYTES:
        raise _fault("", f"The schema has {size} bytes; at most {MAX_BYTES} are accepted.")


class _Expansion:
    """The size of a schema with its references written out; cycles have none."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.root = schema
        self.sizes: dict[str, int] = {}
        self.open: set[str] = set()

    def check(self) -> None:
        if self._size(self.root, "") > MAX_EXPANDED:
            raise _fault("", f"With its references written out it has over {MAX_EXPANDED} parts.")

    def _size(self, value: Any, pointer: str) -> int:
        if isinstance(value, list):
            return sum(self._size(item, f"{pointer}/{n}") for n, item in enumerate(value))
        if not isinstance(value, dict):
            return 0
        size = 1
        for key, item in value.items():
            place = f"{pointer}/{_escaped(key)}"
            if key in _REFUSED and isinstance(item, str | dict):
                raise _fault(place, f"{key} is not supported here; use $ref with #/$defs/….")
            if key == "$ref" and isinstance(item, str):
                size += self._target_size(item, place)
            elif key in _NAMED and isinstance(item, dict):
                for name, named in item.items():
                    size += self._size(named, f"{place}/{_escaped(name)}")
            elif key not in _DATA:
                size += self._size(item, place)
        return min(size, MAX_EXPANDED + 1)

    def _target_size(self, reference: str, place: str) -> int:
        name = reference.removeprefix("#/$defs/")
        target = self.root.get("$defs", {})
        if name == reference or "/" in name or not isinstance(target, dict) or name not in target:
            raise _fault(place, "A reference names a schema of this document: #/$defs/<name>.")
        if name in self.open:
            raise _fault(place, f"{name} refers back to itself; write out the levels you need.")
        if name not in self.sizes:
            self.open.add(name)
            self.sizes[name] = self._size(target[name], f"/$defs/{_escaped(name)}")
            self.open.discard(name)
        return self.sizes[name]


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _pointer(path: list[str | int]) -> str:
    return "".join(f"/{_escaped(str(part))}" for part in path)


def _fault(pointer: str, detail: str) -> Invalid:
    return Invalid(
        "The payload schema cannot be used.",
        code="invalid_schema",
        errors=[FieldError(f"/payload_schema{pointer}", detail)],
    )
