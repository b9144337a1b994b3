"""Lines, gaps and brackets of a text that is edited: what belongs to which part of it."""

from __future__ import annotations

from collections.abc import Sequence

from approvals.policies.editing_style import Style
from approvals.policies.yaml_nodes import Node

Splice = tuple[int, int, str]


class Entangled(Exception):
    """The layout does not let this part be changed alone; it is written anew as a whole."""


def apply_splices(text: str, splices: Sequence[Splice], start: int, end: int) -> str:
    """`text[start:end]` with the replacements that lie inside."""
    parts, place = [], start
    for begin, stop, new in sorted(splices, key=lambda each: each[:2]):
        parts += [text[place:begin], new]
        place = stop
    return "".join([*parts, text[place:end]])


class Layout:
    """Where the parts of a text stand, comments included, and what stands between them."""

    def __init__(self, text: str, style: Style) -> None:
        self.text = text
        self.style = style

    def line_start(self, place: int) -> int:
        """Where the line begins that holds a place."""
        return self.text.rfind("\n", 0, max(place, 0)) + 1

    def line_end(self, place: int) -> int:
        """Behind the line break of the line."""
        found = self.text.find("\n", place)
        return len(self.text) if found < 0 else found + 1

    def above(self, start: int) -> int:
        """Where the comment lines directly above a line begin."""
        own = start
        while own > 0:
            line = self.line_start(own - 1)
            if not self.text[line:own].strip().startswith("#"):
                break
            own = line
        return own

    def body_end(self, end: int, column: int) -> int:
        """Behind the line on which something ends, and the comments below that are part of it."""
        rest = self.text[end : self.line_end(end)].strip()
        if rest and not rest.startswith("#"):
            raise Entangled
        place = self.line_end(end)
        while place < len(self.text):
            line = self.text[place : self.line_end(place)]
            if not line.strip().startswith("#") or len(line) - len(line.lstrip()) <= column:
                break
            place = self.line_end(place)
        return place

    def indent(self, place: int) -> int | None:
        """The indentation of the line of something that begins its line; None for all else."""
        before = self.text[self.line_start(place) : place]
        return None if before.strip() or "\n" not in self.text else len(before)

    def dash(self, node: Node, index: int) -> int:
        """Where the line of an item's dash begins."""
        start = self.line_start(node.items[index].start)
        least = node.items[index - 1].end if index else self.line_start(node.start)
        while start >= least:
            dash = start + node.column
            if self.text[dash : dash + 1] == "-" and not self.text[start:dash].strip():
                return start
            start = self.line_start(start - 1) if start else -1
        raise Entangled

    def ended(self, body: str) -> str:
        """With a line break at the end, which the last line of a text may lack."""
        return body if body.endswith("\n") else body + self.style.newline

    def usual_gap(self, gaps: Sequence[str]) -> str:
        """A blank line when most items have one above them."""
        blank = sum(1 for gap in gaps if gap.startswith(("\r", "\n")))
        return self.style.newline if blank * 2 > len(gaps) else ""

    def keep_gaps_of_removed(self, gaps: list[str], found: Sequence[int | None]) -> str:
        """Comments between items stay when the item below goes; what is left comes last."""
        carried = ""
        kept = set(found)
        for index, gap in enumerate(gaps):
            if index in kept:
                gaps[index] = carried + (gap.lstrip("\r\n") if carried else gap)
                carried = ""
            elif gap.strip():
                carried += gap
        return carried

    def in_brackets(
        self,
        node: Node,
        spans: Sequence[tuple[int, int]],
        texts: Sequence[str],
        found: Sequence[int | None],
    ) -> Splice:
        """The items of a list or mapping in brackets, with the commas that stood between them.

        `spans` are the former items, `texts` the new ones, `found` says which is made from which.
        """
        gaps = [self.text[spans[i][1] : spans[i + 1][0]] for i in range(len(spans) - 1)]
        lead = self.text[node.start + 1 : spans[0][0]]
        usual = gaps[0] if gaps and "#" not in gaps[0] else f",{lead or ' '}"
        parts = [texts[0]]
        for text, at in zip(texts[1:], found[1:], strict=True):
            parts += [gaps[at - 1] if at else usual, text]
        return spans[0][0], spans[-1][1], "".join(parts)
