"""Which permissions are dead, for the systems that execute: a small signed list."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

import msgspec
from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.api.base import ApiView
from approvals.services.status_list import sign_status_list
from govapp.common.api.openapi import EVERYWHERE, problems
from govapp.common.api.views import with_entity_tag
from tenants.scopes import Scope

_TAG = OpenApiParameter(
    "If-None-Match",
    str,
    OpenApiParameter.HEADER,
    description="The `ETag` of the last answer: 304 when nothing has changed.",
)


class StatusListAnswer(msgspec.Struct):
    """A JWS of the type `govapp-status-list+jwt`: verify it with the keys at `jwks`."""

    token: str
    issued_at: datetime
    expires_at: datetime
    jwks: str


class StatusListView(ApiView):
    """`/api/v1/status-list`."""

    scopes: ClassVar[Mapping[str, Scope]] = {"GET": Scope.REDEEM}

    @extend_schema(
        operation_id="status_list",
        tags=["grants"],
        summary="Which permissions are dead",
        parameters=[_TAG],
        responses={
            200: StatusListAnswer,
            304: OpenApiResponse(None, "Nothing has changed"),
            **problems(*EVERYWHERE),
        },
    )
    def get(self, request: Request) -> Response:
        """What kill switches stop now, and the `jti` of what must not be accepted any more."""
        made = sign_status_list()
        answer = StatusListAnswer(
            token=made.token,
            issued_at=made.issued_at,
            expires_at=made.expires_at,
            jwks=f"{settings.BASE_URL}/.well-known/jwks.json",
        )
        return with_entity_tag(request, Response(answer))
