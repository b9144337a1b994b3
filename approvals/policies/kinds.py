"""What a field is: its kind of value, its words for people, and why it may have no value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from approvals.policies.facts import Facts

Need = Literal["run", "lineage", "history", "business_hours", "guardrails"]


class Kind(Enum):
    """What kind of value a field holds; `ANY` is known only when a payload arrives."""

    ANY = "anything"
    TEXT = "text"
    NUMBER = "a number"
    BOOLEAN = "true or false"
    LABELS = "labels"
    DATE = "a date"


class Missing(Enum):
    """Why a field has no value to compare."""

    ABSENT = "is missing"
    NOT_AN_OBJECT = "lies inside something that is not an object"
    TOO_MANY = "covers too many categories to count"


Reader = Callable[[Facts], object]


@dataclass(frozen=True)
class Field:
    """One field of the rule language.

    `words` is its name in sentences, and `plural` says whether they take "are". `description` is
    one sentence for the reference and the editor. `choices` lists the only values there can be,
    where that is known. `phrases` is how true and false read for a yes-or-no field. `need` names
    what has to be looked up before the field has a value, so that a submission reads the history
    only when a rule asks for it.
    """

    name: str
    kind: Kind
    words: str
    read: Reader
    description: str
    choices: tuple[str, ...] = ()
    phrases: tuple[str, str] | None = None
    need: Need | None = None
    plural: bool = False

    def missing_words(self, missing: Missing) -> str:
        """The field without a value, in words: "confidence is missing"."""
        said = missing.value.replace("is ", "are ", 1) if self.plural else missing.value
        return f"{self.words} {said}"


def or_absent(value: object) -> object:
    """The value, or the mark of a field that nobody filled in."""
    return Missing.ABSENT if value is None else value
