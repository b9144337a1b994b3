"""The document that is being written, put together from what a page sent.

The page carries the whole document as text (`source`) and, beside it, the inputs of the one part
that is open. So a policy of any size makes a small form, comments stay where they are, and the
form works without a script.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from approvals.policies import PolicyInvalid, Problem, parse_policy
from approvals.policies.editing import edit_source
from approvals.policies.form_shape import from_fields, to_fields
from approvals.policies.loading import read_document
from approvals.policies.yaml_events import resolve_plain
from approvals.policies.yaml_nodes import read_nodes
from approvals.policy_editor.conditions import tidy_rows
from approvals.policy_editor.inputs import Fields, one
from approvals.policy_editor.vocabulary import Vocabulary

OTHERWISE: Final = "otherwise"
_BARE: Final = re.compile(r"[a-z][a-z0-9_-]*", re.ASCII)
_KEY: Final = re.compile(r"(rules|flows)-(0|[1-9]\d{0,4})", re.ASCII)
_OTHERWISE_FIELDS: Final = ("default", "default-flow")
EMPTY_SOURCE: Final = "version: 1\ndefault: deny\nrules: []\n"
Document = dict[str, Any]


@dataclass
class EditorState:
    """What is on the page. `document` is None when the text cannot be read at all."""

    source: str
    document: Document | None
    unreadable: tuple[Problem, ...] = ()
    open: str = ""  # "rules-3", "flows-1", "otherwise", or nothing
    fields: Fields = field(default_factory=dict)
    is_text: bool = False  # the whole document is shown as text
    # what the document cannot hold, such as a second flow of one name: field name → sentence
    refused: dict[str, str] = field(default_factory=dict)
    focus: str = ""
    menu: str = ""  # the card whose menu stays open
    is_fresh: bool = False  # just added: nothing is wrong with it yet

    @property
    def rules(self) -> list[Any]:
        rules = (self.document or {}).get("rules")
        return rules if isinstance(rules, list) else []

    @property
    def flows(self) -> dict[str, Any]:
        flows = (self.document or {}).get("flows")
        return flows if isinstance(flows, dict) else {}

    def problems(self) -> tuple[Problem, ...]:
        """Return what keeps this from being a policy."""
        if self.document is None:
            return self.unreadable
        try:
            parse_policy(self.document)
        except PolicyInvalid as invalid:
            return invalid.problems
        return ()

    def replace_document(self, document: Document) -> None:
        """Change the document, and the text with it; comments stay."""
        if document != self.document:
            self.source = edit_source(self.source, document)
            self.document = document

    def open_part(self, key: str) -> None:
        """Open one part, shown as the document says it; anything else is closed."""
        self.open = key if self.has_part(key) else ""
        self.fields = fields_of(self.document or {}, self.open)

    def has_part(self, key: str) -> bool:
        """Return whether there is such a part to open."""
        if key == OTHERWISE:
            return True
        found = _KEY.fullmatch(key)
        parts: Sequence[Any] = self.rules if key.startswith("rules") else list(self.flows)
        return found is not None and int(found[2]) < len(parts)


def read_source(source: str) -> EditorState:
    """Return a page that shows this text, with nothing open."""
    text = source.replace("\r\n", "\n")
    try:
        document, _ = read_document(text)
    except PolicyInvalid as invalid:
        return EditorState(text, None, invalid.problems, is_text=True)
    if not isinstance(document, dict) or not isinstance(document.get("rules", []), list):
        problem = Problem("", "write version, default and rules here, as keys with values")
        return EditorState(text, None, (problem,), is_text=True)
    return EditorState(text, document)


def read_state(sent: Mapping[str, Sequence[str]], vocabulary: Vocabulary) -> EditorState:
    """Return the page that was sent: the text, with what stood in the inputs put into it."""
    state = read_source((list(sent.get("source", ())) or [""])[0])
    if state.document is None or one(sent, "view") == "text":
        state.is_text = True
        return state
    key = one(sent, "open")
    if not state.has_part(key):
        return state
    state.open = key
    names = _OTHERWISE_FIELDS if key == OTHERWISE else ()
    state.fields = {
        name: list(values)
        for name, values in sent.items()
        if name in names or name.startswith(f"{key}-")
    }
    tidy_rows(state.fields, key, vocabulary)
    _put_in(state)
    return state


def fields_of(document: Document, key: str) -> Fields:
    """Return the inputs of one part, filled with what the document says."""
    if not key:
        return {}
    every = to_fields(document)
    if key == OTHERWISE:
        return {name: every.get(name, "") for name in _OTHERWISE_FIELDS}
    return {name: value for name, value in every.items() if name.startswith(f"{key}-")}


def put_in(state: EditorState) -> None:
    """Put what stands in the inputs into the document, after a button changed them."""
    _put_in(state)


def _put_in(state: EditorState) -> None:
    document = dict(state.document or {})
    number = int(state.open.rpartition("-")[2]) if state.open != OTHERWISE else 0
    said, _ = from_fields(state.fields)
    before, _ = from_fields(fields_of(document, state.open))
    if said == before:
        return  # also where the text says the same in fewer words
    if state.open == OTHERWISE:
        document.pop("default_flow", None)
        document |= {key: said[key] for key in ("default", "default_flow") if key in said}
    elif state.open.startswith("rules"):
        rules = list(state.rules)
        said_rules = said["rules"]
        rules[number] = said_rules[0] if isinstance(said_rules, list) and said_rules else _stub()
        document["rules"] = rules
    else:
        _put_flow(state, document, number, said.get("flows"))
    state.replace_document(document)


def _stub() -> Document:
    """Return a rule in which nothing is filled in; it stays until somebody removes it."""
    return {"id": "", "when": {"category": []}, "then": "require_approval"}


def _put_flow(state: EditorState, document: Document, number: int, said: object) -> None:
    """Put one flow in its place; rules that name it follow when its name changes."""
    former = list(state.flows)[number]
    name, body = next(iter(said.items())) if isinstance(said, dict) and said else ("", None)
    body = body or {"stages": []}
    if not name or (name != former and name in state.flows):
        reason = "Give the flow a name" if not name else "Another flow has this name"
        state.refused[f"flows-{number}-name"] = f"{reason}; until then it stays {former}."
        name = former
    document["flows"] = {
        (name if each == former else each): (body if each == former else flow)
        for each, flow in state.flows.items()
    }
    if name != former:
        state.source = _renamed(state.source, former, name)
        document["rules"] = [
            each | {"flow": name} if isinstance(each, dict) and each.get("flow") == former else each
            for each in state.rules
        ]
        if document.get("default_flow") == former:
            document["default_flow"] = name


def _renamed(source: str, former: str, name: str) -> str:
    """Return the text with another name of a flow where it stands, so that it keeps its place."""
    root = read_nodes(source)
    flows = root.items[root.names().index("flows")]
    key = flows.keys[flows.names().index(former)]
    is_bare = source[key.start] not in "\"'" and _BARE.fullmatch(name)
    written = name if is_bare and resolve_plain(name) == name else json.dumps(name)
    return f"{source[: key.start]}{written}{source[key.end :]}"


def key_of(state: EditorState, pointer: str) -> str:
    """Return the part that a JSON pointer lies in; nothing for the document as a whole."""
    steps = [each.replace("~1", "/").replace("~0", "~") for each in pointer.split("/")[1:]]
    if not steps:
        return OTHERWISE if state.document and "default" in state.document else ""
    if steps[0].startswith("default"):
        return OTHERWISE
    if steps[0] == "rules" and len(steps) > 1 and steps[1].isdigit():
        return f"rules-{int(steps[1])}"
    if steps[0] == "flows" and len(steps) > 1 and steps[1] in state.flows:
        return f"flows-{list(state.flows).index(steps[1])}"
    return ""
