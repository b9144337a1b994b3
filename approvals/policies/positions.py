"""Where in the text each part of a document stands."""

from __future__ import annotations

from dataclasses import dataclass, field

from approvals.policies.checking import Finding

Place = tuple[int, int]


@dataclass(slots=True)
class Position:
    """Line and column, from 1, of a value and of its key, and the positions inside it.

    A tree, not a table by pointer: long keys around many items would make such a table huge.
    """

    value: Place | None = None
    key: Place | None = None
    children: dict[str, Position] = field(default_factory=dict)

    def locate(self, finding: Finding) -> tuple[int | None, int | None]:
        """The place of a finding, or of the nearest part around it that is in the text."""
        position = self
        for part in finding.pointer.split("/")[1:]:
            child = position.children.get(part.replace("~1", "/").replace("~0", "~"))
            if child is None:
                return position.value or (None, None)
            position = child
        if finding.at_key and position.key is not None:
            return position.key
        return position.value or (None, None)
