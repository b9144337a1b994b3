"""What to answer while a server that we need is away for a moment: 503, and when to come again."""

import sys
from typing import Final

import redis
import structlog
from django.db.utils import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.defaults import server_error

log = structlog.get_logger(__name__)

RETRY_SECONDS: Final = 10
_AWAY: Final = (redis.ConnectionError, redis.TimeoutError, OperationalError, InterfaceError)


def is_away(error: BaseException | None) -> bool:
    """Whether this is Valkey or PostgreSQL being away, and no fault of ours."""
    return isinstance(error, _AWAY)


def unavailable(request: HttpRequest, error: BaseException | None) -> HttpResponse:
    """Say so, without asking the server that is away who is reading."""
    log.warning("server.away", path=request.path_info, error=type(error).__name__)
    response = HttpResponse(render_to_string("503.html", {"path": request.path}), status=503)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def failed(request: HttpRequest) -> HttpResponse:
    """Answer what nobody caught: Django's `handler500`, also for faults before any view.

    Agents that wait are told to try again and not that we broke.
    """
    error = sys.exception()
    return unavailable(request, error) if is_away(error) else server_error(request)
