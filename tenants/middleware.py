"""Pages live under `/t/<slug>/`: the path names the tenant, membership opens the door."""

from collections.abc import Callable
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from govapp.common.tenancy import bind_tenant
from tenants.doors import tenant_by_slug
from tenants.enums import MemberStatus
from tenants.models import Membership, Tenant


class TenantPageMiddleware:
    """Binds the tenant of the path and opens the page's transaction.

    Somebody who is no member, and a tenant that does not exist, get the same 404. `/t/<slug>/`
    pages run in one transaction: outside of one, row-level security shows no rows.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        head, _, rest = request.path_info.removeprefix("/t/").partition("/")
        if not request.path_info.startswith("/t/") or not head or not rest.strip("\0"):
            return self.get_response(request)
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        found = tenant_by_slug.call(head)
        if not found or found[0]["is_suspended"]:
            raise Http404
        with bind_tenant(found[0]["tenant_id"]), transaction.atomic():
            self._admit(request, found[0]["tenant_id"])
            response = self.get_response(request)
            if response.status_code >= 500:
                transaction.set_rollback(True)
            return response

    @staticmethod
    def _admit(request: HttpRequest, tenant_id: UUID) -> None:
        membership = (
            Membership.objects.select_related("user")
            .filter(user=request.user, status=MemberStatus.ACTIVE)
            .first()
        )
        if membership is None:
            raise Http404
        request.tenant = Tenant.objects.get(pk=tenant_id)  # type: ignore[attr-defined]
        request.membership = membership  # type: ignore[attr-defined]
