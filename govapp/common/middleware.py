"""What every request gets: an id that logs and ledger events carry."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import structlog
from django.http import HttpRequest, HttpResponse

from govapp.common.ids import new_id, public_id
from govapp.common.unavailable import is_away, unavailable

_correlation: ContextVar[str] = ContextVar("govapp_correlation", default="")
_key: ContextVar[str] = ContextVar("govapp_key", default="")


def correlation_id() -> str:
    """Return the id of the HTTP request being served, or an empty string."""
    return _correlation.get()


def key_in_use() -> str:
    """Return the id of the key by which an agent calls, or an empty string."""
    return _key.get()


@contextmanager
def using_key(ident: str) -> Iterator[None]:
    """Say by which key an agent calls: the record names it in each event from here on."""
    token = _key.set(ident)
    try:
        yield
    finally:
        _key.reset(token)


class RequestContextMiddleware:
    """Gives each request an id, answers with it, and binds it to every log line."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        ident = public_id("req", new_id())
        token = _correlation.set(ident)
        structlog.contextvars.bind_contextvars(request=ident)
        try:
            response = self.get_response(request)
            response["X-Request-Id"] = ident
            return response
        finally:
            structlog.contextvars.unbind_contextvars("request")
            _correlation.reset(token)


class UnavailableMiddleware:
    """Says that something is away for a moment, where a fault would say that we broke.

    Limits on logins and one-time codes are counted in Valkey. While it is away nothing can be
    counted, so nobody gets in: it fails closed, with a page that says so. What fails before any
    view, as the session does without PostgreSQL, comes to `unavailable.failed`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Turn an error of Valkey or PostgreSQL that no view caught into a 503."""
        return unavailable(request.path, error) if is_away(error) else None
