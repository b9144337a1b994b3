"""Which input of the form a problem's pointer means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from approvals.policies.form_conditions import is_shown_as_text, leaf_pointers
from approvals.policies.form_flows import as_items, as_mapping

_RULE: Final = {
    "id": "id",
    "then": "then",
    "flow": "flow",
    "separation_of_duties": "separation",
    "note": "note",
}
_OBLIGATIONS: Final = {
    "step_up": "step-up",
    "login": "login",
    "delay": "delay",
    "attach_note": "attach-note",
    "notify": "notify",
}
_WHEN: Final = {"category": "when-category", "environment": "when-environment"}
_STAGE: Final = {
    "name": "name",
    "deadline": "deadline",
    "reminders": "reminders",
    "counting": "counting",
}
_ESCALATION: Final = {"add": "add", "repeat": "every", "hand_over": "hand-over"}


def field_for(pointer: str, document: Mapping[str, object]) -> str:
    """The name of the input in `to_fields(document)` that a problem's pointer means.

    The nearest one around it, when it means no single input; "" for the document as a whole.
    """
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    top, inner = (parts[0], parts[1:]) if parts else ("", [])
    if top == "default":
        return "default"
    if top == "default_flow":
        return "default-flow"
    if top == "rules" and inner and inner[0].isdigit():
        rules = as_items(document.get("rules"))
        index = int(inner[0][:6])
        rule = rules[index] if index < len(rules) else {}
        return f"rules-{index}-{_in_rule(inner[1:], as_mapping(rule))}"
    if top == "flows" and inner:
        flows = as_mapping(document.get("flows"))
        names = [str(name) for name in flows]
        if inner[0] in names:
            index = names.index(inner[0])
            return f"flows-{index}-{_in_flow(inner[1:])}"
    return ""


def _in_rule(parts: Sequence[str], rule: Mapping[str, object]) -> str:
    if not parts:
        return "id"
    below = parts[1] if len(parts) > 1 else ""
    if parts[0] == "obligations":
        return _OBLIGATIONS.get(below, "delay")
    if parts[0] != "when":
        return _RULE.get(parts[0], "id")
    if below == "agent":
        return "when-tiers" if parts[2:3] == ["tiers"] else "when-labels"
    if below == "conditions":
        return _in_conditions(parts[2:], as_mapping(rule.get("when")).get("conditions"))
    return _WHEN.get(below, "when-category")


def _in_conditions(parts: Sequence[str], tree: object) -> str:
    if is_shown_as_text(tree):
        return "text"
    wanted = "".join(f"/{part}" for part in parts)
    for row, (leaf, data) in enumerate(leaf_pointers(tree)):
        if wanted == leaf or wanted.startswith(f"{leaf}/"):
            inner = wanted.removeprefix(leaf).split("/")[1:]
            name = inner[0] if inner and inner[0] in {"field", "op", "value"} else "field"
            is_last = data.get("op") == "between" and inner[1:] == ["1"]
            return f"c-{row}-{name}{'2' if name == 'value' and is_last else ''}"
        if leaf.startswith(f"{wanted}/"):
            return f"c-{row}-field"
    return "c-0-field"


def _in_flow(parts: Sequence[str]) -> str:
    if len(parts) < 2 or parts[0] != "stages":
        return "name"
    stage, inner = f"s-{parts[1]}", parts[2:]
    below = inner[0] if inner else "name"
    index = inner[1] if len(inner) > 1 else "0"
    last = inner[2] if len(inner) > 2 else ""
    if below == "seats":
        return f"{stage}-seat-{index}-{last if last in {'count', 'groups', 'but'} else 'who'}"
    if below == "escalations":
        name = "times" if inner[2:] == ["repeat", "times"] else _ESCALATION.get(last, "after")
        return f"{stage}-esc-{index}-{name}"
    return f"{stage}-{_STAGE.get(below, 'name')}"
