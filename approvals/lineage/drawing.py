"""A run as a drawing: each step in the column after everything that it used."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_WIDTH: Final = 172
_HEIGHT: Final = 54
_ACROSS: Final = 56
_DOWN: Final = 22
_EDGE: Final = 12


@dataclass(frozen=True)
class Box:
    """Where a step stands, in points from the upper left."""

    name: str
    x: int
    y: int
    width: int = _WIDTH
    height: int = _HEIGHT

    @property
    def text_x(self) -> int:
        """Where its words begin."""
        return self.x + _EDGE

    @property
    def first_line(self) -> int:
        """The baseline of its first line."""
        return self.y + 22

    @property
    def second_line(self) -> int:
        """The baseline of its second line."""
        return self.y + 41


@dataclass(frozen=True)
class Line:
    """One edge, as the `d` of a path."""

    source: str
    target: str
    path: str


@dataclass(frozen=True)
class Drawing:
    """Boxes and lines, and how large all of it is."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def draw(steps: Sequence[tuple[str, Sequence[str]]]) -> Drawing:
    """Return the drawing of steps with the names of what they used, in their order.

    What a step uses stands before it in `steps`; other names are left out.
    """
    columns: dict[str, int] = {}
    boxes: dict[str, Box] = {}
    filled: dict[int, int] = {}
    lines = []
    for name, inputs in steps:
        known = [each for each in inputs if each in boxes]
        column = max((columns[each] + 1 for each in known), default=0)
        row = filled.get(column, 0)
        filled[column], columns[name] = row + 1, column
        boxes[name] = Box(
            name, _EDGE + column * (_WIDTH + _ACROSS), _EDGE + row * (_HEIGHT + _DOWN)
        )
        lines += [Line(each, name, _curve(boxes[each], boxes[name])) for each in known]
    return Drawing(
        width=max((box.x + box.width for box in boxes.values()), default=0) + _EDGE,
        height=max((box.y + box.height for box in boxes.values()), default=0) + _EDGE,
        boxes=tuple(boxes.values()),
        lines=tuple(lines),
    )


def _curve(source: Box, target: Box) -> str:
    start, begin = source.x + source.width, source.y + source.height // 2
    end, finish = target.x, target.y + target.height // 2
    middle = (start + end) // 2
    return f"M{start} {begin} C{middle} {begin} {middle} {finish} {end} {finish}"
