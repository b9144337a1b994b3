"""What to answer while a server that we need is away for a moment: 503, and when to come again.

The one place that knows which errors mean that. Everything that answers asks `is_away`: views of
the API (`govapp.common.api.problems`), pages (`UnavailableMiddleware`), what fails before or behind
any view (`failed`, Django's `handler500`) and what fails while an answer is read to its end
(`govapp.common.asgi.bridge`).
"""

import sys
from typing import Final

import psycopg
import redis
import structlog
from django.db import connections
from django.db.utils import Error, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.defaults import server_error

log = structlog.get_logger(__name__)

RETRY_SECONDS: Final = 10
_AWAY: Final = (
    redis.ConnectionError, redis.TimeoutError, redis.ReadOnlyError,
    OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError,
)  # fmt: skip
# A server that became a standby, or ended the session: psycopg has them among the internal ones.
_ENDED: Final = (
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.TransactionTimeout,
)


def is_away(error: BaseException | None) -> bool:
    """Whether this is Valkey or PostgreSQL being away, and no fault of ours.

    Ask it where the error is caught: of some errors only the connection says what they are.
    """
    if isinstance(error, _AWAY):
        return True
    if not isinstance(error, Error | psycopg.Error):
        return False
    return _is_caused_by_the_end(error) or _is_connection_lost()


def unavailable(path: str, error: BaseException | None) -> HttpResponse:
    """Say so, without asking the server that is away who is reading."""
    log.warning("server.away", path=path, error=type(error).__name__)
    response = HttpResponse(render_to_string("503.html", {"path": path}), status=503)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def failed(request: HttpRequest) -> HttpResponse:
    """Answer what nobody caught: Django's `handler500`, also for faults before any view.

    Agents that wait are told to try again and not that we broke.
    """
    error = sys.exception()
    return unavailable(request.path, error) if is_away(error) else server_error(request)


def drop_lost_connections() -> None:
    """Close connections on which something failed and that are dead, as each request does.

    For work outside of a request: otherwise its thread would keep the dead connection for ever.
    """
    for each in connections.all(initialized_only=True):
        if not each.in_atomic_block:
            each.close_if_unusable_or_obsolete()


def _is_caused_by_the_end(error: BaseException) -> bool:
    """Whether it, or what it was raised from, says that the session ended.

    What libpq says by itself has no SQLSTATE, and so no kind of its own: a write to a closed
    socket is a plain `DatabaseError`. After it, Django refuses further statements of the
    transaction with an error of its own, raised from the first.
    """
    each: BaseException | None = error
    while each is not None:
        if isinstance(each, (*_AWAY, *_ENDED)):
            return True
        if type(each) is psycopg.DatabaseError and each.sqlstate is None:
            return True
        each = each.__cause__
    return False


def _is_connection_lost() -> bool:
    """Whether a connection of this thread ended and nobody has put it away yet."""
    return any(
        each.connection is not None and each.connection.closed
        for each in connections.all(initialized_only=True)
    )
