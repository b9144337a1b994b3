"""What was gathered to be written, and the one statement that writes all of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.expressions import DatabaseDefault
from django.db.models.sql import UpdateQuery
from msgspec import Struct

_Statement = tuple[str, list[Any]]


@dataclass
class Insert:
    """A new row; `values` by column, as they were when it was written."""

    row: Model
    values: dict[str, Any]
    skips_conflicts: bool


@dataclass
class Update:
    """Some columns of a row that is there, as they were when it was written."""

    row: Model
    values: dict[str, Any]


@dataclass
class Change:
    """Some columns of all rows of a queryset."""

    rows: QuerySet[Any]
    values: dict[str, Any]


class Lines(Struct, frozen=True):
    """New rows as values the driver takes, without models: for what every request writes.

    Columns that are left out have their default of the database.
    """

    table: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    skips_conflicts: bool = False


Gathered = Insert | Update | Change | Lines


def table_of(each: Gathered) -> str:
    """Return the name of the table that it writes to."""
    if isinstance(each, Lines):
        return each.table
    model = each.rows.model if isinstance(each, Change) else each.row
    return str(model._meta.db_table)


def values_of(row: Model, fields: Iterable[Any], *, add: bool) -> dict[str, Any]:
    """Return what the driver is given for each column, or the database's default."""
    found = {}
    for each in fields:
        value = each.pre_save(row, add)
        is_default = isinstance(value, DatabaseDefault)
        found[each.column] = value if is_default else each.get_db_prep_save(value, connection)
    return found


def write_gathered(gathered: Sequence[Gathered]) -> None:
    """Write all of it, as one statement. Rows forget the defaults that only the database knows."""
    with connection.cursor() as cursor:
        cursor.execute(*_statement(gathered))
    _forget(gathered)


def part_with_gathered(mine: Any, gathered: Sequence[Gathered]) -> None:
    """Write all of it as `write_gathered`, with the COMMIT that comes next on this connection."""
    mine.part_with(*_statement(gathered))
    _forget(gathered)


def _statement(gathered: Sequence[Gathered]) -> _Statement:
    statements = list(_statements(gathered))
    parameters = [value for _, values in statements for value in values]
    return _as_one(tuple([sql for sql, _ in statements])), parameters


def _forget(gathered: Sequence[Gathered]) -> None:
    for each in gathered:
        if isinstance(each, Insert):
            _forget_defaults(each.row)


# A text may have tens of kilobytes, and every mix of rows has one of its own.
@lru_cache(maxsize=128)
def _as_one(statements: tuple[str, ...]) -> str:
    *before, last = statements
    if not before:
        return last
    return f"WITH {', '.join([f'w{n} AS ({sql})' for n, sql in enumerate(before)])} {last}"


def _statements(gathered: Sequence[Gathered]) -> Iterator[_Statement]:
    """One INSERT for each table, in the order of the first row; then the updates."""
    by_table: dict[tuple[Any, ...], list[Any]] = {}
    for each in gathered:
        if isinstance(each, Insert):
            by_table.setdefault((table_of(each), each.skips_conflicts), []).append(each)
        elif isinstance(each, Lines):
            kind = (each.table, each.columns, each.skips_conflicts)
            by_table.setdefault(kind, []).extend(each.rows)
    for kind, rows in by_table.items():
        if isinstance(rows[0], Insert):
            yield _insertion(rows)
        else:
            yield _lines_sql(*kind, len(rows)), [value for row in rows for value in row]
    for each in gathered:
        if isinstance(each, Update):
            yield _updating(each)
        elif isinstance(each, Change):
            query = cast("UpdateQuery", each.rows.query.chain(UpdateQuery))
            query.add_update_values(each.values)
            sql, parameters = query.get_compiler(using="default").as_sql()
            yield sql, list(parameters)


def _insertion(rows: list[Insert]) -> _Statement:
    columns = ", ".join(f'"{column}"' for column in rows[0].values)
    lines, parameters = [], []
    for row in rows:
        is_default = [isinstance(value, DatabaseDefault) for value in row.values.values()]
        lines.append(f"({', '.join('DEFAULT' if each else '%s' for each in is_default)})")
        parameters += [
            value for value, left in zip(row.values.values(), is_default, strict=True) if not left
        ]
    end = " ON CONFLICT DO NOTHING" if rows[0].skips_conflicts else ""
    sql = f'INSERT INTO "{table_of(rows[0])}" ({columns}) VALUES {", ".join(lines)}{end}'  # noqa: S608 - names of our own
    return sql, parameters


@lru_cache(maxsize=1024)
def _lines_sql(table: str, columns: tuple[str, ...], skips_conflicts: bool, count: int) -> str:
    line = f"({', '.join(['%s'] * len(columns))})"
    end = " ON CONFLICT DO NOTHING" if skips_conflicts else ""
    return f'INSERT INTO "{table}" ({", ".join(columns)}) VALUES {", ".join([line] * count)}{end}'  # noqa: S608 - names of our own


def _updating(each: Update) -> _Statement:
    settings = ", ".join(f'"{column}" = %s' for column in each.values)
    sql = f'UPDATE "{table_of(each)}" SET {settings} WHERE "id" = %s'  # noqa: S608 - names of our own
    return sql, [*each.values.values(), each.row.pk]


def _forget_defaults(row: Model) -> None:
    for each in row._meta.local_concrete_fields:
        if isinstance(row.__dict__.get(each.attname), DatabaseDefault):
            del row.__dict__[each.attname]
