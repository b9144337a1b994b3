"""Django's PostgreSQL backend, which names the tenant at the start of every transaction."""

import select
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import DatabaseError
from django.db.backends.postgresql import base
from psycopg import abc
from psycopg._queries import PostgresQuery
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus

from govapp.common.postgres.parting import execute_and_commit, to_send
from govapp.common.tenancy import TenantMismatch, bound_tenant_id

_SET_TENANT = "SELECT set_config('app.tenant_id', %s, true)"
# Begin, name the tenant and ask the time in one round trip; a UUID is written in full, nothing to
# escape.
_BEGIN_FOR = "BEGIN; SELECT set_config('app.tenant_id', '{}', true), govapp_now()"
# How long a connection that shows no sign of its end is believed to be alive.
_BELIEVED_SECONDS = 30.0
# A beginning that took longer says too little about the time: it may be that much behind.
_TOLD_WITHIN_SECONDS = 0.02
# Goes on while the machine sleeps, where there is such a clock.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def _read_time(now: str, then: float) -> tuple[datetime, float] | None:
    try:
        return datetime.fromisoformat(now).astimezone(UTC), then
    except ValueError:
        return None  # written in another style than ISO: whoever needs it asks


class DatabaseWrapper(base.DatabaseWrapper):
    """Sets `app.tenant_id` transaction-locally, so that a pooled connection forgets it.

    One transaction works for one tenant. `TENANT_REBIND_IN_TRANSACTION` lifts that for tests,
    which run many units of work inside one transaction that is rolled back.
    """

    transaction_tenant: UUID | None = None
    asked_at: float = 0.0  # when the server last answered whether it is there
    # The database's time as this transaction began, and what the process's clock said then.
    _told: tuple[datetime, float] | None = None
    # What is to travel with the COMMIT that comes next.
    _parting: PostgresQuery | None = None
    # How values are written for this connection: made once, it looks up every type once.
    _adapting: abc.Transformer | None = None

    def set_autocommit(
        self, autocommit: bool, force_begin_transaction_with_broken_autocommit: bool = False
    ) -> None:
        self._told = self._parting = None
        super().set_autocommit(autocommit, force_begin_transaction_with_broken_autocommit)
        self.transaction_tenant = None if autocommit else bound_tenant_id()

    def _set_autocommit(self, autocommit: bool) -> None:
        tenant_id = bound_tenant_id()
        if autocommit and self._is_in_autocommit():
            return  # psycopg never left it; its own way there takes a lock and a generator
        if autocommit or tenant_id is None:
            super()._set_autocommit(autocommit)  # type: ignore[misc]
            return
        # psycopg stays in its autocommit mode, so that it sends no BEGIN of its own; its commit
        # and rollback go by the state of the session and end this transaction like any other.
        asked = time.clock_gettime(_CLOCK)
        with self.wrap_database_errors:
            now = self._begin_for(tenant_id)
        told = time.clock_gettime(_CLOCK)
        if told - asked <= _TOLD_WITHIN_SECONDS:
            # As text: to compute a number is a fifth of the statement's time.
            self._told = _read_time(now, told)

    def _is_in_autocommit(self) -> bool:
        mine: psycopg.Connection[Any] = self.connection
        return mine.autocommit and mine.pgconn.transaction_status == TransactionStatus.IDLE

    def _begin_for(self, tenant_id: UUID) -> str:
        """Begin and return the database's time as it writes it; begin nothing when it raises."""
        # Of libpq itself: this is in front of everything, and a cursor costs what it costs.
        wire = self.connection.pgconn
        answer = wire.exec_(_BEGIN_FOR.format(tenant_id).encode())
        if answer.status == ExecStatus.TUPLES_OK:
            return (answer.get_value(0, 1) or b"").decode()
        if wire.status != ConnStatus.OK:
            # What libpq says about a lost server has no SQLSTATE, and so no kind of its own.
            raise psycopg.OperationalError(answer.get_error_message("utf-8"))
        if wire.transaction_status != TransactionStatus.IDLE:
            wire.exec_(b"ROLLBACK")  # Django goes on believing that nothing was begun
        raise error_from_result(answer, encoding="utf-8")

    def part_with(self, sql: str, parameters: Sequence[Any]) -> None:
        """Execute this with the COMMIT that ends the open transaction, in one round trip.

        For whoever knows that nothing else comes before it. What the server refuses is raised by
        the COMMIT; a transaction that cannot be committed, or a value that cannot be written, now.
        """
        self.validate_no_broken_transaction()
        self.ensure_connection()
        with self.wrap_database_errors:
            if self._adapting is None or self._adapting.connection is not self.connection:
                self._adapting = Transformer.from_context(self.connection)
            self._parting = to_send(self._adapting, sql, parameters)

    def _commit(self) -> None:
        parting, self._parting = self._parting, None
        try:
            if parting is None or self.connection is None:
                super()._commit()  # type: ignore[misc]
                return
            with self.wrap_database_errors:
                execute_and_commit(self.connection, parting)
        except DatabaseError:
            raise  # Django rolls back
        except BaseException:
            self.close()  # Django would go on with the open transaction
            raise

    def _rollback(self) -> None:
        self._parting = None
        super()._rollback()  # type: ignore[misc]

    def time_in_transaction(self) -> datetime | None:
        """Return the database's time by what it said at the beginning; None: ask it."""
        if self._told is None or not self.in_atomic_block:
            return None
        moment, then = self._told
        return moment + timedelta(seconds=time.clock_gettime(_CLOCK) - then)

    def forget_time(self) -> None:
        """Ask again: the clock was moved."""
        self._told = None

    def is_usable(self) -> bool:
        """Say whether the connection works, without asking when it was asked a moment ago.

        A server that ended has closed the socket, which is seen here at once and for nothing.
        """
        recently = time.monotonic() - self.asked_at < _BELIEVED_SECONDS
        if recently and self.connection is not None and not self.connection.closed:
            poll = select.poll()
            poll.register(self.connection.fileno(), select.POLLIN)
            if not poll.poll(0):
                return True
        usable: bool = super().is_usable()
        self.asked_at = time.monotonic() if usable else 0.0
        return usable

    @contextmanager
    def tenant_in_open_transaction(self, tenant_id: UUID) -> Iterator[None]:
        """Name the tenant in the transaction that is open already."""
        if self.transaction_tenant == tenant_id:
            yield
            return
        if self.transaction_tenant is not None:
            raise TenantMismatch("This transaction was begun for another tenant.")
        self._set_tenant(tenant_id)
        try:
            yield
        finally:
            if self.in_atomic_block and getattr(settings, "TENANT_REBIND_IN_TRANSACTION", False):
                self._forget_tenant()

    def _set_tenant(self, tenant_id: UUID) -> None:
        with self.cursor() as cursor:
            cursor.execute(_SET_TENANT, [str(tenant_id)])
        self.transaction_tenant = tenant_id

    def _forget_tenant(self) -> None:
        self.transaction_tenant = None
        if not self.needs_rollback:
            with self.cursor() as cursor:
                cursor.execute(_SET_TENANT, [""])
