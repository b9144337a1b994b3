"""The one place where an error becomes HTTP: RFC 9457 problem details."""

from collections.abc import Mapping
from datetime import UTC
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.http import Http404, JsonResponse
from rest_framework import exceptions as drf
from rest_framework.response import Response

from govapp.common import errors
from govapp.common.middleware import correlation_id
from govapp.common.unavailable import is_away

log = structlog.get_logger(__name__)
CONTENT_TYPE = "application/problem+json"

FAULT = "Nothing was changed. Try again; if it stays, tell us the instance."
AWAY = (
    "A server that is needed for this does not answer, and what was asked for may be done all the"
    " same. Come again after Retry-After. A call that takes an Idempotency-Key: with the same"
    " Idempotency-Key, and it is done once. Any other that changes something: look first whether"
    " it was done."
)
PLAIN_DETAIL = {
    400: "The request cannot be read.",
    404: "There is no such address here; /api/v1/openapi.json lists them all.",
    405: "This address does not know that method; the Allow header says which it knows.",
    413: "The body is too large.",
}

STATUS_OF: dict[type[errors.DomainError], int] = {
    errors.Malformed: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Gone: 410,
    errors.Conflict: 409,
    errors.Stale: 412,
    errors.PreconditionRequired: 428,
    errors.TooLarge: 413,
    errors.Invalid: 422,
    errors.RateLimited: 429,
    errors.Unavailable: 503,
    errors.DomainError: 422,
}


def status_of(error: errors.DomainError) -> int:
    """Return the HTTP status for a domain error, by its nearest class."""
    return next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)


def problem_body(error: errors.DomainError) -> dict[str, Any]:
    """Return the problem document of a domain error."""
    body: dict[str, Any] = {
        "type": f"urn:govapp:problem:{error.code}",
        "title": error.title,
        "status": status_of(error),
        "detail": error.detail,
        "instance": f"urn:govapp:request:{correlation_id()}",
    }
    if isinstance(error, errors.NotYet):
        # An extension member (RFC 9457, section 3.2): Retry-After says it to the second only.
        body["not_before"] = error.not_before.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if error.errors:
        body["errors"] = [{"pointer": e.pointer, "detail": e.detail} for e in error.errors]
    return body


def problem_headers(error: errors.DomainError) -> dict[str, str]:
    """Return the headers that belong to a domain error."""
    if isinstance(error, errors.Unauthenticated):
        return {"WWW-Authenticate": error.challenge}
    if isinstance(error, errors.RateLimited | errors.NotYet | errors.Unavailable):
        return {"Retry-After": str(error.retry_after)}
    return {}


def problem_json(error: errors.DomainError) -> JsonResponse:
    """Return a plain Django response for a domain error, for edges outside DRF."""
    return JsonResponse(
        problem_body(error),
        status=status_of(error),
        content_type=CONTENT_TYPE,
        headers=problem_headers(error),
    )


def as_domain_error(error: Exception) -> errors.DomainError | None:
    """Return what a DRF or Django error means in our words, or None for a fault of ours."""
    match error:
        case errors.DomainError():
            return error
        case drf.NotAuthenticated() | drf.AuthenticationFailed():
            return errors.Unauthenticated("Send a valid key: Authorization: Bearer gov_live_….")
        case drf.PermissionDenied() | PermissionDenied():
            return errors.Forbidden("This key may not do that.")
        case Http404() | drf.NotFound():
            return errors.NotFound("There is no such thing here.")
        case drf.ParseError():
            return errors.Malformed(str(error.detail))
        case drf.ValidationError():
            return errors.Invalid("Some fields are not valid.", errors=_fields(error.detail))
        case _ if is_away(error):
            log.warning("server.away", error=type(error).__name__)
            return away()
        case _:
            return None


def away() -> errors.Unavailable:
    """Return what is said while PostgreSQL or Valkey are away (`govapp.common.unavailable`)."""
    return errors.Unavailable(AWAY)


def plain_problem(status: int) -> dict[str, Any]:
    """Return the problem document of an HTTP status that no domain error stands behind."""
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        code, title, detail = "busy", "Too many are waiting", "Come again after Retry-After."
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        code, title, detail = "internal", "A fault of ours", FAULT
    else:
        title, detail = HTTPStatus(status).phrase, PLAIN_DETAIL.get(status, "See the status.")
        code = title.lower().replace(" ", "_").replace("-", "_")
    return {
        "type": f"urn:govapp:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": f"urn:govapp:request:{correlation_id()}",
    }


def problem_response(error: Exception, context: Mapping[str, Any]) -> Response:
    """DRF's exception handler. Marks the transaction for rollback; never shows a stack trace."""
    _roll_back()
    known = as_domain_error(error)
    if known is not None:
        body, status, headers = problem_body(known), status_of(known), problem_headers(known)
    elif isinstance(error, drf.APIException):
        status, headers = error.status_code, {}
        body = plain_problem(status) | {"detail": str(error.detail)}
    else:
        log.error("api.fault", exc_info=error)
        status, headers = 500, {}
        body = plain_problem(500)
    return Response(body, status=status, headers=headers, content_type=CONTENT_TYPE)


def _fields(detail: Any, pointer: str = "") -> list[errors.FieldError]:
    if isinstance(detail, Mapping):
        return [
            fault
            for key, value in detail.items()
            for fault in _fields(
                value, pointer if key == "non_field_errors" else f"{pointer}/{key}"
            )
        ]
    if isinstance(detail, list):
        return [fault for value in detail for fault in _fields(value, pointer)]
    return [errors.FieldError(pointer=pointer, detail=str(detail))]


def _roll_back() -> None:
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            connection.set_rollback(True)
