"""The flat names of a form as a tree of named and numbered parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from approvals.policies.form_values import read_list, read_text

Fields = dict[str, str | list[str]]
AnyFields = Mapping[str, str | Sequence[str]]
_DEEPEST: Final = 8
_DIGITS: Final = 6


@dataclass(slots=True)
class Part:
    """What was sent under one name, and under the names that begin with it."""

    values: list[str] = field(default_factory=list)
    parts: dict[str, Part] = field(default_factory=dict)

    def at(self, path: str) -> Part:
        """The part below, empty when nothing was sent there."""
        part = self
        for step in path.split("-"):
            part = part.parts.get(step) or _NOTHING
        return part

    def raw(self, path: str) -> str:
        """What one input holds."""
        values = self.at(path).values
        return values[0] if values else ""

    def text(self, path: str) -> str:
        """What one input says."""
        return read_text(self.raw(path))

    def list(self, path: str) -> list[str]:
        """What the inputs of a list say."""
        return read_list(self.at(path).values)

    def numbered(self, path: str) -> Iterator[tuple[str, Part]]:
        """The parts with a number, in their order."""
        parts = self.at(path).parts
        numbers = [key for key in parts if is_number(key)]
        return ((key, parts[key]) for key in sorted(numbers, key=lambda key: (int(key), key)))


_NOTHING: Final = Part()


def is_number(text: str) -> bool:
    """Whether a step of a name counts items."""
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS


def read_names(fields: AnyFields) -> Part:
    """All fields by the steps of their names; deeper names than any of ours are left out."""
    root = Part()
    for name, value in fields.items():
        steps = name.split("-", _DEEPEST)
        if len(steps) > _DEEPEST:
            continue
        part = root
        for step in steps:
            part = part.parts.setdefault(step, Part())
        part.values = [value] if isinstance(value, str) else [str(each) for each in value]
    return root


def replace_part(fields: AnyFields, part: str, sent: AnyFields) -> Fields:
    """The fields with one numbered part, such as "rules-3", as it was sent; the rest as it was.

    Names in `sent` that do not belong to the part are not read.
    """
    start = f"{part}-"
    kept = {name: value for name, value in fields.items() if not name.startswith(start)}
    new = {name: value for name, value in sent.items() if name.startswith(start)}
    return {
        name: value if isinstance(value, str) else list(value)
        for name, value in {**kept, **new}.items()
    }
