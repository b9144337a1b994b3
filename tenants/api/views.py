"""The bases of every API view: what an agent calls, and what a member calls."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.views import APIView

from govapp.common.errors import Forbidden
from tenants.models import Agent, Membership
from tenants.principals import AgentPrincipal, MemberPrincipal
from tenants.scopes import Scope
from tenants.selectors import active_agent, active_members


class TransactionAPIView(APIView):
    """One request is one transaction.

    Errors become problem details and undo the transaction (`govapp.common.api.problems`).
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with transaction.atomic():
            return super().dispatch(request, *args, **kwargs)


class AgentAPIView(TransactionAPIView):
    """For one agent: `self.agent`, with its owner.

    `scopes` says which scope a key needs for a method (`tenants.api.scopes`).
    """

    scopes: ClassVar[Mapping[str, Scope]] = {}
    agent: Agent

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the key, then read the agent: paused between the two is refused as well."""
        super().initial(request, *args, **kwargs)
        principal = request.user
        if isinstance(principal, MemberPrincipal):
            raise Forbidden("This is for agents: use an agent's key, gov_live_….")
        if not isinstance(principal, AgentPrincipal):
            raise AuthenticationFailed
        agent = active_agent(principal.agent_id)
        if agent is None:
            raise AuthenticationFailed
        self.agent = agent


class MemberAPIView(TransactionAPIView):
    """For one person: `self.member`, with the member's roles."""

    is_for_members: ClassVar[bool] = True
    member: Membership

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the token, then read the member: suspended between the two is refused as well."""
        super().initial(request, *args, **kwargs)
        principal = request.user
        if isinstance(principal, AgentPrincipal):
            raise Forbidden("This is for people: use a member's token, gov_user_….")
        if not isinstance(principal, MemberPrincipal):
            raise AuthenticationFailed
        member = active_members().filter(pk=principal.member_id).first()
        if member is None:
            raise AuthenticationFailed
        self.member = member
