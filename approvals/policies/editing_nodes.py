"""Changing a document's text in place: only what changed is written anew.

Everything else, comments and blank lines included, is kept letter by letter. Comments directly
above an item or behind it belong to it and move and go with it; comments set off by a blank line
stay where they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from approvals.policies.editing_lists import align, is_same
from approvals.policies.editing_style import Style
from approvals.policies.form_conditions import tree_as_text
from approvals.policies.yaml_nodes import Node

Splice = tuple[int, int, str]
_BRANCHES: Final = frozenset({"all", "any"})


class _Entangled(Exception):
    """The layout does not let this part be changed alone; it is written anew as a whole."""


def apply_splices(text: str, splices: Sequence[Splice], start: int, end: int) -> str:
    """`text[start:end]` with the replacements that lie inside."""
    parts, place = [], start
    for begin, stop, new in sorted(splices, key=lambda each: each[:2]):
        parts += [text[place:begin], new]
        place = stop
    return "".join([*parts, text[place:end]])


class Editor:
    """Finds the splices that turn the text of one document into that of another."""

    def __init__(self, text: str, style: Style) -> None:
        self.text = text
        self.style = style

    def change(self, node: Node, old: object, new: object) -> list[Splice]:
        """The splices inside a node. Raises _Entangled when it has to be replaced as a whole."""
        if is_same(old, new):
            return []
        if node.kind == "map" and isinstance(old, Mapping) and isinstance(new, Mapping):
            return self._change_map(node, old, new)
        if node.kind == "list" and isinstance(old, list) and isinstance(new, list):
            if len(node.items) != len(old) or not new or not old:
                raise _Entangled
            found = align(old, new)
            if found == list(range(len(old))):
                return [
                    splice
                    for item, before, after in zip(node.items, old, new, strict=True)
                    for splice in self.change_item(item, before, after)
                ]
            return self._rebuild(node, old, new, found)
        raise _Entangled

    def change_item(self, node: Node, old: object, new: object) -> list[Splice]:
        """As `change`, for an item of a list, which can be replaced where it stands."""
        try:
            return self.change(node, old, new)
        except _Entangled:
            return [(node.start, node.end, self._item(new, node.column, like=node))]

    def _item(self, value: object, column: int, *, like: Node | None) -> str:
        if like is not None and like.is_flow:
            return self.style.flow(value, self._indent(like.start))
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
            raise _Entangled
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
        except _Entangled:
            return [self._replace_value(node, index, new)]

    def _replace_value(self, node: Node, index: int, value: object) -> Splice:
        key, item = node.keys[index], node.items[index]
        if item.kind == "scalar" and isinstance(value, list) and len(value) == 1:
            value = value[0] if isinstance(value[0], str) and key.text == "category" else value
        inline = not isinstance(value, list | Mapping) and item.is_flow
        if node.is_flow or (inline and item.start < item.end):
            return item.start, item.end, self.style.flow(value, self._indent(key.start))
        entry = self.style.entry(
            key.text,
            value,
            key.column,
            flow=item.is_flow and item.kind != "scalar" and bool(item.items),
        )
        return key.start, item.end, entry

    def _without_entry(self, node: Node, index: int) -> Splice:
        start = self._line_start(node.keys[index].start)
        if self.text[start : node.keys[index].start].strip():
            raise _Entangled
        least = self._tail(node, index - 1) if index else 0
        return max(self._above(start), least), self._tail(node, index), ""

    def _with_entry(self, node: Node, index: int, name: str, value: object) -> Splice:
        place, indent = self._tail(node, index), node.column
        entry = " " * indent + self.style.entry(name, value, indent)
        if place and self.text[place - 1] not in "\n":
            return place, place, self.style.newline + entry
        return place, place, entry + self.style.newline

    def _tail(self, node: Node, index: int) -> int:
        return self._body_end(node.items[index].end, node.column)

    # Lists.

    def _rebuild(
        self, node: Node, old: Sequence[object], new: Sequence[object], found: Sequence[int | None]
    ) -> list[Splice]:
        if node.is_flow:
            texts = [
                self._changed_text(node, old, each, at) for each, at in zip(new, found, strict=True)
            ]
            return [
                self._in_brackets(
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
        starts = [self._dash(node, index) for index in range(len(node.items))]
        ends = [self._body_end(item.end, node.column) for item in node.items]
        owns = [
            max(self._above(start), end) for start, end in zip(starts, [0, *ends], strict=False)
        ]
        gaps = ["", *(self.text[ends[i] : owns[i + 1]] for i in range(len(owns) - 1))]
        usual = self._usual_gap(gaps[1:])
        last = self._keep_gaps_of_removed(gaps, found)
        parts: list[str] = []
        for value, at in zip(new, found, strict=True):
            gap = usual if at is None or (at == 0 and not gaps[0]) else gaps[at]
            if at is None:
                item = self._item(value, node.column + 2, like=self._model(node))
                body = f"{' ' * node.column}- {item}"
            else:
                splices = self.change_item(node.items[at], old[at], value)
                body = apply_splices(self.text, splices, owns[at], ends[at])
            parts += [gap if parts else gap.lstrip("\r\n"), self._ended(body)]
        return owns[0], ends[-1], "".join([*parts, last])

    def _model(self, node: Node) -> Node | None:
        """An item to write new ones like: in one line when all are."""
        return node.items[0] if all(item.is_flow for item in node.items) else None

    def _ended(self, body: str) -> str:
        return body if body.endswith("\n") else body + self.style.newline

    def _usual_gap(self, gaps: Sequence[str]) -> str:
        blank = sum(1 for gap in gaps if not gap.strip() and gap)
        return self.style.newline if blank * 2 > len(gaps) else ""

    def _keep_gaps_of_removed(self, gaps: list[str], found: Sequence[int | None]) -> str:
        """Comments between items stay when the item below goes; what is left comes last."""
        carried = ""
        kept = set(found)
        for index, gap in enumerate(gaps):
            if index in kept:
                gaps[index] = carried + gap
                carried = ""
            elif gap.strip():
                carried += gap
        return carried

    def _dash(self, node: Node, index: int) -> int:
        """Where the line of an item's dash begins."""
        start = self._line_start(node.items[index].start)
        least = node.items[index - 1].end if index else self._line_start(node.start)
        while start >= least:
            dash = start + node.column
            if self.text[dash : dash + 1] == "-" and not self.text[start:dash].strip():
                return start
            start = self._line_start(start - 1) if start else -1
        raise _Entangled

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
            raise _Entangled
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
                indent = self._indent(node.keys[0].start)
                texts.append(f"{self.style.flow(name)}: {self.style.flow(new[name], indent)}")
            else:
                splices = (
                    self._change_entry(node, at, old.get(name), new[name]) if name in new else []
                )
                texts.append(apply_splices(self.text, splices, *spans[at]))
        return [self._in_brackets(node, spans, texts, found)]

    def _in_brackets(
        self,
        node: Node,
        spans: Sequence[tuple[int, int]],
        texts: Sequence[str],
        found: Sequence[int | None],
    ) -> Splice:
        gaps = [self.text[spans[i][1] : spans[i + 1][0]] for i in range(len(spans) - 1)]
        lead = self.text[node.start + 1 : spans[0][0]]
        usual = gaps[0] if gaps and "#" not in gaps[0] else f",{lead or ' '}"
        parts = [texts[0]]
        for text, at in zip(texts[1:], found[1:], strict=True):
            parts += [gaps[at - 1] if at else usual, text]
        return spans[0][0], spans[-1][1], "".join(parts)

    def _indent(self, place: int) -> int | None:
        """The indentation of the line of something that begins its line; None for all else."""
        before = self.text[self._line_start(place) : place]
        return None if before.strip() or "\n" not in self.text else len(before)

    # Lines.

    def _line_start(self, place: int) -> int:
        return self.text.rfind("\n", 0, max(place, 0)) + 1

    def _line_end(self, place: int) -> int:
        """Behind the line break of the line."""
        found = self.text.find("\n", place)
        return len(self.text) if found < 0 else found + 1

    def _above(self, start: int) -> int:
        """Where the comment lines directly above a line begin."""
        own = start
        while own > 0:
            line = self._line_start(own - 1)
            if not self.text[line:own].strip().startswith("#"):
                break
            own = line
        return own

    def _body_end(self, end: int, column: int) -> int:
        """Behind the line on which something ends, and the comments below that are part of it."""
        rest = self.text[end : self._line_end(end)].strip()
        if rest and not rest.startswith("#"):
            raise _Entangled
        place = self._line_end(end)
        while place < len(self.text):
            line = self.text[place : self._line_end(place)]
            if not line.strip().startswith("#") or len(line) - len(line.lstrip()) <= column:
                break
            place = self._line_end(place)
        return place
