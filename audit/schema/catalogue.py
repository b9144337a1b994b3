"""Every type of event that the record can hold."""

from collections.abc import Iterator, Mapping
from typing import Final

from audit.schema.event_type import EventType, read_fields
from audit.schema.tables import GROUPS

# What is asked for as a drill or a canary leaves the events of a request, under names of its own.
EXERCISES: Final = ("drill", "canary")


def _read() -> Iterator[EventType]:
    for group, (common, lines) in GROUPS.items():
        for line in lines.strip().replace("\n    ", " ").splitlines():
            name, words, fields = (part.strip() for part in line.split("|"))
            yield EventType(name, group, words, read_fields(f"{common} {fields}"))


EVENTS: Final[Mapping[str, EventType]] = {each.name: each for each in _read()}


def find_type(name: str) -> EventType:
    """Return a type; "drill.vote.cast" is a "vote.cast". Raises `KeyError` for no type of ours."""
    if name in EVENTS:
        return EVENTS[name]
    exercise, _, rest = name.partition(".")
    if exercise in EXERCISES:
        return EVENTS.get(f"action_request.{rest}") or EVENTS[rest]
    return EVENTS[name]
