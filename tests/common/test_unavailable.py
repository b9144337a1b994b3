"""A server that is away for a moment is no fault of ours."""

from collections.abc import Callable
from contextlib import suppress
from typing import cast

import psycopg
import pytest
import redis
from django.core.handlers.exception import convert_exception_to_response
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError
from django.db.utils import (
    DatabaseError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
)
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from govapp.common.middleware import UnavailableMiddleware
from govapp.common.unavailable import is_away
from tests.support.committed import CommittedDatabase
from tests.support.losing import cut_wire, end_backend


def answer(error: Exception) -> HttpResponse:
    """What Django answers when this is raised before any view, as the session does."""

    def broken(_: HttpRequest) -> HttpResponse:
        raise error

    request = RequestFactory().get("/t/acme/inbox/")
    return cast("HttpResponse", convert_exception_to_response(broken)(request))


@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed")])
def test_without_the_database_one_is_told_when_to_come_again(error: Exception) -> None:
    response = answer(error)
    assert (response.status_code, response["Retry-After"]) == (503, "10")


def test_a_fault_of_ours_stays_one() -> None:
    assert answer(ValueError("ours")).status_code == 500


@pytest.mark.parametrize("error", [OperationalError("gone"), redis.ConnectionError("gone")])
def test_a_view_that_misses_a_server_is_answered_alike(error: Exception) -> None:
    middleware = UnavailableMiddleware(lambda _: HttpResponse())
    response = middleware.process_exception(RequestFactory().get("/api/v1/x"), error)
    assert response is not None
    assert (response.status_code, response["Retry-After"]) == (503, "10")


def test_the_page_leads_back_to_where_one_was() -> None:
    assert 'href="/t/acme/inbox/"' in answer(OperationalError("gone")).content.decode()


def raised(kind: type[Exception], cause: BaseException) -> Exception:
    """An error as Django raises it: with the driver's as its cause."""
    error = kind("wrapped")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("the connection is closed"),
        psycopg.errors.AdminShutdown("terminating connection"),
        redis.BusyLoadingError("loading"),
        redis.ReadOnlyError("a standby"),
        # A write to a closed socket: libpq's own words have no SQLSTATE.
        raised(DatabaseError, psycopg.DatabaseError("server closed the connection")),
        raised(InternalError, psycopg.errors.IdleInTransactionSessionTimeout("ended")),
        raised(InternalError, psycopg.errors.ReadOnlySqlTransaction("a standby")),
        # What Django says of a transaction in which the connection was lost before.
        raised(TransactionManagementError, OperationalError("gone")),
    ],
    ids=lambda error: type(error.__cause__ or error).__name__,
)
def test_a_server_that_is_away_has_many_names(error: Exception) -> None:
    assert is_away(error)


@pytest.mark.parametrize(
    "error",
    [
        DatabaseError("Save with update_fields did not affect any rows."),
        raised(IntegrityError, psycopg.errors.UniqueViolation("twice")),
        raised(ProgrammingError, psycopg.errors.UndefinedColumn("no such column")),
        TransactionManagementError("no transaction"),
        redis.ResponseError("wrong number of arguments"),
        raised(ValueError, OperationalError("gone")),
    ],
    ids=lambda error: type(error.__cause__ or error).__name__,
)
def test_what_is_wrong_with_us_has_others(error: Exception) -> None:
    assert not is_away(error)


@pytest.mark.parametrize("lose", [end_backend, cut_wire])
def test_whatever_fails_on_a_lost_connection_is_away(
    committed_db: CommittedDatabase, lose: Callable[[], None]
) -> None:
    """Django's own complaint, when somebody swallowed the error that began it."""
    with suppress(OperationalError), transaction.atomic():  # nor can it be committed
        lose()
        with suppress(DatabaseError), transaction.atomic():
            pass
        with pytest.raises(Error) as refused, connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        assert is_away(refused.value)
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
