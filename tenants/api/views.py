"""The base of every API view that an agent calls."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.views import APIView

from tenants.models import Agent
from tenants.principals import AgentPrincipal
from tenants.selectors import active_agent


class AgentAPIView(APIView):
    """One request is one transaction, for one agent: `self.agent`, with its owner.

    Errors become problem details and undo the transaction (`govapp.common.api.problems`).
    """

    agent: Agent

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with transaction.atomic():
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the key, then read the agent: paused between the two is refused as well."""
        super().initial(request, *args, **kwargs)
        principal = request.user
        if not isinstance(principal, AgentPrincipal):
            raise AuthenticationFailed
        agent = active_agent(principal.agent_id)
        if agent is None:
            raise AuthenticationFailed
        self.agent = agent
