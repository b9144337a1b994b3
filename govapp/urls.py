"""Every address, one line a floor."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from approvals.api.execution import GrantKeys
from approvals.api.gateway import ChatCompletions, Embeddings
from approvals.views.metrics import metrics
from govapp.common.api.schema_views import docs, openapi_json, openapi_yaml
from tenants.api.oauth import metadata, token
from tenants.views.account import closed


def healthz(_: HttpRequest) -> HttpResponse:
    """Answer that this process serves; says nothing about what is behind it."""
    return HttpResponse("ok", content_type="text/plain")


handler500 = "govapp.common.unavailable.failed"

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
    path("api/v1/openapi.json", openapi_json, name="openapi_json"),
    path("api/v1/openapi.yaml", openapi_yaml, name="openapi_yaml"),
    path("api/v1/docs", docs, name="api_docs"),
    path("api/v1/", include("approvals.api.urls")),
    path("gateway/v1/chat/completions", ChatCompletions.as_view()),
    path("gateway/v1/embeddings", Embeddings.as_view()),
    path(".well-known/jwks.json", GrantKeys.as_view(), name="jwks"),
    path(".well-known/oauth-authorization-server", metadata, name="oauth_metadata"),
    path("oauth/token", token, name="oauth_token"),
    path("accounts/email/", closed),
    path("accounts/", include("allauth.urls")),
    path("", include("tenants.urls")),
    path("", include("audit.urls")),
    path("", include("approvals.urls")),
]
