"""What agents and machines get when no view answers: a problem document, never a page."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from govapp.common.api.problems import (
    CONTENT_TYPE,
    away,
    plain_problem,
    problem_body,
    problem_json,
)
from govapp.common.api.ratelimit import agent_limit, tenant_limit
from govapp.common.errors import RateLimited

MACHINE_PATHS: Final = ("/api/", "/.well-known/", "/gateway/")
_UNKEPT: Final = ("/api/", "/gateway/")  # answers that stay in no cache
_KEPT: Final = (
    "Allow", "WWW-Authenticate", "Retry-After", "Cache-Control", "Content-Security-Policy",
    "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy",
    "Strict-Transport-Security",
)  # fmt: skip


class ProblemMiddleware:
    """Turns every error under the machines' paths into RFC 9457, whoever raised it.

    Stands outside of everything but the request's id: an unknown address, a host that is not
    served and a fault in a middleware further in all pass through here.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return as_problem(request.path_info, self.get_response(request))


def as_problem(path: str, response: HttpResponse) -> HttpResponse:
    """Return what is answered at this path: for machines a problem document instead of a page."""
    if path.startswith(_UNKEPT) and "Cache-Control" not in response:
        response["Cache-Control"] = "no-store"
    status = response.status_code
    if status < HTTPStatus.BAD_REQUEST or not path.startswith(MACHINE_PATHS):
        return response
    if response.get("Content-Type", "").startswith(CONTENT_TYPE):
        return response
    is_away = status == HTTPStatus.SERVICE_UNAVAILABLE
    return JsonResponse(
        problem_body(away()) if is_away else plain_problem(status),
        status=status,
        content_type=CONTENT_TYPE,
        headers={name: response[name] for name in _KEPT if name in response},
    )


class CallerRateLimitMiddleware:
    """Counts each agent's and each member's calls and refuses what is too much with 429.

    Stands behind the middleware that reads the key: the limit is the caller's, whatever address
    it calls from. Above it stands the tenant's, so that no tenant takes the place of others.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        principal = getattr(request, "principal", None)
        # Reads on behalf of somebody who waits were counted when they came.
        if principal is None or request.META.get("govapp.repeats"):
            return self.get_response(request)
        spent = agent_limit(principal.calls_per_second).spend(
            str(principal.caller_id),
            (tenant_limit(principal.tenant_calls_per_second), f"tenant:{principal.tenant_id}"),
        )
        if spent.is_allowed:
            response: HttpResponseBase = self.get_response(request)
        else:
            response = problem_json(
                RateLimited(
                    f"Too many requests; try again in {spent.retry_after} s.",
                    retry_after=spent.retry_after,
                )
            )
        for name, value in spent.headers().items():
            response[name] = value
        return response
