"""The condition tree as rows with groups, which a form can show, or as one text.

A tree fits rows when no group holds another. Whatever does not fit is written in the text form,
so nothing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast

from approvals.policies import limits
from approvals.policies.checking import Checker, TooManyProblems
from approvals.policies.form_fields import Fields, Part
from approvals.policies.form_values import (
    read_value,
    split_list,
    write_text,
    write_value,
)
from approvals.policies.operator_table import BY_NAME
from approvals.policies.parsing_conditions import parse_conditions
from approvals.policies.problems import pointer_to
from approvals.policies.text_form import (
    ConditionTextInvalid,
    format_condition,
    parse_condition_text,
)

Tree = Mapping[str, object]
# How a group joins its children, and the children; a leaf is a group of one without a join.
Group = tuple[str, list[object]]
BRANCHES: Final = ("all", "any", "not")


def _branch(tree: object) -> str:
    """Which branch this node is; "" for a leaf."""
    if not isinstance(tree, Mapping):
        return ""
    return next((branch for branch in BRANCHES if branch in tree), "")


def _open(tree: object) -> Group:
    """A node as a join and its children; `not` over `any` of several reads as "none of"."""
    branch = _branch(tree)
    if not branch or not isinstance(tree, Mapping):
        return "", [tree]
    inner = tree[branch]
    if branch == "not":
        several = _branch(inner) == "any" and isinstance(inner, Mapping)
        children = inner["any"] if several else None
        if isinstance(children, list) and len(children) > 1:
            return branch, list(children)
        return branch, [inner]
    return branch, list(inner) if isinstance(inner, list) else []


def _close(join: str, children: Sequence[object]) -> object:
    """The node of a join and its children: what `_open` took apart."""
    if join == "not":
        return {"not": children[0] if len(children) == 1 else {"any": list(children)}}
    if join not in BRANCHES and len(children) == 1:
        return children[0]
    return {"any" if join == "any" else "all": list(children)}


def write_conditions(prefix: str, tree: object) -> Fields:
    """The fields of one rule's conditions: rows, or a text when rows cannot show them."""
    fields: Fields = {f"{prefix}-join": "", f"{prefix}-text": ""}
    if isinstance(tree, str):
        fields[f"{prefix}-text"] = tree
    elif isinstance(tree, Mapping):
        rows = _write_rows(prefix, tree)
        text = None if rows is not None else tree_as_text(tree)
        fields.update(rows or {})
        fields[f"{prefix}-text"] = text or ""
    return fields


def is_shown_as_text(tree: object) -> bool:
    """Whether the form shows these conditions in the text form."""
    return isinstance(tree, str) or (isinstance(tree, Mapping) and _write_rows("", tree) is None)


def _write_rows(prefix: str, tree: Tree) -> Fields | None:
    join, children = _open(tree)
    fields: Fields = {f"{prefix}-join": join}
    row = 0
    for number, child in enumerate(children, start=1):
        inner, leaves = _open(child)
        if not leaves or any(_branch(leaf) for leaf in leaves):
            return None
        if inner:
            fields[f"{prefix}-g-{number}-join"] = inner
        for leaf in leaves:
            group = str(number) if inner else ""
            fields.update(write_row(f"{prefix}-c-{row}", leaf, group))
            row += 1
    return fields if children else None


def _takes(op: str) -> str:
    operator = BY_NAME.get(op)
    return "one" if operator is None else operator.takes


def write_row(prefix: str, leaf: object, group: str = "") -> Fields:
    """The inputs of one comparison; whatever it lacks is empty."""
    data = leaf if isinstance(leaf, Mapping) else {}
    field, op = str(data.get("field") or ""), str(data.get("op") or "")
    value, last = data.get("value"), ""
    if _takes(op) == "pair" and isinstance(value, list) and len(value) == 2:
        shown, last = (write_value(each, field, op, in_list=True) for each in value)
    elif isinstance(value, list):
        shown = ", ".join(write_value(each, field, op, in_list=True) for each in value)
    else:
        shown = write_value(value, field, op)
    return {
        f"{prefix}-group": group,
        f"{prefix}-field": write_text(field) if field else "",
        f"{prefix}-op": op,
        f"{prefix}-value": shown,
        f"{prefix}-value2": last,
    }


def tree_as_text(tree: object) -> str | None:
    """The text form of a plain tree; None when the parser does not accept it."""
    checker = Checker()
    try:
        condition = parse_conditions(checker, tree, "")
    except TooManyProblems:
        return None
    return None if condition is None else format_condition(condition)


def read_conditions(rule: Part) -> tuple[object, bool]:
    """The tree of one rule (None without conditions), and whether rows and text were both given."""
    text = rule.raw("text").strip()
    rows = _read_rows(rule)
    if not text:
        return rows, False
    try:
        return parse_condition_text(text).to_dict(), rows is not None
    except ConditionTextInvalid:
        return text, rows is not None


def _read_rows(rule: Part) -> object:
    groups: dict[str, list[object]] = {}
    for number, row in rule.numbered("c"):
        leaf = _read_row(row)
        if leaf is None:
            continue
        group = row.text("group")
        groups.setdefault(f"g-{group}" if group else f"c-{number}", []).append(leaf)
    children = [
        _close(rule.raw(f"{key}-join") or "all", leaves) if key[0] == "g" else leaves[0]
        for key, leaves in groups.items()
    ]
    return _close(rule.raw("join"), children) if children else None


def _read_row(row: Part) -> dict[str, object] | None:
    field, op = row.text("field"), row.raw("op").strip()
    if not (field or row.raw("value").strip() or row.raw("value2").strip()):
        return None
    leaf: dict[str, object] = {"field": field, "op": op}
    takes = _takes(op)
    if takes == "none":
        return leaf
    value, last = row.at("value").values, row.raw("value2")
    if takes in {"list", "pair"}:
        pieces = split_list(value) + ([last] if takes == "pair" and last.strip() else [])
        leaf["value"] = [read_value(piece, field, op) for piece in pieces]
    else:
        # Kept when it is empty, so that the parser's words stand beside the input of the value.
        leaf["value"] = read_value(value[0] if value else "", field, op)
    return leaf


def leaf_pointers(tree: object, pointer: str = "", depth: int = 0) -> list[tuple[str, Tree]]:
    """Every comparison with its pointer inside the tree, in the order of the rows."""
    branch = _branch(tree)
    if not isinstance(tree, Mapping) or depth > limits.DOCUMENT_DEPTH:
        return []
    if not branch:
        return [(pointer, tree)]
    place, inner = pointer_to(pointer, branch), tree[branch]
    if branch == "not":
        return leaf_pointers(inner, place, depth + 1)
    children = cast("list[object]", inner) if isinstance(inner, list) else []
    return [
        found
        for index, child in enumerate(children)
        for found in leaf_pointers(child, pointer_to(place, index), depth + 1)
    ]
