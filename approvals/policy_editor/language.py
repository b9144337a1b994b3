"""What a condition can look at, and how, as selects offer it: grouped, typed, in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

from approvals.policies.fields import PAYLOAD, RUN_COUNT, find_field
from approvals.policies.reference import (
    FieldEntry,
    OperatorEntry,
    describe_language,
    kind_name,
)
from approvals.policy_editor.inputs import Pair
from approvals.policy_editor.vocabulary import PayloadField, Vocabulary

_HEADINGS: Final = {
    "category": "The kind of action",
    "agent": "The agent",
    "delegation": "The agent",
    "run": "Earlier in the same run",
    "history": "What happened before",
    "time": "When it is asked",
}
_OTHERWISE: Final = "The request"
_PAYLOAD_HEADING: Final = "What is asked for"
_UNITS: Final = {
    "agent.age_days": "days",
    "delegation.depth": "agents",
    "confidence": "0 to 1",
    "estimated_cost.tokens": "tokens",
    "time.hour": "0 to 23",
    "history.amount_ratio": "times",
    "history.requests_last_hour": "requests",
    "history.requests_last_day": "requests",
    "run.actions": "actions",
}
# What an officer reaches for first; further operators of the kind follow in the table's order.
_FIRST: Final = {
    "number": ("gt", "gte", "lt", "lte", "between", "eq", "ne"),
    "text": ("eq", "ne", "in", "not_in", "starts_with", "ends_with", "contains", "matches"),
    "boolean": ("eq",),
    "labels": ("contains", "contains_any", "contains_all", "contains_none"),
    "date": ("before", "on_or_before", "after", "on_or_after", "between"),
}
_PRESENCE: Final = ("exists", "absent")
_WORDS: Final = {"exists": "is given", "absent": "is not given", "matches": "matches the pattern"}


@dataclass(frozen=True)
class Known:
    """One field that can be chosen. `kind` is text, number, boolean, labels, date or any."""

    name: str
    label: str
    kind: str
    description: str = ""
    choices: tuple[Pair, ...] = ()
    unit: str = ""


@cache
def _operators() -> dict[str, OperatorEntry]:
    return {each.name: each for each in describe_language().operators}


@cache
def _entries() -> dict[str, FieldEntry]:
    """Every field by name; those of the payload and of one category's count are patterns."""
    return {each.name: each for each in describe_language().fields}


def _legal(kind: str) -> tuple[str, ...]:
    """Return the operators that the language has for a kind of field, all of them for any."""
    for entry in _entries().values():
        if entry.kind == kind:
            return entry.operators
    return tuple(_operators())


def operators_for(known: Known, chosen: str = "") -> list[Pair]:
    """Return the operators that make sense for a field, in words; `chosen` is always kept."""
    every = _operators()
    legal = _legal(known.kind)
    names = [name for name in (*_FIRST.get(known.kind, ()), *_PRESENCE) if name in legal]
    if known.kind == "any":
        names = list(every)
    if chosen in every and chosen not in names:
        names.append(chosen)
    return [(name, _WORDS.get(name, every[name].words)) for name in names]


def is_legal(name: str, operator: str) -> bool:
    """Return whether the language lets this operator stand after this field."""
    field = find_field(name)
    return field is None or operator in _legal(kind_name(field.kind))


def takes(operator: str) -> str:
    """Return how many values an operator takes: none, one, list or pair."""
    every = _operators()
    return every[operator].takes if operator in every else "one"


def fields_for(vocabulary: Vocabulary, categories: Iterable[str]) -> list[tuple[str, list[Known]]]:
    """Return every field that a rule for these categories can look at, under headings."""
    wanted = tuple(categories)
    grouped: dict[str, list[Known]] = {
        _PAYLOAD_HEADING: [_payload(each) for each in vocabulary.fields_of(wanted)]
    }
    for entry in _entries().values():
        if "<" not in entry.name:
            heading = _HEADINGS.get(entry.name.partition(".")[0], _OTHERWISE)
            grouped.setdefault(heading, []).append(_fixed(entry.name, vocabulary))
    for category in vocabulary.categories:
        grouped[_HEADINGS["run"]].append(_fixed(f"{RUN_COUNT}{category.key}", vocabulary))
    return [(heading, fields) for heading, fields in grouped.items() if fields]


def lookup(name: str, offered: Iterable[tuple[str, list[Known]]], vocabulary: Vocabulary) -> Known:
    """Return the field of this name, also one that was written by hand."""
    for _, fields in offered:
        for known in fields:
            if known.name == name:
                return known
    return _fixed(name, vocabulary)


def _payload(field: PayloadField) -> Known:
    choices = tuple((each, each) for each in field.choices)
    return Known(f"{PAYLOAD}{field.path}", field.label, field.kind, choices=choices)


def _fixed(name: str, vocabulary: Vocabulary) -> Known:
    field = find_field(name)
    if field is None:
        return Known(name, name, "any")
    entry = _entries().get(name)
    unit = "actions" if name.startswith(RUN_COUNT) else _UNITS.get(name, "")
    return Known(
        name,
        field.words[:1].upper() + field.words[1:],
        kind_name(field.kind),
        field.description,
        tuple(_choices(entry, vocabulary)) if entry else (),
        unit,
    )


def _choices(entry: FieldEntry, vocabulary: Vocabulary) -> Iterable[Pair]:
    if entry.kind == "boolean":
        return ()
    if entry.choices:
        return ((each, each.capitalize()) for each in entry.choices)
    named: dict[str, Iterable[str]] = {
        "category.key": (each.key for each in vocabulary.categories),
        "run.categories": (each.key for each in vocabulary.categories),
        "environment": vocabulary.environments,
        "integration": vocabulary.integrations,
        "agent.labels": vocabulary.labels,
        "agent.name": vocabulary.agents,
    }
    if entry.name == "category.cost_class":
        return ((value, words) for value, words in vocabulary.cost_classes if value)
    return ((each, each) for each in named.get(entry.name, ()))
