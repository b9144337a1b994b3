"""Pieces that several templates are put together from: flows, rules, payload schemas."""

from __future__ import annotations

from collections import Counter
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


def flow_of(*groups: str, deadline: str, name: str) -> dict[str, Any]:
    """Return a flow of one stage. A group that is named twice gives two people."""
    seats = [{"group": group, "count": count} for group, count in Counter(groups).items()]
    return {"stages": [{"name": name, "seats": seats, "deadline": deadline}]}


def rule(
    ident: str,
    category: str | list[str],
    then: str,
    *,
    flow: str = "",
    given: dict[str, Any] | None = None,
    when: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return a rule with the condition `given`; `when` adds environments or agents."""
    when = {"category": category, **(when or {})}
    if given is not None:
        when["conditions"] = given
    made: dict[str, Any] = {"id": ident, "when": when, "then": then}
    if flow:
        made["flow"] = flow
    return made | more


def compare(field: str, op: str, value: Any = None) -> dict[str, Any]:
    """Return a comparison."""
    made = {"field": field, "op": op}
    return made if value is None else made | {"value": value}


def both(*conditions: dict[str, Any]) -> dict[str, Any]:
    """Return what holds when all of these hold."""
    return {"all": list(conditions)}


def either(*conditions: dict[str, Any]) -> dict[str, Any]:
    """Return what holds when any of these holds."""
    return {"any": list(conditions)}
