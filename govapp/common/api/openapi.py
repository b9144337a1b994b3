"""The schema from the code: msgspec structs, the key, and the problem document.

Found by drf-spectacular through `CommonConfig.ready`.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from drf_spectacular.drainage import set_override
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiResponse

_REF: Final = "#/components/schemas/{name}"


class StructExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Lets `@extend_schema` take msgspec structs, so that parser and schema are one thing."""

    target_class = "msgspec.Struct"
    match_subclasses = True

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        set_override(self.target, "suppress_collision_warning", True)
        return str(self.target.__name__)

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        _, components = msgspec.json.schema_components([self.target], ref_template=_REF)
        schema: dict[str, Any] = components.pop(self.target.__name__)
        for name, part in components.items():
            auto_schema.registry.register_on_missing(
                ResolvedComponent(  # type: ignore[no-untyped-call]
                    name=name, type=ResolvedComponent.SCHEMA, object=name, schema=part
                )
            )
        return schema


class CredentialScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """An agent's key as a bearer token."""

    target_class = "tenants.api.authentication.CredentialAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "gov_live_<prefix>_<secret> or gov_user_<prefix>_<secret>",
            "description": (
                "An agent's key (gov_live_…) where agents act, or its token for at most 15 minutes"
                " (gov_at_…) from POST /oauth/token (RFC 6749, client credentials: the agent's id"
                " and a key), which is sent as DPoP with a proof when it was asked for with one"
                " (RFC 9449); a member's token (gov_user_…) for policies. All are shown once, and"
                " name the account. A key without the scope of an address gets 403."
            ),
        }


class Fault(msgspec.Struct):
    """One fault in the input."""

    pointer: str
    detail: str


class Problem(msgspec.Struct):
    """What went wrong, in words for whoever has to act on it (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[Fault] = []


_PROBLEMS: Final[Mapping[int, str]] = {
    400: "Malformed, or it names a field or parameter that does not exist",
    401: "No valid key",
    403: "Not allowed for this agent or member",
    404: "There is no such thing for this agent or member",
    405: "This address does not know that method",
    406: "None of the accepted media types can be served",
    409: "The present state does not allow it",
    412: "It has changed since the `ETag` in `If-Match`; read it again",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "Readable, but it breaks a rule; `errors` says where",
    428: "`If-Match` is missing; send the `ETag` of what you started from",
    429: "Too many requests; `Retry-After` says when to come again",
    503: "A server that is needed is away; ask again after `Retry-After`, as you asked before",
}
EVERYWHERE: Final = (400, 401, 403, 404, 405, 406, 429, 503)
WITH_ENTITY_TAG: Final = (412, 428)
WITH_BODY: Final = (*EVERYWHERE, 403, 409, 413, 415, 422)


def problems(*statuses: int) -> dict[tuple[int, str], Any]:
    """Return the responses of these error statuses, for `@extend_schema(responses=…)`."""
    return {
        (status, "application/problem+json"): OpenApiResponse(Problem, _PROBLEMS[status])
        for status in sorted(statuses)
    }


def name_events_header(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Say of every answer to a change that it names the events recorded for it."""
    header = {
        "schema": {"type": "string"},
        "description": (
            "The events recorded for this call; /api/v1/audit/receipts/{event} proves each"
        ),
    }
    for path in result["paths"].values():
        for method in ("post", "put", "patch", "delete"):
            for status, answer in path.get(method, {}).get("responses", {}).items():
                if status.startswith("2"):
                    answer.setdefault("headers", {})["Govapp-Events"] = header
    return result
