"""The fields that a condition can look at: their names, types, words, and how each is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from approvals.policies import limits
from approvals.policies.facts import Facts


class Kind(Enum):
    """What kind of value a field holds; `ANY` is known only when a payload arrives."""

    ANY = "anything"
    TEXT = "text"
    NUMBER = "a number"
    BOOLEAN = "true or false"
    LABELS = "labels"


class Missing(Enum):
    """Why a field has no value to compare."""

    ABSENT = "is missing"
    NOT_AN_OBJECT = "lies inside something that is not an object"


Reader = Callable[[Facts], object]
WEEKDAYS: Final = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
PAYLOAD: Final = "payload."
_SEGMENT: Final = re.compile(r"[^\s.\x00-\x1f\x7f]{1,64}")


@dataclass(frozen=True)
class Field:
    """One field: its name in the document, its kind, and its name in sentences."""

    name: str
    kind: Kind
    words: str
    read: Reader


def _or_absent(value: object) -> object:
    return Missing.ABSENT if value is None else value


def _cost(key: str) -> Reader:
    def read(facts: Facts) -> object:
        return _or_absent((facts.estimated_cost or {}).get(key))

    return read


_FIXED: Final[dict[str, Field]] = {
    field.name: field
    for field in (
        Field("category.key", Kind.TEXT, "category", lambda facts: facts.category),
        Field("category.risk", Kind.TEXT, "category risk", lambda facts: facts.category_risk),
        Field(
            "category.reversible",
            Kind.BOOLEAN,
            "category reversible",
            lambda facts: facts.category_reversible,
        ),
        Field("agent.name", Kind.TEXT, "agent name", lambda facts: facts.agent_name),
        Field("agent.labels", Kind.LABELS, "agent labels", lambda facts: facts.agent_labels),
        Field("agent.tier", Kind.TEXT, "agent tier", lambda facts: facts.agent_tier),
        Field(
            "agent.age_days", Kind.NUMBER, "agent age in days", lambda facts: facts.agent_age_days
        ),
        Field("environment", Kind.TEXT, "environment", lambda facts: facts.environment),
        Field("confidence", Kind.NUMBER, "confidence", lambda facts: _or_absent(facts.confidence)),
        Field("estimated_cost.amount", Kind.NUMBER, "estimated cost", _cost("amount")),
        Field("estimated_cost.currency", Kind.TEXT, "estimated cost currency", _cost("currency")),
        Field("estimated_cost.tokens", Kind.NUMBER, "estimated tokens", _cost("tokens")),
        Field(
            "on_behalf_of", Kind.TEXT, "on behalf of", lambda facts: _or_absent(facts.on_behalf_of)
        ),
        Field("time.hour", Kind.NUMBER, "hour", lambda facts: facts.local_time.hour),
        Field(
            "time.weekday",
            Kind.TEXT,
            "weekday",
            lambda facts: WEEKDAYS[facts.local_time.weekday()],
        ),
    )
}
FIXED_NAMES: Final = tuple(_FIXED)


def find_field(name: str) -> Field | None:
    """The field of that name, or None when there is none. Any `payload.` path is a field."""
    fixed = _FIXED.get(name)
    if fixed is not None or not name.startswith(PAYLOAD) or len(name) > limits.FIELD_CHARACTERS:
        return fixed
    path = name.removeprefix(PAYLOAD)
    segments = tuple(path.split("."))
    well_formed = all(_SEGMENT.fullmatch(segment) for segment in segments)
    if not well_formed or len(segments) > limits.FIELD_SEGMENTS:
        return None
    words = path.replace("_", " ")
    return Field(name, Kind.ANY, words, _payload_reader(segments))


def _payload_reader(segments: tuple[str, ...]) -> Reader:
    """Walks objects by name, as many steps as the path has, whatever the payload's depth."""
    if len(segments) == 1:
        key = segments[0]
        return lambda facts: _or_absent(facts.payload.get(key))

    def read(facts: Facts) -> object:
        value: object = facts.payload
        for segment in segments:
            if not isinstance(value, Mapping):
                return Missing.NOT_AN_OBJECT
            value = value.get(segment)
            if value is None:
                return Missing.ABSENT
        return value

    return read
