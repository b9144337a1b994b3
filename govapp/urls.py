"""Every address, one line a floor."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def healthz(_: HttpRequest) -> HttpResponse:
    """Answer that this process serves; says nothing about what is behind it."""
    return HttpResponse("ok", content_type="text/plain")


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("accounts/", include("allauth.urls")),
    path("", include("tenants.urls")),
    path("", include("audit.urls")),
    path("", include("approvals.urls")),
]
