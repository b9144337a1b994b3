"""New parts of a document, written as the rest of its text is written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import yaml

from approvals.policies.loading import PolicyDumper
from approvals.policies.yaml_nodes import Node

_WIDE: Final = 2**30
_INDENTED: Final = re.compile(r"\n( +)\S")


class _BlockDumper(PolicyDumper):
    """Keeps every text on one line, so that the lines can be moved to the right."""

    indents_lists = True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Lists further to the right than their key, or not, as in the rest of the text."""
        super().increase_indent(flow, indentless and not self.indents_lists)

    def represent_text(self, text: str) -> yaml.ScalarNode:
        """Line breaks and what cannot be seen as escapes."""
        if text.isprintable():
            return super().represent_text(text)
        return self.represent_scalar("tag:yaml.org,2002:str", text, style='"')


_BlockDumper.add_representer(str, _BlockDumper.represent_text)


class _FlatDumper(_BlockDumper):
    indents_lists = False


_FlatDumper.add_representer(str, _FlatDumper.represent_text)


@dataclass(frozen=True)
class Style:
    """How a text is laid out: JSON or YAML, its indentation, its line ends."""

    is_json: bool
    indents_lists: bool
    step: int
    newline: str

    def flow(self, value: object, indent: int | None = None) -> str:
        """A value in brackets, in one line; JSON in several when an indentation is given."""
        if self.is_json:
            spread = None if indent is None else self.step
            text = json.dumps(value, ensure_ascii=False, indent=spread)
            return self._moved(text, indent or 0)
        return self._yaml([value], flow=True)[1:-1]

    def block(self, value: object, indent: int) -> str:
        """A value over several lines, of which the first stands where it is put."""
        return self._moved(self._yaml(value, flow=False), indent)

    def entry(self, key: str, value: object, indent: int, *, flow: bool = False) -> str:
        """ "key: value" in a block, `indent` columns from the left."""
        if flow or not isinstance(value, list | Mapping) or not value or _is_plain_list(value):
            return f"{self.flow(key)}: {self.flow(value)}"
        return self.block({key: value}, indent)

    def _yaml(self, value: object, *, flow: bool) -> str:
        dumper = _BlockDumper if self.indents_lists else _FlatDumper
        text: str = yaml.dump(
            value,
            Dumper=dumper,
            sort_keys=False,
            allow_unicode=True,
            width=_WIDE,
            default_flow_style=flow,
        )
        return text.rstrip("\n")

    def _moved(self, text: str, indent: int) -> str:
        return text.replace("\n", self.newline + " " * indent)


def _is_plain_list(value: object) -> bool:
    """Names and durations, which fit one line."""
    return isinstance(value, list) and not any(isinstance(each, list | Mapping) for each in value)


def read_style(text: str, root: Node, *, is_json: bool) -> Style:
    """The style of a text, as its first lines show it."""
    step = _INDENTED.search(text)
    return Style(
        is_json=is_json,
        indents_lists=_first_indented(root) is not False,
        step=len(step[1]) if step else 2,
        newline="\r\n" if "\r\n" in text else "\n",
    )


def _first_indented(node: Node) -> bool | None:
    """Whether the first block list stands to the right of its key; None when there is none."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        for key, item in zip(node.keys, node.items, strict=False):
            if item.kind == "list" and not item.is_flow:
                return item.column > key.column
        waiting.extend(reversed(node.items))
    return None
