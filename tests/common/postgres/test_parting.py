"""The last statement of a unit travels with its COMMIT: all of it is there, or nothing is."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import (
    DatabaseError,
    IntegrityError,
    OperationalError,
    connection,
    transaction,
)
from django.test.utils import CaptureQueriesContext
from psycopg.pq import PipelineStatus, TransactionStatus

from approvals.models import ActionCategory
from govapp.common.gathered import Lines
from govapp.common.ids import new_id
from govapp.common.tenancy import bind_tenant, tenant_transaction
from govapp.common.writing import insert, insert_lines, times_undone, unit_of_work
from tenants.models import User
from tests.people import Company, make_company
from tests.support.committed import CommittedDatabase
from tests.support.losing import cut_wire, end_backend


@pytest.fixture
def company(committed_db: CommittedDatabase) -> Company:
    return make_company()


@contextmanager
def whole_unit(company: Company) -> Iterator[None]:
    with bind_tenant(company.id), unit_of_work():
        yield


def category(key: str) -> ActionCategory:
    return ActionCategory(key=key, name=key)


def keys(company: Company) -> list[str]:
    with tenant_transaction(company.id):
        return list(ActionCategory.objects.order_by("key").values_list("key", flat=True))


def part_with_nonsense() -> None:
    wrapper: Any = connection
    wrapper.part_with("INSERT INTO nowhere VALUES (1)", [])


def is_idle() -> bool:
    wire = connection.connection.pgconn
    return (wire.transaction_status, wire.pipeline_status) == (
        TransactionStatus.IDLE,
        PipelineStatus.OFF,
    )


def prepared() -> int:
    """How many statements that make categories the session knows by name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements"
            """ WHERE statement LIKE 'INSERT INTO "approvals_actioncategory"%%'"""
        )
        (count,) = cursor.fetchone()
    return int(count)


def test_what_a_unit_wrote_is_committed_when_it_ends(company: Company) -> None:
    told = []
    with whole_unit(company):
        insert(category("a"), category("b"))
        transaction.on_commit(lambda: told.append(keys(company)))
    assert told == [["a", "b"]]
    assert is_idle()


def test_a_shape_that_comes_again_is_prepared_once(company: Company) -> None:
    for number in range(4):
        with whole_unit(company):
            insert(category(f"key{number}"))
    assert keys(company) == ["key0", "key1", "key2", "key3"]
    assert prepared() == 1


def test_nothing_is_prepared_for_who_switched_that_off(company: Company) -> None:
    connection.connection.prepare_threshold = None
    for number in range(3):
        with whole_unit(company):
            insert(category(f"key{number}"))
    assert (len(keys(company)), prepared()) == (3, 0)


def test_what_was_prepared_may_be_forgotten_by_the_driver(company: Company) -> None:
    for number in range(6):
        with whole_unit(company):
            insert(category(f"key{number}"))
        with tenant_transaction(company.id):  # after an undoing the driver forgets all
            part = transaction.savepoint()
            keys(company)
            transaction.savepoint_rollback(part)
    assert len(keys(company)) == 6


def test_more_than_the_wire_takes_at_once_is_written_too(company: Company) -> None:
    columns = ("tenant_id", "id", "ref", "key_sealed")
    rows = [(company.id, new_id(), f"ref{number}", b"x" * 400_000) for number in range(20)]
    with whole_unit(company):
        insert_lines(Lines("audit_ledgersubject", columns, rows))
    with tenant_transaction(company.id), connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(length(key_sealed)) FROM audit_ledgersubject WHERE ref LIKE 'ref%%'"
        )
        assert cursor.fetchone() == (8_000_000,)


def test_what_the_database_refuses_is_raised_and_nothing_is_left(company: Company) -> None:
    with whole_unit(company):
        insert(category("a"))
    undone = times_undone()
    for _ in range(3):  # as it is, prepared, and by its name
        with pytest.raises(IntegrityError, match="duplicate key"), whole_unit(company):
            insert(category("b"), category("a"))
    assert times_undone() > undone
    assert is_idle()
    assert keys(company) == ["a"]


def test_what_only_the_commit_refuses_is_raised_and_nothing_is_left(company: Company) -> None:
    columns = ("tenant_id", "id", "member_id", "kind", "channel", "dedup_key", "content", "status",
               "attempts", "last_error")  # fmt: skip
    values = (new_id(), new_id(), "alert", "email", "k", "{}", "queued", 0, "")

    def tell_nobody() -> None:
        with whole_unit(company):
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            insert(category("a"))
            insert_lines(Lines("approvals_notification", columns, [(company.id, *values)]))

    with pytest.raises(IntegrityError, match="foreign key"):
        tell_nobody()
    assert is_idle()
    assert keys(company) == []


@pytest.mark.parametrize(
    ("lose", "cause"),
    [
        (end_backend, psycopg.errors.AdminShutdown),  # it says why
        (cut_wire, psycopg.OperationalError),
    ],
)
def test_a_server_that_goes_away_is_told_and_the_next_connection_works(
    company: Company, lose: Callable[[], None], cause: type[Exception]
) -> None:
    def write_and_lose() -> None:
        with whole_unit(company):
            insert(category("a"))
            lose()

    with pytest.raises(OperationalError) as lost:
        write_and_lose()
    assert type(lost.value.__cause__) is cause
    connection.close()
    with whole_unit(company):
        insert(category("b"))
    assert keys(company) == ["b"]


@pytest.mark.parametrize("lose", [end_backend, cut_wire])
def test_a_unit_that_cannot_even_be_undone_leaves_nothing_behind(
    company: Company, lose: Callable[[], None]
) -> None:
    with pytest.raises(OperationalError):
        _lose_amid(company, lose)
    connection.close()
    with whole_unit(company):
        insert(category("later"))
    assert keys(company) == ["later"]


def _lose_amid(company: Company, lose: Callable[[], None]) -> None:
    """In a unit inside of somebody else's transaction that has sent a part of what it wrote."""
    with tenant_transaction(company.id), unit_of_work():
        insert(category("sent"))
        assert ActionCategory.objects.count() == 1
        insert(category("gathered"))
        lose()
        ActionCategory.objects.count()


def test_a_transaction_that_is_undone_takes_nothing_along_into_the_next(company: Company) -> None:
    def part_and_fail() -> None:
        with bind_tenant(company.id), transaction.atomic():
            part_with_nonsense()
            raise LookupError

    with pytest.raises(LookupError):
        part_and_fail()
    with bind_tenant(company.id), transaction.atomic():
        part_with_nonsense()
        transaction.set_rollback(True)
    assert keys(company) == []


def test_who_looks_at_statements_sees_the_last_one_too(company: Company) -> None:
    with CaptureQueriesContext(connection) as seen, whole_unit(company):
        insert(category("a"))
    assert any("approvals_actioncategory" in query["sql"] for query in seen)
    assert keys(company) == ["a"]


def test_somebody_elses_transaction_is_not_ended(company: Company) -> None:
    with tenant_transaction(company.id):
        with unit_of_work():
            insert(category("a"))
        transaction.set_rollback(True)
    assert keys(company) == []


def test_an_answer_of_the_driver_is_an_error_of_django(company: Company) -> None:
    with pytest.raises(IntegrityError) as refused, whole_unit(company):
        insert(category("a"), category("a"))
    assert isinstance(refused.value.__cause__, psycopg.errors.UniqueViolation)


def test_a_unit_that_can_only_be_undone_says_so(company: Company) -> None:
    def swallow() -> None:
        with whole_unit(company):
            insert(category("a"))
            transaction.set_rollback(True)

    def close() -> None:
        with whole_unit(company):
            insert(category("a"))
            connection.close()

    for fail in (swallow, close):
        with pytest.raises(transaction.TransactionManagementError):
            fail()
        connection.close()
    assert keys(company) == []


def test_a_value_that_cannot_be_written_is_told_and_the_next_unit_works(company: Company) -> None:
    told = []

    def write(value: str) -> None:
        with whole_unit(company):
            transaction.on_commit(lambda: told.append("committed"))
            insert(category(value))

    for value in ("half a pair: \ud83d", "nothing: \0"):
        with pytest.raises((UnicodeEncodeError, DatabaseError)):
            write(value)
        assert is_idle()
    with whole_unit(company):
        insert(category("b"))
    connection.close()
    assert (keys(company), told) == (["b"], [])


def test_who_is_interrupted_hears_that_and_nothing_is_committed_later(
    company: Company,
) -> None:
    class Interrupted(Exception):
        pass

    def interrupt(*_: object) -> None:
        raise Interrupted

    def write() -> None:
        with whole_unit(company):
            insert(category("a"))

    holder = connection.copy()
    with holder.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("LOCK TABLE approvals_actioncategory")
        before = signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        try:
            with pytest.raises(Interrupted):
                write()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            cursor.execute("ROLLBACK")
            holder.close()
    assert keys(company) == []


def test_a_unit_without_a_tenant_is_a_transaction_too(committed_db: CommittedDatabase) -> None:
    user = User(email="new@person.example")
    with unit_of_work():
        insert(user)
    assert is_idle()
    assert User.objects.filter(pk=user.pk).exists()
