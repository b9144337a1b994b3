"""Finding the field that a condition names: fixed ones, payload paths, and counts of a run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from approvals.policies import limits
from approvals.policies.facts import Facts
from approvals.policies.field_table import FIXED, WEEKDAYS
from approvals.policies.kinds import Field, Kind, Missing, Reader, or_absent

__all__ = ["FIXED_NAMES", "PAYLOAD", "RUN_COUNT", "WEEKDAYS", "Field", "Kind", "Missing"]
__all__ += ["Reader", "find_field"]

PAYLOAD: Final = "payload."
RUN_COUNT: Final = "run.count."
CATEGORY_PATTERN: Final = re.compile(
    r"\*|[a-z0-9][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)*(\.\*)?", re.ASCII
)
FIXED_NAMES: Final = tuple(FIXED)
_SEGMENT: Final = re.compile(r"[^\s.\x00-\x1f\x7f]{1,64}")


def find_field(name: str) -> Field | None:
    """The field of that name, or None when there is none.

    Any `payload.` path is a field, and so is `run.count.` with a category or pattern.
    """
    fixed = FIXED.get(name)
    if fixed is not None or len(name) > limits.FIELD_CHARACTERS:
        return fixed
    if name.startswith(PAYLOAD):
        return _payload_field(name)
    return _count_field(name) if name.startswith(RUN_COUNT) else None


def _payload_field(name: str) -> Field | None:
    path = name.removeprefix(PAYLOAD)
    segments = tuple(path.split("."))
    well_formed = all(_SEGMENT.fullmatch(segment) for segment in segments)
    if not well_formed or len(segments) > limits.FIELD_SEGMENTS:
        return None
    words = path.replace("_", " ")
    description = "A field of the request's payload, as the category's schema defines it."
    return Field(name, Kind.ANY, words, _payload_reader(segments), description)


def _payload_reader(segments: tuple[str, ...]) -> Reader:
    """Walks objects by name, as many steps as the path has, whatever the payload's depth."""
    if len(segments) == 1:
        key = segments[0]
        return lambda facts: or_absent(facts.payload.get(key))

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


def _count_field(name: str) -> Field | None:
    pattern = name.removeprefix(RUN_COUNT)
    if len(pattern) > limits.NAME_CHARACTERS or not CATEGORY_PATTERN.fullmatch(pattern):
        return None
    return Field(
        name,
        Kind.NUMBER,
        f"number of earlier {pattern} actions in this run",
        _count_reader(pattern),
        "How many actions of this category, or of all that fit a pattern such as payments.*, the "
        "agent asked for earlier in the same run, refused ones left out; missing when it names "
        "no run.",
        need="run",
    )


def _count_reader(pattern: str) -> Reader:
    """Patterns fit as in `when.category`: "payments.*" fits what starts with "payments."."""
    prefix = pattern.removesuffix("*")

    def read_one(facts: Facts) -> object:
        counts = facts.run_counts
        return Missing.ABSENT if counts is None else counts.get(pattern, 0)

    def read_all(facts: Facts) -> object:
        counts = facts.run_counts
        if counts is None:
            return Missing.ABSENT
        if len(counts) > limits.LIST_ITEMS:
            return Missing.TOO_MANY
        return sum(count for key, count in counts.items() if key.startswith(prefix))

    return read_all if pattern.endswith("*") else read_one
