"""What the templates of most kinds print: tables whose every line names its events."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from audit.reports.figures import Exceptional, Line

MOST_ROWS: Final = 200
"""Rows printed of one table; what is more is attached (long tables are slow and unread)."""

Style = Literal["", "num", "word", "mono", "when", "evidence mono"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading, and how its cells are set."""

    title: str
    style: Style = ""


@dataclass(slots=True)
class Table:
    """A table with the query behind it. `empty` is said when it has no rows."""

    title: str
    query: str
    events: int
    columns: Sequence[Column]
    rows: Sequence[Sequence[object]]
    empty: str
    note: str = ""
    more: int = field(init=False)

    def __post_init__(self) -> None:
        self.more = max(0, len(self.rows) - MOST_ROWS)
        self.rows = self.rows[:MOST_ROWS]

    @property
    def cells(self) -> list[list[tuple[object, str]]]:
        """Each row's cells, with the style of their column."""
        return [
            [(cell, column.style) for cell, column in zip(row, self.columns, strict=True)]
            for row in self.rows
        ]


@dataclass(slots=True)
class Listing:
    """Sentences of the record under one heading, each with its event. Printed when there are any.

    `count` is of the sentences, `lines` the first of them.
    """

    title: str
    query: str
    events: int
    lines: list[Line]
    count: int
    note: str = ""

    @property
    def more(self) -> int:
        """How many are not printed."""
        return max(0, self.count - len(self.lines))


def listing_of(found: Exceptional) -> Listing:
    """Return an exception as a listing."""
    return Listing(found.title, found.query, found.count, found.cases, found.count, found.meaning)
