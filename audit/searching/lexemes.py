"""What stands in the index and what is asked of it, as PostgreSQL reads it (`tsvector`, `tsquery`).

A lexeme begins with its tenant's mark. After a colon follows a word, after an equals sign a value
that a filter names: so that every filter of the page goes through the one index.
"""

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from audit.searching.words import Asked

_LONGEST_VALUE: Final = 200


def mark_of(tenant_id: UUID) -> str:
    """Return what a tenant's lexemes begin with. Two may share one: rows carry their tenant."""
    return tenant_id.hex[-6:]


def lexemes(mark: str, words: Iterable[str], values: Mapping[str, str]) -> list[str]:
    """Return an event's lexemes, one line each."""
    found = [f"{mark}:{word}" for word in words]
    return found + [_value(mark, name, value) for name, value in values.items() if value]


def query(mark: str, asked: Asked, values: Mapping[str, str]) -> str:
    """Return a `tsquery` that asks for all of it; empty when nothing is asked.

    Every lexeme is quoted, so nothing that somebody typed is an operator.
    """
    parts = [f"{_quoted(f'{mark}:{word}')}:*" for word in asked.beginnings]
    parts += [_quoted(f"{mark}:{word}") for word in asked.whole]
    parts += [_quoted(_value(mark, name, value)) for name, value in values.items() if value]
    return " & ".join(parts)


def _value(mark: str, name: str, value: str) -> str:
    return f"{mark}={name}:{' '.join(value.split())[:_LONGEST_VALUE]}"


def _quoted(lexeme: str) -> str:
    doubled = lexeme.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"
