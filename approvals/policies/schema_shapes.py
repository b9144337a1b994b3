"""What a category's JSON Schema lets one property of a payload be.

Only what is certain is said: keywords that restrict are taken together (`allOf`, a local `$ref`),
alternatives are joined (`anyOf`, `oneOf`), and what cannot be told counts as possible.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

import re2

from approvals.policies.decimals import read_decimal
from approvals.policies.operators import compile_pattern

Schema = Mapping[str, object]

_TYPES: Final = frozenset({"string", "number", "boolean", "array", "object", "null"})
_MOST_PARTS: Final = 4000
_DEEPEST: Final = 8
# A pattern is numeric when it refuses all of the first and takes one of the second.
_NO_NUMBERS: Final = ("", "a", "1a", "a1", "x.00", "1,000", " 1", "1 ", "1e5", "+1", "--1", "1.2.3")
_NUMBERS: Final = ("1", "0", "10", "100", "1.0", "1.5", "10.00", "-1", "-10.00", "1.000", "1000000")


class Absence(Enum):
    """Why a property can never have a value."""

    UNKNOWN = "unknown"
    NOT_AN_OBJECT = "not an object"


@dataclass(frozen=True)
class Shape:
    """What a property may be.

    `types` are JSON types, with integers among the numbers. `values` lists all there can be,
    where the schema does. `numeric_text` says whether its text is a number, None when that is
    unknown. `formats` are the formats its text must have, and `items` is the shape of a list's.
    """

    types: frozenset[str]
    values: tuple[object, ...] | None
    numeric_text: bool | None
    formats: frozenset[str]
    items: Shape | None


class _Root:
    """The whole schema, for local references, and how much of it may still be looked at."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.left = _MOST_PARTS


def find_shape(schema: Schema, path: Sequence[str]) -> Shape | Absence:
    """The shape of the property at `path` of a payload that fits `schema`.

    Alternatives within alternatives multiply, so only so many parts are looked at; what is left
    out restricts nothing.
    """
    root = _Root(schema)
    parts = list(_parts(root, [schema]))
    for name in path:
        if "object" not in _types(root, parts, 0):
            return Absence.NOT_AN_OBJECT
        inner: list[object] = []
        for part in parts:
            found = _property(part, name)
            if found is False:
                return Absence.UNKNOWN
            if isinstance(found, Mapping):
                inner.append(found)
        parts = list(_parts(root, inner))
    return _shape(root, parts, 0)


def known_properties(schema: Schema) -> tuple[str, ...]:
    """The names of the properties that the schema itself lists at its top."""
    properties = schema.get("properties")
    return tuple(properties) if isinstance(properties, Mapping) else ()


def _property(part: Schema, name: str) -> object:
    """The schema of a property in one part; False when it is forbidden, True when it is free."""
    properties = part.get("properties")
    if isinstance(properties, Mapping) and name in properties:
        return properties[name]
    if part.get("patternProperties"):
        return True
    return part.get("additionalProperties", True)


def _parts(root: _Root, schemas: Sequence[object]) -> Iterator[Schema]:
    """Every schema that holds together with these: `allOf` and local references, each once."""
    waiting = list(schemas)
    seen: set[int] = set()
    while waiting and root.left > 0:
        schema = waiting.pop()
        if not isinstance(schema, Mapping) or id(schema) in seen:
            continue
        seen.add(id(schema))
        root.left -= 1
        yield schema
        together = schema.get("allOf")
        waiting.extend(together if isinstance(together, list) else ())
        if isinstance(schema.get("$ref"), str):
            waiting.append(_resolve(root, str(schema["$ref"])))


def _resolve(root: _Root, reference: str) -> object:
    if not reference.startswith("#"):
        return None
    found: object = root.schema
    for name in reference[1:].split("/")[1:]:
        if not isinstance(found, Mapping):
            return None
        found = found.get(name.replace("~1", "/").replace("~0", "~"))
    return found


def _alternatives(part: Schema) -> Iterator[Sequence[object]]:
    for key in ("anyOf", "oneOf"):
        branches = part.get(key)
        if isinstance(branches, list) and branches:
            yield branches


def _shape(root: _Root, parts: Sequence[Schema], depth: int) -> Shape:
    types = _types(root, parts, depth)
    values = _values(root, parts, depth)
    formats = frozenset(str(part["format"]) for part in parts if "format" in part)
    items = [part["items"] for part in parts if isinstance(part.get("items"), Mapping)]
    inner = None
    if items and depth < _DEEPEST:
        inner = _shape(root, list(_parts(root, items)), depth + 1)
    if values is not None:
        values = tuple(value for value in values if _type_of(value) in types)
    numeric = _numeric_text(parts)
    if values and all(read_decimal(value) is not None for value in values):
        numeric = True
    return Shape(types, values, numeric, formats, inner)


def _types(root: _Root, parts: Sequence[Schema], depth: int) -> frozenset[str]:
    possible = _TYPES
    for part in parts:
        named = part.get("type")
        if isinstance(named, str):
            possible &= {"number" if named == "integer" else named}
        elif isinstance(named, list):
            possible &= {"number" if each == "integer" else str(each) for each in named}
        own = _own_values(part)
        if own is not None:
            possible &= {_type_of(each) for each in own}
        for branches in _alternatives(part) if depth < _DEEPEST else ():
            possible &= frozenset().union(
                *(_types(root, list(_parts(root, [each])), depth + 1) for each in branches)
            )
    return possible


def _own_values(part: Schema) -> list[object] | None:
    if "const" in part:
        return [part["const"]]
    listed = part.get("enum")
    return list(listed) if isinstance(listed, list) else None


def _values(root: _Root, parts: Sequence[Schema], depth: int) -> tuple[object, ...] | None:
    """All values there can be, or None where the schema does not list them."""
    result: list[object] | None = None
    for part in parts:
        lists = [_own_values(part)]
        for branches in _alternatives(part) if depth < _DEEPEST else ():
            lists.append(_joined(root, branches, depth + 1))
        for values in lists:
            if values is not None:
                keys = {_key(value) for value in values}
                result = values if result is None else [v for v in result if _key(v) in keys]
    return None if result is None else tuple(result)


def _joined(root: _Root, branches: Sequence[object], depth: int) -> list[object] | None:
    """The values of all alternatives, or None when one of them does not list its own."""
    joined: list[object] = []
    for branch in branches:
        values = _values(root, list(_parts(root, [branch])), depth)
        if values is None:
            return None
        joined.extend(values)
    return joined


def _key(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _type_of(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float):
        return "number"
    return "object" if isinstance(value, Mapping) else "array"


def _numeric_text(parts: Sequence[Schema]) -> bool | None:
    patterns = [part["pattern"] for part in parts if isinstance(part.get("pattern"), str)]
    if any(_is_numeric(str(pattern)) for pattern in patterns):
        return True
    undecided = any(True for part in parts for _ in _alternatives(part))
    return None if undecided else False


def _is_numeric(pattern: str) -> bool:
    try:
        search = compile_pattern(pattern).search
    except re2.error:
        return True  # Not known to this engine, so nothing is certain.
    return not any(map(search, _NO_NUMBERS)) and any(map(search, _NUMBERS))
