"""One type of event, and how its line in the catalogue is read."""

from dataclasses import dataclass
from typing import Final

KINDS: Final = frozenset({"text", "number", "flag", "list", "object", "any"})


@dataclass(frozen=True)
class Field:
    """One value of an event's data."""

    name: str
    kind: str
    is_nullable: bool = False
    is_optional: bool = False


@dataclass(frozen=True)
class EventType:
    """One type: what it is called, what it says in words, and what its data holds."""

    name: str
    group: str
    words: str
    fields: tuple[Field, ...]


def read_fields(text: str) -> tuple[Field, ...]:
    """Read "reason rights:list note? cost:object?~": kind, `?` for null, `~` for not always."""
    return tuple(map(_field, text.split()))


def _field(text: str) -> Field:
    name, _, kind = text.partition(":")
    marks = kind or name
    is_optional, is_nullable = "~" in marks, "?" in marks
    plain = (kind or "text").strip("?~")
    if plain not in KINDS:
        raise ValueError(f"No kind of field: {text}")
    return Field(name.strip("?~"), plain, is_nullable, is_optional)
