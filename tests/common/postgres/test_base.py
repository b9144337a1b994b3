"""A transaction that could not begin: the server is gone, or it refused."""

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from psycopg.pq import TransactionStatus

from govapp.common.ids import new_id
from govapp.common.postgres import base
from govapp.common.tenancy import tenant_transaction
from tests.support.committed import CommittedDatabase
from tests.support.losing import cut_wire, end_backend


def begin() -> None:
    with tenant_transaction(new_id()):
        pass


def own_backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    return int(pid)


@pytest.mark.parametrize("lose", [end_backend, cut_wire])
def test_a_server_that_is_gone_at_the_beginning_is_away(
    committed_db: CommittedDatabase, lose: object
) -> None:
    lose()  # type: ignore[operator]
    with pytest.raises(OperationalError):
        begin()
    connection.close()
    begin()


def test_a_beginning_that_was_refused_leaves_nothing_open(
    committed_db: CommittedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "_BEGIN_FOR", "BEGIN; SELECT 1 / 0, '{}'")
    with pytest.raises(DatabaseError, match="division by zero"):
        begin()
    assert connection.connection.info.transaction_status == TransactionStatus.IDLE
    monkeypatch.undo()
    begin()
    with transaction.atomic():
        assert own_backend() > 0


def test_a_beginning_that_was_cancelled_leaves_nothing_open(
    committed_db: CommittedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '50ms'")
    monkeypatch.setattr(base, "_BEGIN_FOR", "BEGIN; SELECT pg_sleep(600), '{}'")
    with pytest.raises(OperationalError, match="canceling statement"):
        begin()
    assert connection.connection.info.transaction_status == TransactionStatus.IDLE
