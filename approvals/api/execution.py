"""The signed permission: issue, redeem, report, and the keys that verify it."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from approvals.api.answers import ActionRequestAnswer, answer_for, path_of
from approvals.api.base import ID, ApiView
from approvals.api.bodies import ExecutionReport, Redemption, UndoAsked
from approvals.api.delegations import refused
from approvals.api.grant_answers import (
    GrantAnswer,
    KeySet,
    RedemptionAnswer,
    grant_for,
    redemption_for,
)
from approvals.selectors.keys import jwks
from approvals.selectors.requests import get_request
from approvals.selectors.undoing import undo_of
from approvals.services.delegations import DelegationRefused
from approvals.services.execution import (
    issue_grant,
    redeem_with_key,
    report_execution,
)
from approvals.services.undoing import request_undo
from govapp.common.api.bodies import parse_body
from govapp.common.api.openapi import EVERYWHERE, WITH_BODY, problems
from govapp.common.api.ratelimit import spend_for_address
from tenants.api.scopes import HasScope, check_category, held_is_noted, require_bound_to
from tenants.principals import AgentPrincipal
from tenants.scopes import Scope


class ActionRequestGrant(ApiView):
    """`/api/v1/action-requests/{id}/grant`."""

    scopes: ClassVar[Mapping[str, Scope]] = {"POST": Scope.GRANT}
    honours_delegation = True  # for what was asked under it

    @extend_schema(
        operation_id="action_requests_grant",
        summary="Get the signed permission",
        parameters=[ID],
        request=None,
        responses={201: GrantAnswer, **problems(*EVERYWHERE, 403, 409)},
    )
    def post(self, request: Request, request_id: UUID) -> Response:
        """Issue the permission of an allowed or approved request: a JWS, once, for minutes."""
        found = get_request(request_id, agent_id=self.agent.pk)
        check_category(request, found.category_key)
        require_bound_to(request, found.delegation_id)
        with held_is_noted(request):
            try:
                grant = issue_grant(agent=self.agent, request_id=request_id)
            except DelegationRefused as refusal:
                return refused(self.agent, refusal)
        return Response(grant_for(grant), status=201)


class ActionRequestExecution(ApiView):
    """`/api/v1/action-requests/{id}/execution`."""

    scopes: ClassVar[Mapping[str, Scope]] = {"POST": Scope.REPORT}
    goes_on_when_killed = True  # what was done before is still to be known
    honours_delegation = True  # for what was asked under it

    @extend_schema(
        operation_id="action_requests_report_execution",
        summary="Report what became of it",
        parameters=[ID],
        request=ExecutionReport,
        responses={200: ActionRequestAnswer, **problems(*WITH_BODY)},
    )
    def post(self, request: Request, request_id: UUID) -> Response:
        """Say how the execution ended, with a note and what it cost."""
        body = parse_body(request.data, ExecutionReport)
        asked = get_request(request_id, agent_id=self.agent.pk)
        require_bound_to(request, asked.delegation_id)
        report_execution(
            agent=self.agent,
            request_id=request_id,
            outcome=body.outcome,
            note=body.note,
            cost=body.cost.to_dict() if body.cost else None,
        )
        found = get_request(request_id, agent_id=self.agent.pk)
        return Response(answer_for(found, tenant_slug=self.tenant_slug))


class ActionRequestUndo(ApiView):
    """`/api/v1/action-requests/{id}/undo`."""

    scopes: ClassVar[Mapping[str, Scope]] = {"POST": Scope.SUBMIT}
    honours_delegation = True  # the undo comes under it as well

    @extend_schema(
        operation_id="action_requests_undo",
        summary="Ask that an executed action is taken back",
        parameters=[ID],
        request=UndoAsked,
        responses={
            201: OpenApiResponse(ActionRequestAnswer, "Decided at once: allowed or blocked"),
            202: OpenApiResponse(ActionRequestAnswer, "People decide; wait for it at `Location`"),
            **problems(*WITH_BODY),
        },
    )
    def post(self, request: Request, request_id: UUID) -> Response:
        """Submit the action that takes it back, as its category says: another request, once."""
        body = parse_body(request.data, UndoAsked)
        found = get_request(request_id, agent_id=self.agent.pk)
        require_bound_to(request, found.delegation_id)
        if (undo := undo_of(found)) is not None:
            check_category(request, undo.category)
        made = request_undo(actor=self.agent, request_id=request_id, reason=body.reason)
        answer = answer_for(made, tenant_slug=self.tenant_slug)
        response = Response(answer, status=202 if made.is_pending else 201)
        response["Location"] = path_of(made)
        return response


class GrantRedeem(APIView):
    """`/api/v1/grants/redeem`: for the system that executes, which need not have a key.

    The permission speaks for itself: it is signed, short-lived and works once.
    """

    scopes: ClassVar[Mapping[str, Scope]] = {"POST": Scope.REDEEM}
    goes_on_when_killed = True  # refuses, and the record of the permission says so
    honours_delegation = True  # likewise

    # Nobody needs a key here; who sends one is held to its scopes.
    permission_classes = [HasScope]

    @extend_schema(
        operation_id="grants_redeem",
        summary="Use the permission, once",
        auth=[],
        request=Redemption,
        responses={200: RedemptionAnswer, **problems(*WITH_BODY)},
    )
    def post(self, request: Request) -> Response:
        """Succeeds once, ever: act only after this has answered 200.

        For an integration whose secret is given out it takes a key, and the answer has the secret
        as `credential`, this once.
        """
        principal = getattr(request, "principal", None)
        if principal is None:
            spend_for_address("redeem", request.META.get("REMOTE_ADDR", ""))
        body = parse_body(request.data, Redemption)
        by = principal if isinstance(principal, AgentPrincipal) else None
        used = redeem_with_key(token=body.token, redeemed_by=body.redeemed_by, by=by)
        response = Response(redemption_for(used))
        response["Cache-Control"] = "no-store"
        return response


class GrantKeys(APIView):
    """`/.well-known/jwks.json`."""

    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []

    @extend_schema(
        operation_id="grant_keys",
        tags=["grants"],
        summary="The public keys that verify a permission",
        auth=[],
        responses={200: KeySet, **problems(405, 406)},
    )
    def get(self, request: Request) -> Response:
        """RFC 7517. Choose by `kid`."""
        response = Response(msgspec.convert(jwks(), KeySet))
        response["Cache-Control"] = "public, max-age=300"
        return response
