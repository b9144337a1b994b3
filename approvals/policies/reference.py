"""The rule language as data for the editor, and as the page docs/policy-language.md.

Both are made from the tables that the parser and the engine use, so they cannot lag behind.
`python -m approvals.policies.reference` prints the page.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from approvals.policies import limits
from approvals.policies.durations import duration_in_words
from approvals.policies.field_table import FIXED
from approvals.policies.kinds import Field, Kind
from approvals.policies.operator_table import BY_KIND, BY_NAME, Operator, Takes
from approvals.policies.reference_text import (
    DOCUMENT,
    KEYS,
    MISSING,
    OBLIGATIONS,
    OUTCOMES,
    SEATS,
    SEATS_TITLE,
    STAGE_KEYS,
    TITLE,
)


@dataclass(frozen=True)
class FieldEntry:
    """A field that a condition can look at. `choices` is empty where any value can occur."""

    name: str
    kind: str
    words: str
    description: str
    operators: tuple[str, ...]
    choices: tuple[str, ...]


@dataclass(frozen=True)
class OperatorEntry:
    """An operator: its words in a form, its symbol in the text form, and what it takes."""

    name: str
    words: str
    symbol: str
    takes: Takes


@dataclass(frozen=True)
class TermEntry:
    """An outcome, an obligation or a limit with its explanation."""

    name: str
    description: str


@dataclass(frozen=True)
class Language:
    """The whole rule language. `fields` holds patterns for what is dynamic: `payload.<name>`."""

    fields: tuple[FieldEntry, ...]
    operators: tuple[OperatorEntry, ...]
    outcomes: tuple[TermEntry, ...]
    obligations: tuple[TermEntry, ...]
    limits: tuple[TermEntry, ...]


@cache
def describe_language() -> Language:
    """The rule language for the editor and the page in the application."""
    payload = FieldEntry(
        "payload.<name>",
        kind_name(Kind.ANY),
        "the payload's field of that name",
        "A field of the request's payload, as the category's schema defines it; parts of an "
        "object are named with dots, such as payload.to.iban.",
        _operators_for(Kind.ANY),
        (),
    )
    count = FieldEntry(
        "run.count.<category>",
        kind_name(Kind.NUMBER),
        "number of earlier actions of that category in this run",
        "How many actions of this category, or of all that fit a pattern such as payments.*, "
        "the agent asked for earlier in the same run, refused ones left out; missing when it "
        "names no run.",
        _operators_for(Kind.NUMBER),
        (),
    )
    return Language(
        fields=(payload, *map(_field_entry, FIXED.values()), count),
        operators=tuple(map(_operator_entry, BY_NAME.values())),
        outcomes=tuple(TermEntry(*each) for each in OUTCOMES),
        obligations=tuple(TermEntry(*each) for each in OBLIGATIONS),
        limits=_limits(),
    )


def kind_name(kind: Kind) -> str:
    """The kind in one lower-case word, for machines: any, text, number, boolean, labels, date."""
    return kind.name.lower()


def _operators_for(kind: Kind) -> tuple[str, ...]:
    return tuple(name for name in BY_NAME if name in BY_KIND[kind])


def _field_entry(field: Field) -> FieldEntry:
    choices = ("true", "false") if field.kind is Kind.BOOLEAN else field.choices
    return FieldEntry(
        field.name,
        kind_name(field.kind),
        field.words,
        field.description,
        _operators_for(field.kind),
        choices,
    )


def _operator_entry(operator: Operator) -> OperatorEntry:
    return OperatorEntry(operator.name, operator.words, operator.symbol, operator.takes)


def _limits() -> tuple[TermEntry, ...]:
    figures = (
        ("Document", f"{limits.DOCUMENT_BYTES // 1024} KiB"),
        ("Rules", f"{limits.RULES}"),
        ("Flows", f"{limits.FLOWS}, each of {limits.STAGES} stages at most"),
        (
            "Conditions of one rule",
            f"{limits.CONDITION_NODES}, nested {limits.CONDITION_DEPTH} deep",
        ),
        ("Values in one list", f"{limits.VALUES_IN_LIST}"),
        ("Text to compare with", f"{limits.VALUE_CHARACTERS} characters"),
        ("Pattern for matches", f"{limits.PATTERN_CHARACTERS} characters, RE2 syntax"),
        (
            "Numbers in a payload",
            f"plain decimals of at most {limits.NUMBER_CHARACTERS} characters",
        ),
        ("Lists in a payload", f"{limits.LIST_ITEMS} items; a longer one cannot be searched"),
        (
            "Text in a payload",
            (
                f"{limits.TEXT_CHARACTERS} characters for contains and "
                f"{limits.MATCHED_CHARACTERS} for matches; a longer one cannot be searched"
            ),
        ),
        ("Longest deadline", duration_in_words(limits.LONGEST_DEADLINE)),
        ("Reminders of one stage", f"{limits.REMINDERS}"),
        (
            "Escalations of one stage",
            f"{limits.ESCALATIONS}, each repeated {limits.REPETITIONS} times",
        ),
        ("Longest delay", duration_in_words(limits.LONGEST_DELAY)),
        ("Attached note", f"{limits.ATTACHED_NOTE_CHARACTERS} characters"),
    )
    return tuple(TermEntry(*each) for each in figures)


def write_reference() -> str:
    """The page docs/policy-language.md, in Markdown."""
    language = describe_language()
    fields = [
        (
            f"`{each.name}`",
            each.kind,
            each.description + (f" One of: {', '.join(each.choices)}." if each.choices else ""),
        )
        for each in language.fields
    ]
    operators = [
        (f"`{each.name}`", f"`{each.symbol}`", each.words, _TAKES[each.takes], _kinds_with(each))
        for each in language.operators
    ]
    sections = (
        TITLE,
        DOCUMENT,
        SEATS_TITLE.strip() + "\n\n" + _table(("seat", "meaning"), _coded(SEATS)),
        "## Keys of a rule\n\n" + _table(("key", "meaning"), _coded(KEYS)),
        "## Keys of a stage\n\n" + _table(("key", "meaning"), _coded(STAGE_KEYS)),
        "## Outcomes\n\n" + _table(("then", "meaning"), _terms(language.outcomes)),
        "## Obligations\n\n" + _table(("key", "meaning"), _terms(language.obligations)),
        "## Fields\n\n" + _table(("field", "kind", "meaning"), fields),
        "## Operators\n\n"
        + _table(("in the document", "in the text form", "reads", "takes", "for"), operators),
        MISSING,
        "## Limits\n\n"
        + _table(("what", "at most"), [(each.name, each.description) for each in language.limits]),
    )
    return "\n\n".join(section.strip() for section in sections) + "\n"


_TAKES: Final[dict[Takes, str]] = {
    "none": "nothing",
    "one": "one value",
    "list": "a list of values",
    "pair": "the lower and the upper bound, both included",
}


def _kinds_with(operator: OperatorEntry) -> str:
    return ", ".join(kind_name(kind) for kind in Kind if operator.name in BY_KIND[kind])


def _coded(pairs: tuple[tuple[str, str], ...]) -> list[tuple[str, ...]]:
    return [(f"`{name}`", description) for name, description in pairs]


def _terms(entries: tuple[TermEntry, ...]) -> list[tuple[str, ...]]:
    return _coded(tuple((each.name, each.description) for each in entries))


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in lines
    )


if __name__ == "__main__":
    sys.stdout.write(write_reference())
