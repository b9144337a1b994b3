"""Who is asking, and for which tenant: by the path for pages, by the key for the API."""

import re
from collections.abc import Callable
from typing import Final, cast
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.handlers.exception import response_for_exception
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from govapp.common.errors import Forbidden, NotFound
from govapp.common.tenancy import bind_tenant
from tenants.doors import tenants_of_user
from tenants.http import ApiRequest, PageRequest
from tenants.keys import USER_MARK
from tenants.models import Tenant
from tenants.principals import Principal
from tenants.selectors import active_member, moment_read
from tenants.services.credentials import authenticate_key
from tenants.services.tokens import authenticate_token

_PAGE: Final = re.compile(r"/t/([-a-zA-Z0-9_]+)/")
_SCHEME: Final = "bearer "


class ApiKeyMiddleware:
    """Knows the agent or the member by the key and binds the tenant of the key, for `/api/` only.

    It answers nothing by itself: the API's authentication refuses when there is no principal, with
    the reason that is left here if there is one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith("/api/"):
            return self.get_response(request)
        asked, text = cast("ApiRequest", request), bearer_token(request)
        principal: Principal | None = None
        try:
            is_members = text.startswith(USER_MARK)
            principal = authenticate_token(text) if is_members else authenticate_key(text)
        except Forbidden as refusal:
            asked.refusal = refusal
        asked.principal = principal
        if principal is None:
            return self.get_response(request)
        with bind_tenant(principal.tenant_id):
            return self.get_response(request)


def bearer_token(request: HttpRequest) -> str:
    """Return the token of the Authorization header (RFC 6750), or an empty string."""
    header = request.headers.get("Authorization", "")
    if header[: len(_SCHEME)].lower() != _SCHEME:
        return ""
    return header[len(_SCHEME) :].strip()


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
