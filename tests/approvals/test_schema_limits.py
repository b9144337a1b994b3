"""Payload schemas: what is accepted, and that checking always ends."""

from typing import Any

import pytest

from approvals.schema_limits import require_usable_schema
from govapp.common.errors import Invalid


def deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"not": schema}
    return schema


def doubling(levels: int) -> dict[str, Any]:
    """Each definition asks for the next one twice: 2^levels when written out."""
    definitions: dict[str, Any] = {
        f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(levels)
    }
    return {"$defs": {**definitions, f"d{levels}": {}}, "$ref": "#/$defs/d0"}


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        ([], ""),
        (True, ""),
        ({"type": "strin"}, "/type"),
        ({"properties": {"a/b": {"minLength": -1}}}, "/properties/a~1b/minLength"),
        ({"properties": {"a": {"pattern": "(?=a)"}}}, "/properties/a/pattern"),
        ({"pattern": "(a{1000}){1000}"}, "/pattern"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "/$schema"),
        ({"$ref": "https://example.com/schema"}, "/$ref"),
        ({"$ref": "file:///etc/passwd"}, "/$ref"),
        ({"$ref": "#"}, "/$ref"),
        ({"$ref": "#/$defs/a"}, "/$ref"),
        ({"$id": "https://example.com/", "type": "object"}, "/$id"),
        ({"$dynamicRef": "#a"}, "/$dynamicRef"),
        ({"$defs": {"a": {"$ref": "#/$defs/a"}}}, "/$defs/a/$ref"),
        (
            {"$defs": {"a": {"items": {"$ref": "#/$defs/b"}}, "b": {"$ref": "#/$defs/a"}}},
            "/$defs/a/items/$ref",
        ),
        (deep(30), ""),
        (doubling(20), ""),
        ({"description": "x" * 70_000}, ""),
        ({"const": float("nan")}, ""),
        ({"const": "\0"}, ""),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused_at_its_place(schema: Any, pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        require_usable_schema(schema)
    assert [error.pointer for error in refused.value.errors] == [f"/payload_schema{pointer}"]


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"},
        {"$defs": {"money": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/money"}}},
        {"properties": {"$id": {"type": "string"}, "ref": {"const": {"$ref": "#"}}}},
        doubling(4),
    ],
)
def test_an_ordinary_schema_is_accepted(schema: dict[str, Any]) -> None:
    require_usable_schema(schema)
