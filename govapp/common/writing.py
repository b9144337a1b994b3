"""Rows that are written together travel together: one statement instead of one for each row.

A submission writes a dozen rows in six tables. One by one, most of its time goes into asking and
answering; as one statement of data-modifying CTEs they cost a third (docs/decisions/0023). Inside
of a `unit_of_work`, `insert` and `update` gather; what was gathered is sent when the outermost
unit ends, before any statement that reads or writes one of the tables concerned, and before
anything else that writes. So nobody ever reads without what they have written.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection, connections, transaction
from django.db.models import Model, QuerySet
from django.db.models.expressions import DatabaseDefault
from django.db.models.fields import Field
from django.db.models.sql import UpdateQuery

_Statement = tuple[str, list[Any]]
_DEFAULT: Final = "DEFAULT"


@dataclass
class _Unit:
    """One block. `first` is where its part of the gathered begins."""

    first: int
    savepoint: str | None = None


@dataclass
class _Insert:
    row: Model
    skips_conflicts: bool


@dataclass
class _Update:
    row: Model
    fields: dict[str, None]


@dataclass
class _Change:
    rows: QuerySet[Any]
    values: dict[str, Any]


_Gathered = _Insert | _Update | _Change


@dataclass
class _Work:
    """What this connection has gathered and not sent."""

    gathered: list[_Gathered] = field(default_factory=list)
    units: list[_Unit] = field(default_factory=list)
    is_sending: bool = False

    def tables(self) -> set[str]:
        return {_table(each) for each in self.gathered}

    def is_about(self, sql: str) -> bool:
        """Whether a read looks at what was gathered; a door may look anywhere."""
        return "door_" in sql or any(table in sql for table in self.tables())

    def add(self, each: _Gathered) -> None:
        self.gathered.append(each)

    def send(self) -> None:
        """Send everything as one statement, behind the savepoints that it may have to undo to."""
        if not self.gathered:
            return
        gathered, self.gathered = self.gathered, []
        self.protect()
        for unit in self.units:
            unit.first = 0
        self.is_sending = True
        try:
            _execute(gathered)
        finally:
            self.is_sending = False

    def protect(self) -> None:
        """Before the first statement that writes: mark where the inner units begin."""
        for unit in self.units[1:]:
            if unit.savepoint is None:
                self.is_sending = True
                try:
                    unit.savepoint = connection.savepoint()
                finally:
                    self.is_sending = False

    def intercept(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        """Look at every statement that somebody else sends inside of a unit."""
        if not self.is_sending:
            is_read = sql.lstrip()[:6].upper() == "SELECT"
            if not is_read or self.is_about(sql):
                self.send()
            if not is_read:
                self.protect()
        return execute(sql, params, many, context)


def _work() -> _Work:
    """Return what is kept with this thread's connection."""
    work: _Work = vars(connections["default"]).setdefault("govapp_work", _Work())
    return work


@contextmanager
def unit_of_work() -> Iterator[None]:
    """Do this or nothing of it, as `transaction.atomic()`; usable as a decorator as well.

    The outermost unit opens a transaction when there is none and sends what was gathered. An
    inner one that raises undoes its part; it costs a savepoint only when part of it was sent.
    """
    work = _work()
    if work.units:
        with _inner(work):
            yield
    elif connection.in_atomic_block:
        with _outer(work):
            yield
    else:
        with transaction.atomic(), _outer(work):
            yield


@contextmanager
def _outer(work: _Work) -> Iterator[None]:
    work.units.append(_Unit(0))
    try:
        with connection.execute_wrapper(work.intercept):
            yield
            work.send()
    finally:
        work.units.pop()
        work.gathered.clear()


@contextmanager
def _inner(work: _Work) -> Iterator[None]:
    unit = _Unit(len(work.gathered))
    work.units.append(unit)
    try:
        yield
    except BaseException:
        del work.gathered[unit.first :]
        work.units.pop()
        if unit.savepoint is not None:
            connection.savepoint_rollback(unit.savepoint)
        raise
    work.units.pop()


def insert(*rows: Model, skip_conflicts: bool = False) -> None:
    """Insert new rows; with `skip_conflicts`, leave out those that are there already.

    Columns with a default of the database that were not set are read again when asked for.
    """
    with unit_of_work():
        for row in rows:
            # Django would insert a row that is saved again before it was sent.
            row._state.adding, row._state.db = False, "default"
            _work().add(_Insert(row, skip_conflicts))


def update(row: Model, *fields: str) -> None:
    """Save these fields of a row that is there. One gathered already takes the fields along."""
    with unit_of_work():
        work = _work()
        for each in work.gathered:
            if isinstance(each, _Change) and _table(each) == row._meta.db_table:
                work.send()
                break
            if not isinstance(each, _Change) and each.row.pk == row.pk and _same(each.row, row):
                if each.row is not row:  # another image of the same row
                    work.send()
                    break
                if isinstance(each, _Update):
                    each.fields |= dict.fromkeys(fields)
                return
        work.add(_Update(row, dict.fromkeys(fields)))


def change(rows: QuerySet[Any], **values: Any) -> None:
    """Update all rows of a queryset, as `QuerySet.update`, without being told how many."""
    with unit_of_work():
        work = _work()
        if rows.model._meta.db_table in work.tables():
            work.send()
        work.add(_Change(rows, values))


def _same(one: Model, other: Model) -> bool:
    return one._meta.concrete_model is other._meta.concrete_model


def _table(each: _Gathered) -> str:
    model = each.rows.model if isinstance(each, _Change) else each.row
    return str(model._meta.db_table)


def _execute(gathered: list[_Gathered]) -> None:
    statements = list(_statements(gathered))
    *before, (last, parameters) = statements
    if before:
        names = ", ".join(f"w{n} AS ({sql})" for n, (sql, _) in enumerate(before))
        last = f"WITH {names} {last}"
        parameters = [value for _, values in before for value in values] + parameters
    with connection.cursor() as cursor:
        cursor.execute(last, parameters)
    for each in gathered:
        if isinstance(each, _Insert):
            _forget_defaults(each.row)


def _statements(gathered: list[_Gathered]) -> Iterator[_Statement]:
    """One INSERT for each table, in the order of the first row; then the updates."""
    by_table: dict[tuple[type[Model], bool], list[Model]] = {}
    for each in gathered:
        if isinstance(each, _Insert):
            by_table.setdefault((type(each.row), each.skips_conflicts), []).append(each.row)
    for (model, skips_conflicts), rows in by_table.items():
        yield _insertion(model, rows, skips_conflicts)
    for each in gathered:
        if isinstance(each, _Update):
            yield _updating(each)
        elif isinstance(each, _Change):
            query = each.rows.query.chain(UpdateQuery)
            query.add_update_values(each.values)
            sql, parameters = query.get_compiler(using="default").as_sql()
            yield sql, list(parameters)


def _insertion(model: type[Model], rows: list[Model], skips_conflicts: bool) -> _Statement:
    fields = model._meta.local_concrete_fields
    columns = ", ".join(f'"{each.column}"' for each in fields)
    lines, parameters = [], []
    for row in rows:
        marks = []
        for each in fields:
            value = each.pre_save(row, add=True)
            if isinstance(value, DatabaseDefault):
                marks.append(_DEFAULT)
            else:
                marks.append("%s")
                parameters.append(each.get_db_prep_save(value, connection))
        lines.append(f"({', '.join(marks)})")
    end = " ON CONFLICT DO NOTHING" if skips_conflicts else ""
    table = model._meta.db_table
    return f'INSERT INTO "{table}" ({columns}) VALUES {", ".join(lines)}{end}', parameters  # noqa: S608 - names of our own


def _updating(each: _Update) -> _Statement:
    meta = each.row._meta
    fields: list[Field[Any, Any]] = [meta.get_field(name) for name in each.fields]  # type: ignore[misc]
    settings = ", ".join(f'"{one.column}" = %s' for one in fields)
    values = [one.get_db_prep_save(one.pre_save(each.row, add=False), connection) for one in fields]
    return f'UPDATE "{meta.db_table}" SET {settings} WHERE "id" = %s', [*values, each.row.pk]  # noqa: S608 - names of our own


def _forget_defaults(row: Model) -> None:
    for each in row._meta.local_concrete_fields:
        if isinstance(row.__dict__.get(each.attname), DatabaseDefault):
            del row.__dict__[each.attname]
