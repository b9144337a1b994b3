"""The parts of a YAML (or JSON) text and where each begins and ends, for editing it in place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, cast

import yaml

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Node:
    """A scalar, mapping or list: `text[start:end]`, without comments after it.

    A block list starts at its first dash. `keys` pairs with `items` in mappings.
    """

    kind: str
    start: int
    end: int
    column: int
    is_flow: bool
    items: list[Node] = field(default_factory=list)
    keys: list[Node] = field(default_factory=list)
    text: str = ""

    def names(self) -> list[str]:
        """The keys of a mapping, in their order."""
        return [key.text for key in self.keys]


def read_nodes(text: str) -> Node:
    """The root of a text that the strict reader has accepted."""
    root: list[Node] = []
    stack: list[Node] = []
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.ScalarEvent):
            node = _node(event, "scalar", is_flow=event.style not in {"|", ">"})
            node.text = event.value
            if not node.is_flow:
                # A block scalar ends with the lines below it.
                while text[node.end - 1].isspace():
                    node.end -= 1
            _add(root, stack, node)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            kind = "map" if isinstance(event, yaml.MappingStartEvent) else "list"
            node = _node(event, kind, is_flow=bool(event.flow_style))
            _add(root, stack, node)
            stack.append(node)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            node = stack.pop()
            node.end = _marks(event)[1].index if node.is_flow else _last(node).end
    return root[0]


def _last(node: Node) -> Node:
    return node.items[-1] if node.items else node


def _marks(event: yaml.Event) -> tuple[yaml.Mark, yaml.Mark]:
    return cast("tuple[yaml.Mark, yaml.Mark]", (event.start_mark, event.end_mark))


def _node(event: yaml.NodeEvent, kind: str, *, is_flow: bool) -> Node:
    start, end = _marks(event)
    return Node(kind, start.index, end.index, start.column, is_flow)


def _add(root: list[Node], stack: list[Node], node: Node) -> None:
    if not stack:
        root.append(node)
        return
    parent = stack[-1]
    expects_key = parent.kind == "map" and len(parent.keys) == len(parent.items)
    (parent.keys if expects_key else parent.items).append(node)
