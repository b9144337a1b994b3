"""What the buttons of the editor do to the page. Each is a plain submit button."""

import re
from copy import deepcopy
from typing import Any, Final

from approvals.policies.form_shape import change_fields
from approvals.policy_editor.conditions import row_numbers
from approvals.policy_editor.inputs import one
from approvals.policy_editor.state import OTHERWISE, EditorState, put_in

_PART: Final = re.compile(r"(rules|flows)-(\d{1,5})-(up|down|duplicate|remove)", re.ASCII)
_GROUP: Final = re.compile(r"(rules-\d{1,5})-g-(\d{1,5})-(add|remove)", re.ASCII)
_NEW_GROUP: Final = re.compile(r"(rules-\d{1,5})-g-add", re.ASCII)
_ROW: Final = re.compile(r"(rules-\d{1,5})-c-add", re.ASCII)
_SEATS: Final = {"stages": [{"name": "Review", "seats": [], "deadline": "4h"}]}


def act(state: EditorState, action: str) -> None:
    """Do what one button asks for; anything unknown changes nothing."""
    kind, _, target = action.partition(":")
    if kind == "open":
        state.open_part(target)
        state.focus = f"edit-{target}" if not state.open else "first"
    elif kind == "close":
        state.focus, state.open, state.fields = f"edit-{state.open}", "", {}
    elif kind == "add" and target == "rules":
        _add_rule(state)
    elif kind == "add" and target == "flows":
        _add_flow(state)
    elif kind == "view":
        state.is_text = target == "text" or state.document is None
        state.open, state.fields = "", {}
    elif part := _PART.fullmatch(action):
        _act_on_part(state, part[1], int(part[2]), part[3])
    elif state.open and action.startswith(f"{state.open}-"):
        _act_inside(state, action)


def _add_rule(state: EditorState) -> None:
    flow = next(iter(state.flows), "")
    rule = {
        "id": _free("new-rule", {str(each.get("id")) for each in state.rules if _is(each)}),
        "when": {"category": []},
        "then": "require_approval" if flow else "deny",
    }
    if flow:
        rule["flow"] = flow
    _set_rules(state, [*state.rules, rule])
    state.open_part(f"rules-{len(state.rules) - 1}")
    state.focus, state.is_fresh = "first", True


def _add_flow(state: EditorState) -> None:
    name = _free("new-flow", set(state.flows))
    state.replace_document(
        (state.document or {}) | {"flows": {**state.flows, name: deepcopy(_SEATS)}}
    )
    state.open_part(f"flows-{len(state.flows) - 1}")
    state.fields = change_fields(state.fields, f"{state.open}-s-0-seat-add")
    state.focus, state.is_fresh = "first", True


def _act_on_part(state: EditorState, kind: str, number: int, how: str) -> None:
    parts = list(state.rules) if kind == "rules" else list(state.flows.items())
    if number >= len(parts) or (kind == "flows" and how in ("up", "down")):
        return
    target = number
    if how == "remove":
        parts.pop(number)
    elif how == "duplicate":
        target = number + 1
        parts.insert(target, _copy(state, parts[number]))
    else:
        target = min(max(number + (1 if how == "down" else -1), 0), len(parts) - 1)
        parts.insert(target, parts.pop(number))
    if kind == "rules":
        _set_rules(state, parts)
    else:
        state.replace_document((state.document or {}) | {"flows": dict(parts)})
    state.open, state.fields, state.focus = "", {}, _focus_after(kind, target, how, len(parts))
    if how in ("up", "down"):
        state.menu = f"{kind}-{target}"


def _focus_after(kind: str, target: int, how: str, left: int) -> str:
    if how == "remove":
        return f"edit-{kind}-{min(target, left - 1)}" if left else f"add-{kind}"
    return f"edit-{kind}-{target}" if how == "duplicate" else f"{kind}-{target}-{how}"


def _copy(state: EditorState, part: Any) -> Any:
    if isinstance(part, tuple):
        name, body = part
        return _free(f"{name}-copy", set(state.flows)), deepcopy(body)
    if not _is(part):
        return deepcopy(part)
    taken = {str(each.get("id")) for each in state.rules if _is(each)}
    return deepcopy(part) | {"id": _free(f"{part.get('id') or 'rule'}-copy", taken)}


def _act_inside(state: EditorState, action: str) -> None:
    """Add, remove or turn something inside the part that is open; blank rows stay there."""
    if state.open == OTHERWISE:
        return
    prefix = state.open
    if _NEW_GROUP.fullmatch(action):
        numbers = [one(state.fields, f"{prefix}-c-{n}-group") for n in _rows(state)]
        group = max((int(each) for each in numbers if each.isdigit()), default=0) + 1
        state.fields[f"{prefix}-g-{group}-join"] = "any"
        _add_row(state, str(group))
    elif found := _GROUP.fullmatch(action):
        if found[3] == "add":
            _add_row(state, found[2])
        else:
            for number in reversed(_rows(state)):
                if one(state.fields, f"{prefix}-c-{number}-group") == found[2]:
                    state.fields = change_fields(state.fields, f"{prefix}-c-{number}-remove")
    elif _ROW.fullmatch(action):
        _add_row(state, "")
    else:
        before = set(state.fields)
        state.fields = change_fields(state.fields, action)
        added = next((name for name in state.fields if name not in before), "")
        state.focus = f"f-{added}" if added and action.endswith("-add") else ""
        if action == f"{prefix}-as-text":
            state.fields[f"{prefix}-is-text"] = "1"
            state.focus = f"f-{prefix}-text"
        elif action == f"{prefix}-as-rows" and not one(state.fields, f"{prefix}-text").strip():
            state.fields.pop(f"{prefix}-is-text", None)
    put_in(state)


def _rows(state: EditorState) -> list[int]:
    return row_numbers(state.fields, state.open)


def _add_row(state: EditorState, group: str) -> None:
    state.fields = change_fields(state.fields, f"{state.open}-c-add")
    number = _rows(state)[-1]
    state.fields[f"{state.open}-c-{number}-group"] = group
    state.focus = f"f-{state.open}-c-{number}-field"


def _set_rules(state: EditorState, rules: list[Any]) -> None:
    state.replace_document((state.document or {}) | {"rules": rules})


def _is(rule: object) -> bool:
    return isinstance(rule, dict)


def _free(name: str, taken: set[str]) -> str:
    """Return the name, or the first of it with a number that nobody has."""
    if name not in taken:
        return name
    return next(f"{name}-{n}" for n in range(2, 10_000) if f"{name}-{n}" not in taken)
