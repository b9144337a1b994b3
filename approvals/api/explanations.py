"""Why a request was decided as it was, in words, for an audience."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.api.base import ID
from approvals.selectors.requests import get_request
from audit.explain import Audience, explain_request, why_not_decided_by
from audit.explain.as_json import ExplanationAnswer, as_answer, as_section
from audit.readers import may_read
from govapp.common.api.openapi import EVERYWHERE, problems
from govapp.common.api.views import refuse_unknown_parameters
from govapp.common.errors import Forbidden, Malformed
from tenants.api.views import TransactionAPIView
from tenants.models import Tenant
from tenants.principals import AgentPrincipal, MemberPrincipal
from tenants.scopes import Scope
from tenants.selectors import active_agent, active_members

_AUDIENCE: Final = OpenApiParameter(
    "audience",
    str,
    enum=[each.value for each in Audience],
    default=Audience.AFFECTED.value,
    description="For whom it is said. An agent reads only what a person affected reads.",
)
_PERSON: Final = OpenApiParameter(
    "person",
    str,
    description="A name or member id: `why_not` then also says why they did not decide it.",
)
_LONGEST_NAME: Final = 200


class ActionRequestExplanation(TransactionAPIView):
    """`/api/v1/action-requests/{id}/explanation`, for agents and for members."""

    scopes: ClassVar[Mapping[str, Scope]] = {"GET": Scope.READ}

    known_parameters: ClassVar[tuple[str, ...]] = ("audience", "person")

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        refuse_unknown_parameters(request.query_params, self.known_parameters)

    @extend_schema(
        operation_id="action_requests_explanation",
        summary="Explain a decision",
        parameters=[ID, _AUDIENCE, _PERSON],
        responses={200: ExplanationAnswer, **problems(*EVERYWHERE, 403)},
    )
    def get(self, request: Request, request_id: UUID) -> Response:
        """Explain one request from recorded facts alone; each sentence names its events."""
        audience = _audience(request.query_params.get("audience", Audience.AFFECTED.value))
        person = request.query_params.get("person", "").strip()
        if len(person) > _LONGEST_NAME or "\0" in person:
            raise Malformed(f"A name has at most {_LONGEST_NAME} characters.")
        _check_may_read(request.user, request_id, audience, person)
        tenant = Tenant.objects.get()
        explanation = explain_request(
            request_id, audience, zone=tenant.time_zone, tenant=tenant.name
        )
        answer = as_answer(explanation)
        if person:
            answer.why_not.append(as_section(why_not_decided_by(request_id, person)))
        return Response(answer)


def _audience(text: str) -> Audience:
    if text not in list(Audience):
        raise Malformed("`audience` is affected, officer or engineer.")
    return Audience(text)


def _check_may_read(principal: Any, request_id: UUID, audience: Audience, person: str) -> None:
    """Raise unless the caller may read this: agents of their own, members who read the record."""
    if isinstance(principal, AgentPrincipal):
        agent = active_agent(principal.agent_id)
        if agent is None:
            raise AuthenticationFailed
        get_request(request_id, agent_id=agent.pk)
        if audience != Audience.AFFECTED or person:
            raise Forbidden("Agents read only what a person affected reads: no names of people.")
        return
    if not isinstance(principal, MemberPrincipal):
        raise AuthenticationFailed
    member = active_members().filter(pk=principal.member_id).first()
    if member is None:
        raise AuthenticationFailed
    if not may_read(member):
        raise Forbidden("The record is read by owners, compliance and auditors.")
    if person and audience == Audience.AFFECTED:
        raise Malformed("`person` is for officers and engineers: a person affected reads no names.")
