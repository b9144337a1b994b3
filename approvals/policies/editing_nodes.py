"""Changing a document's text in place: only what changed is written anew.

Everything else, comments and blank lines included, is kept letter by letter. Comments directly
above an item or behind it belong to it and move and go with it; comments set off by a blank line
stay where they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from approvals.policies.editing_lines import Entangled, Layout, Splice, apply_splices
from approvals.policies.editing_lists import align, is_same
from approvals.policies.editing_style import Style
from approvals.policies.form_conditions import tree_as_text
from approvals.policies.yaml_nodes import Node

_BRANCHES: Final = frozenset({"all", "any"})


class Editor:
    """Finds the splices that turn the text of one document into that of another."""

    def __init__(self, text: str, style: Style) -> None:
        self.text = text
        self.style = style
        self.layout = Layout(text, style)

    def change(self, node: Node, old: object, new: object) -> list[Splice]:
        """The splices inside a node. Raises Entangled when it has to be replaced as a whole."""
        if is_same(old, new):
            return []
        if node.kind == "map" and isinstance(old, Mapping) and isinstance(new, Mapping):
            return self._change_map(node, old, new)
        if node.kind == "list" and isinstance(old, list) and isinstance(new, list):
            if len(node.items) != len(old) or not new or not old:
                raise Entangled
            found = align(old, new)
            if found == list(range(len(old))):
                return [
                    splice
                    for item, before, after in zip(node.items, old, new, strict=True)
                    for splice in self.change_item(item, before, after)
                ]
            return self._rebuild(node, old, new, found)
        raise Entangled

    def change_item(self, node: Node, old: object, new: object) -> list[Splice]:
        """As `change`, for an item of a list, which can be replaced where it stands."""
        try:
            return self.change(node, old, new)
        except Entangled:
            return [(node.start, node.end, self._item(new, node.column, like=node))]

    def _item(self, value: object, column: int, *, like: Node | None) -> str:
        if like is not None and like.is_flow:
            return self.style.flow(value, self.layout.indent(like.start))
        return self.style.block(value, column)

    # Mappings.

    def _change_map(
        self, node: Node, old: Mapping[str, object], new: Mapping[str, object]
    ) -> list[Splice]:
        names = node.names()
        if len(names) == len(new) == 1 and {names[0], *new} == _BRANCHES:
            (name,) = new
            key = node.keys[0]
            inner = self._change_entry(node, 0, old.get(names[0]), new[name])
            return [(key.start, key.end, self.style.flow(name)), *inner]
        if node.is_flow:
            return self._change_flow_map(node, old, new)
        if not any(name in new for name in names):
            raise Entangled
        splices: list[Splice] = []
        for index, name in enumerate(names):
            if name in new:
                splices += self._change_entry(node, index, old.get(name), new[name])
            elif name in old:
                splices.append(self._without_entry(node, index))
        before = next(name for name in names if name in new)
        for name, value in new.items():
            if name in names:
                before = name
            elif name not in old or not is_same(old[name], value):
                splices.append(self._with_entry(node, names.index(before), name, value))
        return splices

    def _change_entry(self, node: Node, index: int, old: object, new: object) -> list[Splice]:
        item = node.items[index]
        if (
            item.kind == "scalar"
            and node.keys[index].text == "conditions"
            and not is_same(old, new)
        ):
            text = new if isinstance(new, str) else tree_as_text(new)
            if text is not None and item.text.strip():
                return [(item.start, item.end, self.style.flow(text))]
        try:
            return self.change(item, old, new)
        except Entangled:
            return [self._replace_value(node, index, new)]

    def _replace_value(self, node: Node, index: int, value: object) -> Splice:
        key, item = node.keys[index], node.items[index]
        if item.kind == "scalar" and isinstance(value, list) and len(value) == 1:
            value = value[0] if isinstance(value[0], str) and key.text == "category" else value
        inline = not isinstance(value, list | Mapping) and item.is_flow
        if node.is_flow or (inline and item.start < item.end):
            return item.start, item.end, self.style.flow(value, self.layout.indent(key.start))
        entry = self.style.entry(
            key.text,
            value,
            key.column,
            flow=item.is_flow and item.kind != "scalar" and bool(item.items),
        )
        return key.start, item.end, entry

    def _without_entry(self, node: Node, index: int) -> Splice:
        start = self.layout.line_start(node.keys[index].start)
        if self.text[start : node.keys[index].start].strip():
            raise Entangled
        least = self._tail(node, index - 1) if index else 0
        return max(self.layout.above(start), least), self._tail(node, index), ""

    def _with_entry(self, node: Node, index: int, name: str, value: object) -> Splice:
        place, indent = self._tail(node, index), node.column
        entry = " " * indent + self.style.entry(name, value, indent)
        if place and self.text[place - 1] not in "\n":
            return place, place, self.style.newline + entry
        return place, place, entry + self.style.newline

    def _tail(self, node: Node, index: int) -> int:
        return self.layout.body_end(node.items[index].end, node.column)

    # Lists.

    def _rebuild(
        self, node: Node, old: Sequence[object], new: Sequence[object], found: Sequence[int | None]
    ) -> list[Splice]:
        if node.is_flow:
            texts = [
                self._changed_text(node, old, each, at) for each, at in zip(new, found, strict=True)
            ]
            return [
                self.layout.in_brackets(
                    node, [(item.start, item.end) for item in node.items], texts, found
                )
            ]
        return [self._rebuild_block(node, old, new, found)]

    def _changed_text(self, node: Node, old: Sequence[object], new: object, at: int | None) -> str:
        if at is None:
            return self._item(new, node.column, like=node.items[0] if node.items else node)
        item = node.items[at]
        return apply_splices(self.text, self.change_item(item, old[at], new), item.start, item.end)

    def _rebuild_block(
        self, node: Node, old: Sequence[object], new: Sequence[object], found: Sequence[int | None]
    ) -> Splice:
        starts = [self.layout.dash(node, index) for index in range(len(node.items))]
        ends = [self.layout.body_end(item.end, node.column) for item in node.items]
        owns = [
            max(self.layout.above(start), end)
            for start, end in zip(starts, [0, *ends], strict=False)
        ]
        gaps = ["", *(self.text[ends[i] : owns[i + 1]] for i in range(len(owns) - 1))]
        usual = self.layout.usual_gap(gaps[1:])
        last = self.layout.keep_gaps_of_removed(gaps, found)
        parts: list[str] = []
        for value, at in zip(new, found, strict=True):
            gap = usual if at is None or (at == 0 and not gaps[0]) else gaps[at]
            if at is None:
                item = self._item(value, node.column + 2, like=self._model(node))
                body = f"{' ' * node.column}- {item}"
            else:
                splices = self.change_item(node.items[at], old[at], value)
                body = apply_splices(self.text, splices, owns[at], ends[at])
            parts += [gap if parts else gap.lstrip("\r\n"), self.layout.ended(body)]
        return owns[0], ends[-1], "".join([*parts, last])

    def _model(self, node: Node) -> Node | None:
        """An item to write new ones like: in one line when all are."""
        return node.items[0] if all(item.is_flow for item in node.items) else None

    # Brackets.

    def _change_flow_map(
        self, node: Node, old: Mapping[str, object], new: Mapping[str, object]
    ) -> list[Splice]:
        names = node.names()
        wanted = [name for name in names if name in new or name not in old]
        wanted += [
            name
            for name, value in new.items()
            if name not in names and (name not in old or not is_same(old[name], value))
        ]
        if not wanted or not names:
            raise Entangled
        if wanted == names:
            return [
                splice
                for index, name in enumerate(names)
                if name in new
                for splice in self._change_entry(node, index, old.get(name), new[name])
            ]
        spans = [(key.start, item.end) for key, item in zip(node.keys, node.items, strict=True)]
        texts, found = [], list[int | None]()
        for name in wanted:
            at = names.index(name) if name in names else None
            found.append(at)
            if at is None:
                indent = self.layout.indent(node.keys[0].start)
                texts.append(f"{self.style.flow(name)}: {self.style.flow(new[name], indent)}")
            else:
                splices = (
                    self._change_entry(node, at, old.get(name), new[name]) if name in new else []
                )
                texts.append(apply_splices(self.text, splices, *spans[at]))
        return [self.layout.in_brackets(node, spans, texts, found)]
