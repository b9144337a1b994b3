"""Which fields a schema names."""

from typing import Any

from approvals.schema_fields import MOST_FIELDS, find_field, leaf_fields

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "amount": {"type": "number", "title": "Amount"},
        "urgent": {"type": "boolean"},
        "kind": {"enum": ["a", "b"]},
        "to": {"$ref": "#/$defs/account"},
        "lines": {"type": "array", "items": {"properties": {"x": {}}}},
        "a.b": {"type": "string"},
    },
    "$defs": {"account": {"type": "object", "properties": {"iban": {"type": "string"}}}},
}


def test_fields_in_the_order_of_the_schema() -> None:
    found = [(each.path, each.kind, each.choices) for each in leaf_fields(SCHEMA)]
    assert found == [
        ("amount", "number", ()),
        ("urgent", "boolean", ()),
        ("kind", "", ("a", "b")),
        ("to.iban", "string", ()),
        ("lines", "array", ()),
    ]


def test_one_field() -> None:
    assert find_field(SCHEMA, "amount").title == "Amount"
    assert find_field(SCHEMA, "to.iban").kind == "string"
    for unknown in ("nothing", "to.nothing", "amount.cents"):
        assert find_field(SCHEMA, unknown).kind == ""


def test_odd_schemas_name_nothing() -> None:
    odd: list[dict[str, Any]] = [{}, {"properties": []}, {"$ref": "#/nowhere"}, {"$ref": "#"}]
    for schema in odd:
        assert leaf_fields(schema) == ()


def test_there_is_an_end() -> None:
    deep: dict[str, Any] = {}
    for _ in range(30):
        deep = {"properties": {"a": deep}}
    assert [each.path.count(".") for each in leaf_fields(deep)] == [8]
    wide: dict[str, Any] = {"properties": {f"f{n}": {} for n in range(500)}}
    assert len(leaf_fields(wide)) == MOST_FIELDS
