"""The schema and its page, from this server alone: no CDN, no inline script."""

from functools import cache
from typing import Any

from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.validation import validate_schema


@cache
def schema_documents() -> tuple[bytes, bytes]:
    """Return the OpenAPI 3.1 document as JSON and YAML; made once a process."""
    schema: Any = SchemaGenerator().get_schema(  # type: ignore[no-untyped-call]
        request=None, public=True
    )
    validate_schema(schema)  # type: ignore[no-untyped-call]
    as_json: bytes = OpenApiJsonRenderer().render(schema, renderer_context={})
    as_yaml: bytes = OpenApiYamlRenderer().render(  # type: ignore[no-untyped-call]
        schema, renderer_context={}
    )
    return as_json, as_yaml


@require_safe
def openapi_json(_: HttpRequest) -> HttpResponse:
    """Serve the schema as JSON."""
    return HttpResponse(schema_documents()[0], content_type="application/vnd.oai.openapi+json")


@require_safe
def openapi_yaml(_: HttpRequest) -> HttpResponse:
    """Serve the schema as YAML: the same bytes as `openapi.yaml` in the repository."""
    return HttpResponse(schema_documents()[1], content_type="application/yaml; charset=utf-8")


@require_safe
# Swagger UI builds its page out of markup, which Trusted Types would forbid; all else holds.
@csp_replace({"require-trusted-types-for": None, "trusted-types": None})
def docs(request: HttpRequest) -> HttpResponse:
    """Serve the page on which the API can be read and tried."""
    return render(request, "api/docs.html")
