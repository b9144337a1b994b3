"""Losing the database, or Valkey, in the middle of what is done."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection, connections

import govapp.celery
from govapp.common.api.ratelimit import _limit
from govapp.common.live import valkey
from govapp.runtime.valkey import RunningValkey, start_valkey
from tests.conftest import DATABASE, point_django_at
from tests.support.services import Services


def end_backend() -> None:
    """The server ends our session, as it does when it is restarted."""
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 60000)", [pid])
            assert cursor.fetchone() == (True,)
    finally:
        other.close()


def cut_wire() -> None:
    """The network is gone: nobody says good-bye."""
    connection.ensure_connection()
    wire = socket.socket(fileno=connection.connection.fileno())
    try:
        wire.shutdown(socket.SHUT_RDWR)
    finally:
        wire.detach()


@dataclass
class Places:
    """Where this thread's connection could be lost, counted; it is lost at one of them."""

    at: int
    lose: Callable[[], None]
    passed: list[str] = field(default_factory=list)

    @property
    def lost(self) -> str:
        """Where it was lost, or nothing when there are fewer places."""
        return self.passed[self.at] if self.at < len(self.passed) else ""

    def pass_by(self, what: str) -> None:
        self.passed.append(what)
        if len(self.passed) == self.at + 1:
            self.lose()

    def statement(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        self.pass_by("statement")
        return execute(sql, params, many, context)


@contextmanager
def losing_at(at: int, lose: Callable[[], None]) -> Iterator[Places]:
    """Lose the connection in front of a beginning, a statement or a commit, or behind a commit.

    `at` says at the how manieth of these, from 0 on. Behind a commit, what was done is kept and
    nobody hears of it.
    """
    places = Places(at, lose)
    wrapper: Any = connections["default"]
    begin, commit = wrapper._begin_for, wrapper._commit

    def begin_for(tenant_id: UUID) -> str:
        places.pass_by("begin")
        return str(begin(tenant_id))

    def commit_unheard() -> None:
        places.pass_by("commit")
        commit()
        places.pass_by("committed")
        if len(places.passed) == at + 1:
            with wrapper.wrap_database_errors:
                wrapper.connection.execute("SELECT 1")  # as if it were the commit that failed

    wrapper._begin_for, wrapper._commit = begin_for, commit_unheard
    try:
        with wrapper.execute_wrapper(places.statement):
            yield places
    finally:
        del wrapper._begin_for, wrapper._commit
        # As at the end of a request, which a test's client leaves out.
        connections.close_all()


@contextmanager
def database_away(services: Services) -> Iterator[None]:
    """End every session of the tests' database and let nobody in, as while it is restarted."""
    let_in = f"ALTER DATABASE {DATABASE} WITH ALLOW_CONNECTIONS {{}}"
    with psycopg.connect(services.admin_url("postgres"), autocommit=True) as admin:
        admin.execute(let_in.format("false"))
        try:
            admin.execute(
                "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = %s",
                [DATABASE],
            )
            yield
        finally:
            admin.execute(let_in.format("true"))
            connections.close_all()  # this thread's own was ended as well


@contextmanager
def valkey_of_its_own(services: Services, folder: Path) -> Iterator[RunningValkey]:
    """Let everything in this process use a Valkey that the test may stop."""
    with start_valkey(folder, appendonly=False) as own:
        try:
            _use(Services(services.postgres, own))
            yield own
        finally:
            _use(services)


def _use(services: Services) -> None:
    point_django_at(services, DATABASE)
    valkey.cache_clear()
    _limit.cache_clear()
    app: Any = govapp.celery.app
    app._pool = app.amqp._producer_pool = None  # of connections to the former one
