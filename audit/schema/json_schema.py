"""The catalogue as JSON Schema (draft 2020-12), for whoever reads events with a machine."""

from typing import Any, Final

from audit.schema.event_type import EventType, Field

_TYPES: Final = {
    "text": "string",
    "number": "integer",
    "flag": "boolean",
    "list": "array",
    "object": "object",
}
_CUT: Final = {
    "type": "object",
    "properties": {
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "bytes": {"type": "integer"},
        "cut": {"const": True},
        "items": {"type": "integer"},
    },
    "required": ["sha256", "bytes", "cut"],
    "additionalProperties": False,
}
_RUN: Final = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^run_[0-9a-z]{26}$"},
        "seq": {"type": "integer", "minimum": 1},
        "previous": {
            "anyOf": [
                {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
                {"type": "null"},
            ]
        },
    },
    "required": ["id", "seq", "previous"],
    "additionalProperties": False,
}
_PERSONAL: Final = {
    "type": "object",
    "patternProperties": {
        "^[1-9][0-9]*$": {
            "type": "object",
            "properties": {
                "of": {"type": "string"},
                "kind": {"enum": ["name", "words", "content"]},
                "hmac": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            },
            "required": ["of", "kind", "hmac"],
            "additionalProperties": False,
        }
    },
    "additionalProperties": False,
}


def schema_of(event: EventType) -> dict[str, Any]:
    """Return the schema of a whole event of a type, as its hashed bytes or as it is read."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": event.name,
        "description": event.words,
        "type": "object",
        "properties": {
            "v": {"const": 2},
            "id": _id("ev"),
            "tenant": _id("tn"),
            "type": {"type": "string"},
            "at": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"},
            "actor": _texts("kind", "id", "name"),
            "on_behalf_of": _texts("kind", "id", "name"),
            "delegation": {"type": "array", "minItems": 1, "items": _link()},
            "subject": _texts("type", "id", "label"),
            "summary": {"type": "string"},
            "request": _id("ar"),
            "run": _RUN,
            "correlation": {"type": "string"},
            "key": _id("key"),
            "personal": _PERSONAL,
            "data": {
                "type": "object",
                "properties": {each.name: _value(each) for each in event.fields},
                "required": sorted(each.name for each in event.fields if not each.is_optional),
                "additionalProperties": False,
            },
        },
        "required": ["v", "id", "tenant", "type", "at", "actor", "subject", "summary", "data"],
        "additionalProperties": False,
        "$defs": {"cut": _CUT},
    }


def _link() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"id": _id("dg"), "from": _texts("id", "name"), "to": _texts("id", "name")},
        "required": ["id", "from", "to"],
        "additionalProperties": False,
    }


def _value(field: Field) -> dict[str, Any]:
    if field.kind == "any":
        return {}
    legal: list[dict[str, Any]] = [{"type": _TYPES[field.kind]}]
    if field.is_nullable:
        legal.append({"type": "null"})
    if field.kind in {"text", "list", "object"}:
        legal.append({"$ref": "#/$defs/cut"})
    return legal[0] if len(legal) == 1 else {"anyOf": legal}


def _id(prefix: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{prefix}_[0-9a-z]{{26}}$"}


def _texts(*names: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names},
        "required": list(names),
        "additionalProperties": False,
    }
