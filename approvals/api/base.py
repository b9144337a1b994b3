"""What the views of this floor's API share."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar, Final
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from govapp.common.api.views import refuse_unknown_parameters
from govapp.common.errors import FieldError, Malformed
from tenants.api.views import AgentAPIView
from tenants.models import Tenant

LONGEST_KEY: Final = 255

ID: Final = OpenApiParameter(
    "request_id",
    {"type": "string", "pattern": "^ar_[0-9a-z]{26}$"},
    OpenApiParameter.PATH,
    description="The action request.",
)
IDEMPOTENCY_KEY: Final = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    required=True,
    description="New for each action, the same for each repetition of it; a UUID serves well.",
)


class ApiView(AgentAPIView):
    """A view that knows its parameters and refuses others."""

    known_parameters: ClassVar[tuple[str, ...]] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        refuse_unknown_parameters(request.query_params, self.known_parameters)

    @property
    def tenant_slug(self) -> str:
        return _slug_of(self.agent.tenant_id)


@lru_cache(maxsize=10_000)
def _slug_of(tenant_id: UUID) -> str:
    """Return the bound tenant's slug, which never changes."""
    return Tenant.objects.values_list("slug", flat=True).get(pk=tenant_id)


def idempotency_key(headers: Mapping[str, str]) -> str:
    """Return the caller's `Idempotency-Key`; raise `Malformed` when it is missing or unfit."""
    key = headers.get("Idempotency-Key", "")
    if not key:
        raise Malformed(
            "Send the header Idempotency-Key: a new one for each action, and the same one when"
            " you repeat it because no answer came. A UUID serves well.",
            code="idempotency_key_missing",
            errors=[FieldError("Idempotency-Key", "This header is required.")],
        )
    if len(key) > LONGEST_KEY or not all("!" <= character <= "~" for character in key):
        raise Malformed(
            f"An Idempotency-Key has 1 to {LONGEST_KEY} visible ASCII characters.",
            errors=[FieldError("Idempotency-Key", "This cannot be used as a key.")],
        )
    return key
