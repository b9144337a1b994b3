"""Pieces that several templates are put together from: flows, rules, payload schemas."""

from __future__ import annotations

from typing import Any

AMOUNT = {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,2})?$"}
CURRENCY = {"type": "string", "pattern": "^[A-Z]{3}$"}
TEXT = {"type": "string", "minLength": 1, "maxLength": 4000}
LONG_TEXT = {"type": "string", "minLength": 1, "maxLength": 20_000}
NAME = {"type": "string", "minLength": 1, "maxLength": 200}


def object_of(required: list[str], **properties: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of an object with these fields and no others."""
    return {
        "type": "object",
        "required": required,
        "additionalProperties": False,
        "properties": properties,
    }


def flow_of(
    *groups: str, deadline: str, name: str = "Review", each: int = 1, then: list[Any] | None = None
) -> dict[str, Any]:
    """Return a flow of one stage with `each` seats of every group; compliance is added late."""
    seats = [{"group": group, "count": each} for group in dict.fromkeys(groups)]
    stage = {"name": name, "seats": seats, "deadline": deadline}
    return {"stages": [stage, *(then or [])]}


def rule(
    ident: str, category: str | list[str], then: str, *, flow: str = "", **more: Any
) -> dict[str, Any]:
    """Return a rule; `when` among `more` adds to its category."""
    when = {"category": category, **more.pop("when", {})}
    made: dict[str, Any] = {"id": ident, "when": when, "then": then}
    if flow:
        made["flow"] = flow
    return made | more


def compare(field: str, op: str, value: Any = None) -> dict[str, Any]:
    """Return a comparison."""
    made = {"field": field, "op": op}
    return made if value is None else made | {"value": value}
