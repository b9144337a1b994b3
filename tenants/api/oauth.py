"""`POST /oauth/token` (RFC 6749, RFC 8693, RFC 9449) and what describes it (RFC 8414)."""

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from govapp.common.api.ratelimit import spend_for_address
from govapp.common.errors import RateLimited
from govapp.common.unavailable import RETRY_SECONDS, is_away
from tenants.api import grant_types as grants
from tenants.dpop import ALGORITHMS
from tenants.networks import client_address
from tenants.scopes import ALL
from tenants.services.access import Shown
from tenants.services.access_tokens import GrantedToken, TokenRefused, issue_access_token

log = structlog.get_logger(__name__)

PATH: Final = "/oauth/token"
_MOST_BYTES: Final = 8 * 1024
_FORM: Final = "application/x-www-form-urlencoded"
_NOT_STORED: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@csrf_exempt  # a program sends its key with each call; no cookie says who it is
def token(request: HttpRequest) -> HttpResponse:
    """Answer with a token, or with an error of RFC 6749, section 5.2."""
    if request.method != "POST":
        return _refused(TokenRefused("invalid_request", "Send a POST.", status=405))
    try:
        spend_for_address("token", client_address(request))
        form = _form(request)
        is_exchange = form.get("grant_type") == grants.TOKEN_EXCHANGE
        return _granted(_issue(request, form), is_exchange=is_exchange)
    except RateLimited as limited:
        return _refused(
            TokenRefused("slow_down", limited.detail, status=429, retry_after=limited.retry_after)
        )
    except TokenRefused as refusal:
        return _refused(refusal)
    except Exception as error:
        if not is_away(error):
            raise
        log.warning("server.away", path=PATH, error=type(error).__name__)
        said = "A server that is needed for this does not answer. Ask again."
        return _refused(
            TokenRefused("temporarily_unavailable", said, status=503, retry_after=RETRY_SECONDS)
        )


@require_safe
def metadata(request: HttpRequest) -> JsonResponse:
    """Describe the server to clients: `/.well-known/oauth-authorization-server`."""
    body = {
        "issuer": settings.BASE_URL,
        "token_endpoint": settings.BASE_URL + PATH,
        "jwks_uri": f"{settings.BASE_URL}/.well-known/jwks.json",
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials", grants.TOKEN_EXCHANGE],
        "scopes_supported": list(ALL),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "service_documentation": f"{settings.BASE_URL}/api/v1/docs",
    }
    return JsonResponse(body, headers={"Cache-Control": "public, max-age=3600"})


def _form(request: HttpRequest) -> dict[str, str]:
    """Return the parameters; those without a value count as left out (RFC 6749, section 3.2)."""
    if request.content_type != _FORM:
        raise TokenRefused("invalid_request", f"Send {_FORM}.")
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        if length > _MOST_BYTES:
            raise TokenRefused("invalid_request", "The body is too large.", status=413)
        pairs = parse_qsl(
            request.body.decode("utf-8"), keep_blank_values=True, max_num_fields=20, errors="strict"
        )
    except ValueError:
        raise TokenRefused("invalid_request", "The body cannot be read.") from None
    if len({name for name, _ in pairs}) != len(pairs):
        raise TokenRefused("invalid_request", "A parameter is there twice.")
    return {name: value for name, value in pairs if value}


def _issue(request: HttpRequest, form: dict[str, str]) -> GrantedToken:
    client_id, secret = _client(request, form)
    match form.get("grant_type"):
        case "client_credentials":
            delegation = ""
        case grants.TOKEN_EXCHANGE:
            delegation = _subject_token(form)
        case None:
            raise TokenRefused("invalid_request", "grant_type is missing.")
        case _:
            said = "Only client_credentials and token-exchange are known here."
            raise TokenRefused("unsupported_grant_type", said)
    shown = Shown(
        secret,
        proof=request.headers.get("DPoP", ""),
        method="POST",
        url=settings.BASE_URL + PATH,
        address=lambda: client_address(request),
    )
    return issue_access_token(
        shown=shown, client_id=client_id, scope=form.get("scope"), delegation=delegation
    )


def _subject_token(form: dict[str, str]) -> str:
    """Return the token of the delegation that is exchanged (RFC 8693, section 2.1)."""
    if form.get("subject_token_type") != grants.DELEGATION_TYPE or "subject_token" not in form:
        said = f"Send subject_token, and subject_token_type {grants.DELEGATION_TYPE}."
        raise TokenRefused("invalid_request", said)
    if form.get("requested_token_type", grants.ACCESS_TYPE) != grants.ACCESS_TYPE:
        raise TokenRefused("invalid_request", "Only access tokens are issued here.")
    if "actor_token" in form:
        raise TokenRefused("invalid_request", "Who acts is the client: send no actor_token.")
    if "resource" in form or "audience" in form:
        raise TokenRefused("invalid_target", "A token is for this server only.")
    return form["subject_token"]


def _client(request: HttpRequest, form: dict[str, str]) -> tuple[str, str]:
    """Return the agent's id and the key, by one method and not by two (RFC 6749, section 2.3)."""
    header = request.headers.get("Authorization", "")
    if not header:
        if "client_id" not in form or "client_secret" not in form:
            raise TokenRefused("invalid_client", "Send the agent's id and a key.", status=401)
        return form["client_id"], form["client_secret"]
    if "client_secret" in form:
        raise TokenRefused("invalid_request", "Send the key once: in the header or in the body.")
    scheme, _, encoded = header.partition(" ")
    try:
        shown = b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (ValueError, Base64Error):
        shown = ""
    name, colon, secret = shown.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise TokenRefused("invalid_client", "Send Basic, or the body.", status=401)
    client_id = unquote_plus(name)
    if form.get("client_id", client_id) != client_id:
        raise TokenRefused("invalid_client", "The agent's id is not clear.", status=401)
    return client_id, unquote_plus(secret)


def _granted(granted: GrantedToken, *, is_exchange: bool) -> JsonResponse:
    body = {
        "access_token": granted.text,
        "token_type": "DPoP" if granted.is_bound else "Bearer",
        "expires_in": granted.expires_in,
        "scope": " ".join(granted.scopes),
    }
    if is_exchange:
        body["issued_token_type"] = grants.ACCESS_TYPE
    return JsonResponse(body, headers=_NOT_STORED)


def _refused(refusal: TokenRefused) -> JsonResponse:
    body: dict[str, Any] = {"error": refusal.error, "error_description": _plain(refusal.words)}
    response = JsonResponse(body, status=refusal.status, headers=_NOT_STORED)
    if refusal.status == 401:
        response["WWW-Authenticate"] = 'Basic realm="govapp", charset="UTF-8"'
    if refusal.status == 405:
        response["Allow"] = "POST"
    if refusal.retry_after:
        response["Retry-After"] = str(refusal.retry_after)
    return response


def _plain(words: str) -> str:
    """Return the words in the characters that a description may have (section 5.2)."""
    return "".join(c for c in words if " " <= c <= "~" and c not in '"\\')
