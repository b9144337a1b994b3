"""Which fields a category's schema names: what an approver may be allowed to change. Pure.

Only what a schema says plainly: `properties` of objects, and references inside of the document.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

MOST_FIELDS: Final = 200
_DEEPEST: Final = 8
_SCALARS: Final = (str, int, float, bool)


@dataclass(frozen=True)
class SchemaField:
    """One field by its dotted path; `kind` is its JSON type, "" when the schema does not say."""

    path: str
    kind: str
    choices: tuple[Any, ...] = ()
    title: str = ""


def leaf_fields(schema: Mapping[str, Any]) -> tuple[SchemaField, ...]:
    """Return the fields that hold no further named fields, in the order of the schema."""
    found = []
    for each in _walk(schema, schema, "", 0):
        found.append(each)
        if len(found) == MOST_FIELDS:
            break
    return tuple(found)


def find_field(schema: Mapping[str, Any], path: str) -> SchemaField:
    """Return what the schema says of a path; a field of no kind when it says nothing."""
    here: Any = schema
    for segment in path.split("."):
        here = _properties(_resolved(schema, here)).get(segment)
    return _field(schema, here, path)


def _walk(root: Mapping[str, Any], schema: Any, prefix: str, depth: int) -> Iterator[SchemaField]:
    for name, below in _properties(_resolved(root, schema)).items():
        if "." in name or not name:
            continue  # a dotted path could not name it
        path = f"{prefix}{name}"
        if depth < _DEEPEST and _properties(_resolved(root, below)):
            yield from _walk(root, below, f"{path}.", depth + 1)
        else:
            yield _field(root, below, path)


def _field(root: Mapping[str, Any], schema: Any, path: str) -> SchemaField:
    schema = _resolved(root, schema)
    kind, choices = schema.get("type", ""), schema.get("enum", ())
    simple = isinstance(choices, list) and all(isinstance(each, _SCALARS) for each in choices)
    title = schema.get("title", "")
    return SchemaField(
        path,
        kind if isinstance(kind, str) else "",
        tuple(choices) if simple else (),
        title if isinstance(title, str) else "",
    )


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found = schema.get("properties")
    return found if isinstance(found, Mapping) else {}


def _resolved(root: Mapping[str, Any], schema: Any) -> Mapping[str, Any]:
    """Follow references inside of the document; a chain of them that is too long says nothing."""
    for _ in range(_DEEPEST):
        reference = schema.get("$ref") if isinstance(schema, Mapping) else None
        if not isinstance(reference, str) or not reference.startswith("#"):
            break
        schema = _at(root, reference[1:])
    return schema if isinstance(schema, Mapping) else {}


def _at(root: Any, pointer: str) -> Any:
    for segment in pointer.split("/")[1:]:
        name = segment.replace("~1", "/").replace("~0", "~")
        root = root.get(name) if isinstance(root, Mapping) else None
    return root
