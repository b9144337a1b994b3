"""A policy's text changed so that it says another document, as a careful person would edit it.

What did not change keeps its letters: comments, order, quotes, blank lines, short forms such as
`category: payments.*` or conditions in the text form. The text is changed in place, by the
places of its parts, because no YAML library writes a document back as it read it. The result is
read again before it is returned, so it always says the document.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import yaml

from approvals.policies.editing_lines import apply_splices
from approvals.policies.editing_lists import is_same
from approvals.policies.editing_nodes import Editor
from approvals.policies.editing_style import Style, read_style
from approvals.policies.form_shape import from_fields, to_fields
from approvals.policies.loading import dump_document, read_document
from approvals.policies.parsing import parse_policy
from approvals.policies.problems import PolicyInvalid
from approvals.policies.yaml_nodes import read_nodes


def edit_source(source: str, document: Mapping[str, object]) -> str:
    """The source, YAML or JSON, changed so that it says `document`, finished or not.

    A blank source gives the document as YAML. Raises PolicyInvalid when the source cannot be
    read; only then is there nothing to keep, and `dump_document` writes the document anew.
    """
    if not source.strip():
        return dump_document(document)
    raw, _ = read_document(source)
    new = settle(document)
    if not isinstance(raw, Mapping):
        return dump_document(new)
    old = settle(raw)
    if is_same(old, new):
        return source
    is_json = _is_json(source)
    for former in (old, raw):
        changed = _changed(source, former, new, is_json=is_json)
        if changed is not None and _says(changed, new) and _is_json(changed) == is_json:
            return changed
    return _json_again(source, new) if is_json else dump_document(new)


def settle(document: Mapping[str, object]) -> Mapping[str, object]:
    """The normalised document; one with problems as a form would hold it, where one can."""
    try:
        return parse_policy(document).document
    except PolicyInvalid:
        shown, _ = from_fields(to_fields(document))
        again, _ = from_fields(to_fields(shown))
        return shown if is_same(again, shown) and _is_whole(document, shown) else document


def _is_whole(document: Mapping[str, object], shown: Mapping[str, object]) -> bool:
    """Whether the form shows every key of every part, whatever short forms were written out."""
    return _count(document) <= _count(shown)


def _count(value: object) -> int:
    if isinstance(value, Mapping):
        return sum(1 + _count(each) for each in value.values())
    return sum(map(_count, value)) if isinstance(value, list) else 0


def _changed(
    source: str, old: Mapping[str, object], new: Mapping[str, object], *, is_json: bool
) -> str | None:
    try:
        root = read_nodes(source)
    except yaml.YAMLError:
        # JSON whose texts hold escapes that are not YAML's.
        return None
    style = read_style(source, root, is_json=is_json)
    splices = Editor(source, style).change_item(root, old, new)
    return apply_splices(source, splices, 0, len(source))


def _says(text: str, document: Mapping[str, object]) -> bool:
    try:
        raw, _ = read_document(text)
    except PolicyInvalid:
        return False
    return isinstance(raw, Mapping) and is_same(settle(raw), document)


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (json.JSONDecodeError, RecursionError):
        return False


def _json_again(source: str, document: Mapping[str, object]) -> str:
    style = Style(is_json=True, indents_lists=True, step=2, newline="\n")
    return style.flow(document, 0 if "\n" in source.strip() else None)
