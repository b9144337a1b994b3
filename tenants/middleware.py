"""Who is asking, and for which tenant: by the path for pages, by the key for the API."""

import re
from collections.abc import Callable
from typing import Final, cast
from uuid import UUID

import structlog
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.handlers.exception import response_for_exception
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from govapp.common.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from govapp.common.ids import public_id
from govapp.common.middleware import using_key
from govapp.common.tenancy import bind_tenant
from govapp.common.unavailable import is_away
from tenants.api.scopes import REFUSED, USED
from tenants.doors import tenants_of_user
from tenants.http import ApiRequest, PageRequest
from tenants.keys import USER_MARK
from tenants.models import Tenant
from tenants.networks import client_address
from tenants.principals import AgentPrincipal, Principal
from tenants.refusals import KeyRefusedError
from tenants.selectors import active_member, moment_read
from tenants.services.access import BEARER, DPOP, Shown, authenticate_key
from tenants.services.key_uses import note_key_use, note_refusal
from tenants.services.tokens import authenticate_token

log = structlog.get_logger(__name__)

KEY_PATHS: Final = ("/api/", "/gateway/")
"""Where agents and members' programs show a key."""
_PAGE: Final = re.compile(r"/t/([-a-zA-Z0-9_]+)/")


class ApiKeyMiddleware:
    """Knows the agent or the member by the key and binds the tenant of the key, for `KEY_PATHS`.

    It answers nothing by itself: the API's authentication refuses when there is no principal, with
    the reason that is left here if there is one. Afterwards it keeps what a key was used for, and
    records why one that is right was refused.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(KEY_PATHS):
            return self.get_response(request)
        asked = cast("ApiRequest", request)
        principal: Principal | None = None
        try:
            principal = _principal_of(request)
        except (Forbidden, Unauthenticated, Unavailable) as refusal:
            asked.refusal = refusal
        asked.principal = principal
        if principal is None:
            response: HttpResponseBase = self.get_response(request)
            refused = getattr(asked, "refusal", None)
        else:
            with bind_tenant(principal.tenant_id), using_key(_key_of(principal)):
                response = self.get_response(request)
            refused = request.META.get(REFUSED)
        if transaction.get_connection().needs_rollback:
            return response  # called inside of a transaction that is undone, as a note would be
        try:
            _note(request, principal, refused)
        except Exception as error:
            if not is_away(error):
                raise
            # The answer stands, whether what it was about could be noted or not.
            log.warning("key_use.not_noted", reason=type(error).__name__)
        return response


def _note(request: HttpRequest, principal: Principal | None, refused: object) -> None:
    if isinstance(refused, KeyRefusedError):
        note_refusal(refused, address=client_address(request))
    if isinstance(principal, AgentPrincipal) and principal.use_is_unnoted:
        scope = request.META.get(USED, "")
        note_key_use(principal, address=client_address(request), scope=scope)


def _key_of(principal: Principal) -> str:
    """Return the id of an agent's key, also where it calls with a token of the key."""
    if isinstance(principal, AgentPrincipal):
        return public_id("key", principal.credential_id)
    return ""


def _principal_of(request: HttpRequest) -> Principal | None:
    scheme, text = authorization(request)
    if text.startswith(USER_MARK):
        return authenticate_token(text) if scheme == BEARER else None
    return authenticate_key(
        Shown(
            text,
            scheme=scheme,
            proof=request.headers.get("DPoP", ""),
            method=str(request.method),
            url=settings.BASE_URL + request.path,
            address=lambda: client_address(request),
            is_repeat=bool(request.META.get("govapp.repeats")),
        )
    )


def authorization(request: HttpRequest) -> tuple[str, str]:
    """Return the scheme, `bearer` (RFC 6750) or `dpop` (RFC 9449), and the token, or nothing."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() not in {BEARER, DPOP}:
        return "", ""
    return scheme.lower(), text.strip()


class TenantPageMiddleware:
    """Binds the tenant of the path and opens the page's transaction.

    Somebody who is no member, and a tenant that does not exist, get the same 404. `/t/<slug>/`
    pages run in one transaction: outside of one, row-level security shows no rows. Whatever a
    view raises undoes it. Times are shown in the tenant's time zone.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith("/t/"):
            return self.get_response(request)
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        path = _PAGE.match(request.path_info)
        page = cast("PageRequest", request)
        # One statement finds the tenant among the person's own, and fills the switcher.
        page.tenants_of_user = tenants_of_user.call(request.user.pk) if path else []
        ids = {row["slug"]: row["tenant_id"] for row in page.tenants_of_user}
        tenant_id = ids.get(path[1]) if path else None
        if tenant_id is None:
            raise Http404
        with bind_tenant(tenant_id), transaction.atomic():
            tenant = self._admit(page, tenant_id)
            with timezone.override(tenant.time_zone):
                response = self._answer(request, tenant)
            if response.status_code >= 500:
                transaction.set_rollback(True)
            # What is a tenant's stays in no cache, not even behind the browser's back button.
            response.setdefault("Cache-Control", "private, no-store")
            return response

    def _answer(self, request: HttpRequest, tenant: Tenant) -> HttpResponseBase:
        if tenant.is_suspended:  # told to its members; to others it does not exist
            context = {"account": tenant.name}
            return render(request, "tenants/suspended.html", context, status=403)
        return self.get_response(request)

    @staticmethod
    def _admit(request: PageRequest, tenant_id: UUID) -> Tenant:
        membership = active_member(request.user.pk)
        if membership is None:
            raise Http404
        request.tenant = Tenant.objects.get(pk=tenant_id)
        request.membership = membership
        request.began_at = moment_read(membership)
        return request.tenant

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Undo the page's transaction, and turn a refusal that no view caught into its page."""
        if hasattr(request, "tenant"):
            transaction.set_rollback(True)
        shown = _as_page(error)
        return None if shown is None else response_for_exception(request, shown)


def _as_page(error: Exception) -> Exception | None:
    match error:
        case NotFound():
            return Http404(error.detail)
        case Forbidden():
            return PermissionDenied(error.detail)
        case _:
            return None
