"""Handing rights on from agent to agent (design: API page, "Delegations")."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.api.base import ApiView
from approvals.api.delegation_bodies import (
    DelegationAnswer,
    DelegationPage,
    DelegationRevocation,
    DelegationWish,
    answer_of,
    handed_answer,
)
from approvals.selectors.delegations import (
    Direction,
    chain_ids,
    get_delegation,
    list_delegations,
)
from approvals.services.delegations import (
    DelegationRefused,
    create_delegation,
    note_refused_use,
    note_refused_wish,
    revoke_delegation,
)
from govapp.common import clock
from govapp.common.api.bodies import parse_body
from govapp.common.api.converters import PublicIdConverter
from govapp.common.api.openapi import EVERYWHERE, WITH_BODY, problems
from govapp.common.api.pagination import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    Position,
    next_link,
    page_answer,
)
from govapp.common.api.problems import CONTENT_TYPE, problem_body
from govapp.common.api.views import read_limit
from govapp.common.errors import FieldError, Invalid, Malformed, NotFound
from govapp.common.ids import public_id
from tenants.models import Agent
from tenants.scopes import Scope

_ID: Final = OpenApiParameter(
    "delegation_id",
    {"type": "string", "pattern": "^dg_[0-9a-z]{26}$"},
    OpenApiParameter.PATH,
    description="The delegation.",
)
_DIRECTION: Final = OpenApiParameter(
    "direction",
    {"type": "string", "enum": ["in", "out"]},
    description="What was handed to this agent, or what it handed on; both without it.",
)
_CURSOR: Final = OpenApiParameter("cursor", {"type": "string"}, description="`next_cursor`.")
_LIMIT: Final = OpenApiParameter(
    "limit",
    {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    description="Rows a page.",
)


class DelegationIdConverter(PublicIdConverter):
    """`dg_…`."""

    prefix = "dg"


class Delegations(ApiView):
    """`/api/v1/delegations`."""

    scopes: ClassVar[Mapping[str, Scope]] = {"GET": Scope.READ, "POST": Scope.DELEGATE}
    honours_delegation = True  # what is handed on is part of it

    @property
    def known_parameters(self) -> tuple[str, ...]:  # type: ignore[override]
        return () if self.request.method == "POST" else ("direction", "cursor", "limit")

    @extend_schema(
        operation_id="delegations_create",
        summary="Hand rights on to another agent",
        request=DelegationWish,
        responses={201: DelegationAnswer, **problems(*WITH_BODY)},
    )
    def post(self, request: Request) -> Response:
        """Give another agent part of what this one has: a token that it sends along."""
        body = parse_body(request.data, DelegationWish)
        wish = body.to_wish()
        under = bound_to(request, body.under, "/under")
        try:
            handed = create_delegation(
                actor=self.agent, credential_id=_credential_of(request), wish=wish, under=under
            )
        except DelegationRefused as refusal:
            if refusal.claim is None:
                note_refused_wish(by=self.agent, to=wish.to, code=refusal.code, why=refusal.detail)
            return refused(self.agent, refusal)
        return Response(handed_answer(handed), status=201)

    @extend_schema(
        operation_id="delegations_list",
        summary="List what was handed to this agent, and what it handed on",
        parameters=[_DIRECTION, _CURSOR, _LIMIT],
        responses={200: DelegationPage, **problems(*EVERYWHERE)},
    )
    def get(self, request: Request) -> Response:
        """Page through with `next_cursor` or the `Link` header."""
        query = request.query_params
        cursor = query.get("cursor")
        page = list_delegations(
            self.agent,
            direction=_direction(query.get("direction")),
            after=None if cursor is None else Position.from_cursor(cursor),
            limit=read_limit(query),
        )
        now = clock.now()
        following = page.next_position.to_cursor() if page.next_position else None
        response = Response(page_answer([answer_of(row, now) for row in page.rows], following))
        if following is not None:
            response["Link"] = next_link(request.path, query, following)
        return response


class DelegationRevoke(ApiView):
    """`/api/v1/delegations/{id}/revoke`."""

    scopes: ClassVar[Mapping[str, Scope]] = {"POST": Scope.DELEGATE}
    honours_delegation = True  # for what is under it

    @extend_schema(
        operation_id="delegations_revoke",
        summary="Cut a delegation and everything under it",
        parameters=[_ID],
        request=DelegationRevocation,
        responses={200: DelegationAnswer, **problems(*WITH_BODY)},
    )
    def post(self, request: Request, delegation_id: UUID) -> Response:
        """From now on nothing is done under it: by whoever handed it on, or above it."""
        body = parse_body(request.data, DelegationRevocation)
        _require_under_token(request, delegation_id)
        revoke_delegation(actor=self.agent, delegation_id=delegation_id, reason=body.reason)
        return Response(answer_of(get_delegation(delegation_id), clock.now()))


def _credential_of(request: Request) -> UUID:
    holder: Any = request.user  # an agent: the view has seen to that
    ident: UUID = holder.credential_id
    return ident


def bound_to(request: Request, token: str, pointer: str) -> str:
    """Return the delegation that a request comes under: that of its access token, or the one sent.

    Raises `Invalid` when there are both.
    """
    bound: UUID | None = getattr(request.user, "delegation_id", None)
    if bound is None:
        return token
    if token:
        detail = "The access token is bound to a delegation already: leave this out."
        raise Invalid(detail, errors=[FieldError(pointer, detail)])
    return public_id("dg", bound)


def _require_under_token(request: Request, delegation_id: UUID) -> None:
    bound: UUID | None = getattr(request.user, "delegation_id", None)
    if bound is not None and bound not in chain_ids(get_delegation(delegation_id).path):
        raise NotFound("There is no such delegation.")


def refused(agent: Agent, refusal: DelegationRefused) -> Response:
    """Answer a refusal, and keep it in the record: so it is returned here, and not raised."""
    if refusal.claim is not None:
        note_refused_use(refusal.claim, by=agent, code=refusal.code, why=refusal.detail)
    return Response(problem_body(refusal), status=403, content_type=CONTENT_TYPE)


def _direction(text: str | None) -> Direction | None:
    match text:
        case None:
            return None
        case "in":
            return "in"
        case "out":
            return "out"
    raise Malformed("Write in or out.", errors=[FieldError("direction", "Write in or out.")])
