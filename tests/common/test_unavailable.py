"""A server that is away for a moment is no fault of ours."""

from typing import cast

import pytest
import redis
from django.core.handlers.exception import convert_exception_to_response
from django.db.utils import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from govapp.common.middleware import UnavailableMiddleware


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
