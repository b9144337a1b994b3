"""The database's time inside of a tenant's transaction, which was told it at the beginning."""

from datetime import UTC, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from psycopg.pq import TransactionStatus

from govapp.common import clock
from govapp.common.clock import shift_clock
from govapp.common.ids import new_id
from govapp.common.postgres import base
from govapp.common.tenancy import tenant_transaction
from tests.support.committed import CommittedDatabase


def test_the_time_costs_no_statement_and_goes_on(committed_db: CommittedDatabase) -> None:
    before = clock.now()
    with tenant_transaction(new_id()), CaptureQueriesContext(connection) as seen:
        first, second = clock.now(), clock.now()
    assert len(seen) == 0
    assert before <= first <= second <= clock.now()


def test_the_time_is_the_same_in_a_session_of_another_zone(
    committed_db: CommittedDatabase,
) -> None:
    before = clock.now()
    with connection.cursor() as cursor:
        cursor.execute("SET timezone = 'Asia/Kathmandu'")
    try:
        with tenant_transaction(new_id()), CaptureQueriesContext(connection) as seen:
            now = clock.now()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET timezone = 'UTC'")
    assert len(seen) == 0
    assert before <= now <= clock.now()
    assert now.tzinfo is UTC


def test_a_time_in_another_style_is_asked_for_and_leaves_nothing_open(
    committed_db: CommittedDatabase,
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET datestyle = 'SQL'")
    try:
        with tenant_transaction(new_id()):
            assert connection.time_in_transaction() is None  # type: ignore[attr-defined]
        assert connection.connection.info.transaction_status == TransactionStatus.IDLE
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET datestyle = 'ISO'")


def test_a_moved_clock_is_asked_again(committed_db: CommittedDatabase) -> None:
    with tenant_transaction(new_id()):
        before = clock.now()
        shift_clock(timedelta(days=3))
        assert clock.now() - before >= timedelta(days=3)
    with tenant_transaction(new_id()):
        assert clock.now() - before >= timedelta(days=3)


def test_the_next_transaction_has_its_own_time(committed_db: CommittedDatabase) -> None:
    with tenant_transaction(new_id()):
        first = clock.now()
    asked = clock.now()
    with tenant_transaction(new_id()):
        second = clock.now()
    assert first <= asked <= second


def test_a_time_that_was_told_too_late_is_asked_again(
    committed_db: CommittedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "_TOLD_WITHIN_SECONDS", -1.0)
    with tenant_transaction(new_id()), CaptureQueriesContext(connection) as seen:
        clock.now()
    assert [query["sql"] for query in seen.captured_queries] == ["SELECT govapp_now()"]
