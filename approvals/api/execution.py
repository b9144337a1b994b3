"""The signed permission: issue, redeem, report, and the keys that verify it."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from approvals.api.answers import ActionRequestAnswer, answer_for
from approvals.api.base import ID, ApiView
from approvals.api.bodies import ExecutionReport, Redemption
from approvals.api.delegations import refused
from approvals.api.grant_answers import GrantAnswer, KeySet, RedemptionAnswer, grant_for
from approvals.selectors.keys import jwks
from approvals.selectors.requests import get_request
from approvals.services.delegations import DelegationRefused
from approvals.services.execution import issue_grant, redeem_grant, report_execution
from govapp.common.api.bodies import parse_body
from govapp.common.api.openapi import EVERYWHERE, WITH_BODY, problems
from govapp.common.api.ratelimit import spend_for_address
from govapp.common.ids import public_id
from tenants.api.scopes import HasScope, check_category
from tenants.scopes import Scope


class ActionRequestGrant(ApiView):
    """`/api/v1/action-requests/{id}/grant`."""

    scopes: ClassVar[Mapping[str, Scope]] = {"POST": Scope.GRANT}

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
        try:
            grant = issue_grant(agent=self.agent, request_id=request_id)
        except DelegationRefused as refusal:
            return refused(self.agent, refusal)
        return Response(grant_for(grant), status=201)


class ActionRequestExecution(ApiView):
    """`/api/v1/action-requests/{id}/execution`."""

    scopes: ClassVar[Mapping[str, Scope]] = {"POST": Scope.REPORT}

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
        get_request(request_id, agent_id=self.agent.pk)
        report_execution(
            agent=self.agent,
            request_id=request_id,
            outcome=body.outcome,
            note=body.note,
            cost=body.cost.to_dict() if body.cost else None,
        )
        found = get_request(request_id, agent_id=self.agent.pk)
        return Response(answer_for(found, tenant_slug=self.tenant_slug))


class GrantRedeem(APIView):
    """`/api/v1/grants/redeem`: for the system that executes, which need not have a key.

    The permission speaks for itself: it is signed, short-lived and works once.
    """

    scopes: ClassVar[Mapping[str, Scope]] = {"POST": Scope.REDEEM}

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
        """Succeeds once, ever: act only after this has answered 200."""
        if getattr(request, "principal", None) is None:
            spend_for_address("redeem", request.META.get("REMOTE_ADDR", ""))
        body = parse_body(request.data, Redemption)
        grant = redeem_grant(token=body.token, redeemed_by=body.redeemed_by)
        return Response(
            RedemptionAnswer(
                request=public_id("ar", grant.request_id),
                jti=str(grant.jti),
                payload_digest=grant.payload_digest,
                redeemed_at=grant.redeemed_at,
            )
        )


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
