"""Rows that are written together travel together: one statement instead of one for each row.

A submission writes a dozen rows in six tables. One by one, most of its time goes into asking and
answering; as one statement of data-modifying CTEs they cost a third (docs/decisions/0010). Inside
of a `unit_of_work`, `insert` and `update` gather; what was gathered is sent when the outermost
unit ends, before any statement that reads or writes one of the tables concerned, and before
anything else that writes. So nobody ever reads without what they have written.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, connections, transaction
from django.db.models import Model, QuerySet

from govapp.common.gathered import (
    Change,
    Gathered,
    Insert,
    Lines,
    Update,
    part_with_gathered,
    table_of,
    values_of,
    write_gathered,
)


@dataclass
class _Unit:
    """One block. `first` is where its part of the gathered begins."""

    first: int
    savepoint: str | None = None
    # Its own transaction undoes it: it needs no savepoint.
    is_transaction: bool = False


@dataclass
class _Work:
    """What this connection has gathered and not sent."""

    connection: Any
    gathered: list[Gathered] = field(default_factory=list)
    units: list[_Unit] = field(default_factory=list)
    is_sending: bool = False
    undone: int = 0  # how often part of a transaction was undone

    def tables(self) -> set[str]:
        return {table_of(each) for each in self.gathered}

    def is_about(self, sql: str) -> bool:
        """Whether a read looks at what was gathered; a door may look anywhere."""
        return "door_" in sql or any(table in sql for table in self.tables())

    def send(self) -> None:
        """Send everything as one statement, behind the savepoints that it may have to undo to."""
        if self.gathered:
            self.protect()
            self._send(len(self.gathered))

    def protect(self) -> None:
        """Before the first statement that writes: mark where each unit begins."""
        for unit in self.units:
            if unit.savepoint is None and not unit.is_transaction:
                self._send(unit.first)
                with self._sending():
                    unit.savepoint = self.connection.savepoint()

    def finish(self) -> None:
        """Send the rest of the outermost unit: nothing of its own can raise after this.

        A unit that is a transaction commits now: the rest travels with the COMMIT. Whoever looks
        at statements (a count of them, a log) sees this one too, and then it goes by itself.
        """
        if not self.gathered:
            return
        mine = self.connection
        is_watched = mine.execute_wrappers != [self.intercept] or mine.queries_logged
        if self.units[-1].is_transaction and mine.commit_on_exit and not is_watched:
            part_with_gathered(mine, self.gathered)
        else:
            self._send(len(self.gathered))

    def _send(self, count: int) -> None:
        gathered, self.gathered = self.gathered[:count], self.gathered[count:]
        for unit in self.units:
            unit.first = max(0, unit.first - count)
        if gathered:
            with self._sending():
                write_gathered(gathered)

    @contextmanager
    def _sending(self) -> Iterator[None]:
        self.is_sending = True
        try:
            yield
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
    connection = connections["default"]
    work: _Work | None = vars(connection).get("govapp_work")
    if work is None:
        work = vars(connection)["govapp_work"] = _Work(connection)
    return work


@contextmanager
def unit_of_work() -> Iterator[None]:
    """Do this or nothing of it, as `transaction.atomic()`; usable as a decorator as well.

    The outermost unit opens a transaction when there is none and sends what was gathered. An
    inner one that raises undoes its part, as does one inside of a transaction of somebody else;
    it costs a savepoint only when part of it was sent.
    """
    work = _work()
    if work.units:
        with _inner(work):
            yield
    elif work.connection.in_atomic_block:
        with _Outer(work, _Unit(0)):
            yield
    else:
        try:
            with transaction.atomic(), _Outer(work, _Unit(0, is_transaction=True)):
                yield
        except BaseException:
            work.undone += 1  # the COMMIT may be what failed
            raise


class _Outer:
    """The outermost unit. It is entered for every event: a class costs half of a generator."""

    def __init__(self, work: _Work, unit: _Unit) -> None:
        self._work, self._unit = work, unit

    def __enter__(self) -> None:
        self._work.units.append(self._unit)
        self._work.connection.execute_wrappers.append(self._work.intercept)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        work, is_done = self._work, False
        try:
            try:
                if kind is None:
                    work.finish()
                    is_done = True
            finally:
                work.connection.execute_wrappers.pop()
                if not is_done:
                    self._undo(is_finishing=kind is None)
        finally:
            # Whatever cannot be undone: what would be left is never sent.
            work.units.pop()
            work.gathered.clear()

    def _undo(self, *, is_finishing: bool) -> None:
        mine = self._work.connection
        self._work.undone += 1
        if self._unit.savepoint is not None and not mine.needs_rollback:
            mine.savepoint_rollback(self._unit.savepoint)
        elif is_finishing:
            # The database refused the statement: what is around this cannot go on either.
            mine.set_rollback(True)


@contextmanager
def _inner(work: _Work) -> Iterator[None]:
    unit = _Unit(len(work.gathered))
    work.units.append(unit)
    try:
        yield
    except BaseException:
        work.undone += 1
        del work.gathered[unit.first :]
        work.units.pop()
        if unit.savepoint is not None:
            connection.savepoint_rollback(unit.savepoint)
        raise
    work.units.pop()


def times_undone() -> int:
    """How often a unit on this connection was undone: whether what was written may be gone."""
    return _work().undone


def joined_unit() -> AbstractContextManager[None]:
    """Return the unit that is open, for what stands or falls with it, or a new one.

    Unlike `unit_of_work` it undoes nothing by itself inside of another, and so marks no place to
    go back to.
    """
    return nullcontext() if _work().units else unit_of_work()


def insert(*rows: Model, skip_conflicts: bool = False) -> None:
    """Insert new rows; with `skip_conflicts`, leave out those that are there already.

    Columns with a default of the database that were not set are read again when asked for.
    """
    with joined_unit():
        for row in rows:
            columns = [each for each in row._meta.local_concrete_fields if not each.generated]
            values = values_of(row, columns, add=True)
            # Django would insert a row that is saved again before it was sent.
            row._state.adding, row._state.db = False, "default"  # noqa: SLF001 - as Django does
            _work().gathered.append(Insert(row, values, skip_conflicts))


def insert_lines(*lines: Lines) -> None:
    """Insert rows of any tables, as `insert`; at once, as one statement, when no unit is open."""
    filled = [each for each in lines if each.rows]
    work = _work()
    if work.units:
        work.gathered += filled
        return
    try:
        write_gathered(filled)
    except BaseException:
        # As when a unit fails: what is around it cannot go on.
        work.undone += 1
        connection.set_rollback(True)
        raise


def update(row: Model, *fields: str) -> None:
    """Save these fields of a row, as they are now. A row that is gathered takes them along."""
    values = values_of(row, [row._meta.get_field(name) for name in fields], add=False)
    with joined_unit():
        work = _work()
        for place, each in enumerate(work.gathered):
            if isinstance(each, Change | Lines):
                is_met = table_of(each) == row._meta.db_table
            else:
                is_met = table_of(each) == row._meta.db_table and each.row.pk == row.pk
                if is_met and place >= work.units[-1].first:
                    each.values |= values
                    return
            if is_met:
                # One statement may not touch a row twice.
                work.send()
                break
        work.gathered.append(Update(row, values))


def change(rows: QuerySet[Any], **values: Any) -> None:
    """Update all rows of a queryset, as `QuerySet.update`, without being told how many."""
    with joined_unit():
        work = _work()
        if rows.model._meta.db_table in work.tables():
            work.send()
        work.gathered.append(Change(rows, values))
