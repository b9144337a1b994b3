"""Which events a figure counts: one object that tests an event and says the query in words.

The words are made from what is tested, so that a report cannot claim another query than it ran.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from audit.reports.figures import SAMPLES, Exceptional, Figure, Line
from audit.reports.reading import Read

Operator = Literal["=", "!=", "<", "is set", "has one of", "has none of"]
_OF_SEVERAL: Final = ("has one of", "has none of")
_NOTHING: Final[tuple[object, ...]] = (None, "", False, (), [], {})


@dataclass(frozen=True, slots=True)
class Where:
    """A condition on one field of an event's data, "a.b" for a field of a field.

    "has one of" also looks into lists: "a.b" is then the b of each a. "has none of" is its
    opposite, and so holds for what is missing.
    """

    field: str
    operator: Operator
    value: Any = None

    def holds(self, data: Mapping[str, Any]) -> bool:
        """Say whether it holds; what is missing is equal to nothing and below nothing."""
        if self.operator in _OF_SEVERAL:
            has_one = any(each in self.value for each in _values(data, self.field))
            return has_one == (self.operator == "has one of")
        found: Any = data
        for key in self.field.split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        if self.operator == "is set":
            return found not in _NOTHING
        if self.operator == "=":
            return bool(found == self.value)
        if self.operator == "!=":
            return found is not None and bool(found != self.value)
        return isinstance(found, int) and found < self.value

    @property
    def words(self) -> str:
        """The condition as the report prints it."""
        told = ", ".join(self.value) if self.operator in _OF_SEVERAL else self.value
        value = "" if self.operator == "is set" else f" {told}"
        return f"data.{self.field} {self.operator}{value}"


def _values(data: Mapping[str, Any], field: str) -> list[Any]:
    """Return what stands at a field, of each element where there is a list on the way."""
    found: list[Any] = [data]
    for key in field.split("."):
        rows = [each for one in found for each in (one if isinstance(one, list) else [one])]
        found = [row.get(key) for row in rows if isinstance(row, Mapping)]
    return [each for each in found if isinstance(each, str)]


@dataclass(frozen=True, slots=True)
class Match:
    """Events of whole types, or of types that begin so, whose data fulfil every condition."""

    types: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    where: tuple[Where, ...] = ()

    def holds(self, read: Read) -> bool:
        """Say whether an event is one of them."""
        if read.type not in self.types and not (self.heads and read.type.startswith(self.heads)):
            return False
        return all(condition.holds(read.data) for condition in self.where)

    @property
    def query(self) -> str:
        """The query in words."""
        kinds = [f"type = {kind}" for kind in self.types]
        kinds += [f"type begins {head}" for head in self.heads]
        conditions = "".join(f" and {condition.words}" for condition in self.where)
        words = " or ".join(kinds)
        return f"({words}){conditions}" if conditions and len(kinds) > 1 else words + conditions


def of(*types: str, where: tuple[Where, ...] = ()) -> Match:
    """Events of these types; one that ends with a dot stands for all that begin so."""
    return Match(
        types=tuple(kind for kind in types if not kind.endswith(".")),
        heads=tuple(kind for kind in types if kind.endswith(".")),
        where=where,
    )


@dataclass(slots=True)
class Tally:
    """One figure being counted, with the first of its events."""

    name: str
    match: Match
    meaning: str = ""
    most: int = SAMPLES
    count: int = 0
    lines: list[Line] | None = None

    def take(self, read: Read) -> None:
        """Count an event when it is one of them."""
        if not self.match.holds(read):
            return
        self.count += 1
        if self.lines is None:
            self.lines = []
        if len(self.lines) < self.most:
            self.lines.append(line_of(read))

    @property
    def figure(self) -> Figure:
        return Figure(self.name, f"{self.count:,}", self.match.query, self.count, self.count)

    @property
    def exceptional(self) -> Exceptional:
        return Exceptional(
            self.name, self.meaning, self.match.query, self.count, list(self.lines or ())
        )


def line_of(read: Read) -> Line:
    """Return what is printed of an event: when, what, and which it is."""
    return Line(read.row.occurred_at, read.row.summary, read.row.public_id)


class Counting:
    """Many tallies over one pass: each event is tested by those alone that may want its type."""

    def __init__(self, tallies: Iterable[Tally]) -> None:
        self.tallies = list(tallies)
        self._by_type: dict[str, list[Tally]] = {}

    def take(self, read: Read) -> None:
        """Offer an event to every tally that its type concerns."""
        wanted = self._by_type.get(read.type)
        if wanted is None:
            wanted = [
                tally
                for tally in self.tallies
                if read.type in tally.match.types
                or (tally.match.heads and read.type.startswith(tally.match.heads))
            ]
            self._by_type[read.type] = wanted
        for tally in wanted:
            tally.take(read)
