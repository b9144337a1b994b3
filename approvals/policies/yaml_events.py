"""Plain data from YAML events, without recursion, tags, anchors, aliases or duplicate keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Never

import yaml

from approvals.policies import limits
from approvals.policies.decimals import read_decimal, read_float
from approvals.policies.positions import Place, Position
from approvals.policies.problems import PolicyInvalid, Problem, pointer_to
from approvals.policies.shown import safe_text

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_FLOAT: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", re.ASCII)
_WORDS: Final[dict[str, object]] = {
    "": None,
    "~": None,
    "null": None,
    "true": True,
    "false": False,
}


@dataclass(slots=True)
class _Container:
    """An open mapping or list, and the key that waits for its value."""

    value: dict[str, object] | list[object]
    position: Position
    key: str | None = None
    key_place: Place | None = None

    def next_key(self) -> str | None:
        """Under which key the next value goes; None when the next scalar is a key itself."""
        return str(len(self.value)) if isinstance(self.value, list) else self.key


class YamlReader:
    """Reads one document; afterwards `position` knows where everything stood."""

    def __init__(self) -> None:
        self.position = Position()
        self._open: list[_Container] = []
        self._root: object = None
        self._documents = 0

    def read(self, text: str) -> object:
        """The document as plain data. Raises PolicyInvalid or yaml.YAMLError."""
        for event in yaml.parse(text, Loader=_LOADER):
            self._take(event)
        return self._root

    def _take(self, event: yaml.Event) -> None:
        mark = event.start_mark
        place = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._refuse("write one document only; remove what follows ---", place)
        elif isinstance(event, yaml.AliasEvent):
            self._refuse("aliases (*) are not allowed; write the value out", place)
        elif isinstance(event, yaml.ScalarEvent):
            self._check_node(event, place)
            self._scalar(event, place)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._check_node(event, place)
            self._begin({} if isinstance(event, yaml.MappingStartEvent) else [], place)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._open.pop()
            if self._open:
                self._open[-1].key = None

    def _check_node(self, event: yaml.NodeEvent, place: Place) -> None:
        if event.anchor is not None:
            self._refuse("anchors (&) are not allowed; write the value out where needed", place)
        if getattr(event, "tag", None) is not None:
            self._refuse("tags (!) are not allowed; remove it", place)

    def _refuse(self, message: str, place: Place) -> Never:
        """Stop at something that must not be in the text, naming the value that comes next."""
        pointer = ""
        for each in self._open:
            key = each.next_key()
            if isinstance(each.value, list) and each is not self._open[-1]:
                key = str(len(each.value) - 1)
            pointer = pointer if key is None else pointer_to(pointer, safe_text(key))
        raise PolicyInvalid([Problem(pointer, message, *place)])

    def _begin(self, value: dict[str, object] | list[object], place: Place) -> None:
        if len(self._open) >= limits.DOCUMENT_DEPTH:
            self._refuse(f"nest at most {limits.DOCUMENT_DEPTH} deep", place)
        if self._open and self._open[-1].next_key() is None:
            self._refuse("a key must be text; write the list or mapping as its value", place)
        self._open.append(_Container(value, self._add(value, place)))

    def _scalar(self, event: yaml.ScalarEvent, place: Place) -> None:
        top = self._open[-1] if self._open else None
        if top is None or top.next_key() is not None:
            self._add(resolve_plain(event.value) if event.implicit[0] else event.value, place)
            return
        top.key, top.key_place = event.value, place
        former = top.position.children.get(event.value)
        if former is not None and former.key is not None:
            key = safe_text(event.value)
            self._refuse(
                f"the key {key} is already on line {former.key[0]}; remove one of them", place
            )

    def _add(self, value: object, place: Place) -> Position:
        if not self._open:
            self._root = value
            self.position.value = place
            return self.position
        top = self._open[-1]
        key = str(top.next_key())
        position = Position(place, top.key_place)
        top.position.children[key] = position
        if isinstance(top.value, list):
            top.value.append(value)
        else:
            top.value[key] = value
        # The key of a list or mapping is kept until that ends, for the pointer in `_refuse`.
        if not isinstance(value, dict | list):
            top.key = None
        top.key_place = None
        return position


def resolve_plain(text: str) -> object:
    """A plain scalar by the core schema of YAML 1.2, as far as policies need it.

    "+5", "007" and "0x1f" stay text: they are more likely codes than numbers.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        number = read_decimal(text)
        return float("inf") if number is None else int(number)
    if _FLOAT.fullmatch(text) and not re.match("-?0[0-9]", text):
        return read_float(text)
    return text
