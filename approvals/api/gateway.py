"""`/gateway/v1/…`: OpenAI's protocol on the tenant's own key (docs/gateway.md).

Here a call is opened, in the ordinary way through the whole of Django: key, scope, limits, tenant.
What carries it out holds no thread and no connection: `gateway_calls.py`, in the event loop.
"""

from collections.abc import Mapping
from functools import partial
from typing import IO, Any, ClassVar, Final, cast

from django.db import transaction
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.api.base import ApiView
from approvals.gateway.asked import Kind
from approvals.gateway.faults import Fault
from approvals.services.gateway import open_call
from govapp.common.api.parsers import parse_strict_json
from govapp.common.api.problems import CONTENT_TYPE
from govapp.common.errors import Malformed
from govapp.common.middleware import correlation_id
from tenants.api.scopes import check_category
from tenants.principals import AgentPrincipal
from tenants.scopes import Scope

TICKET: Final = "govapp.gateway"
"""Where the event loop leaves a list in the environment, and finds the ticket in it."""
_HEADER_CHARACTERS: Final = 100
_NO_LOOP: Final = Fault(
    501, "not_served_here", "Calls of models are served by the ASGI application only."
)


class GatewayParser(BaseParser):
    """The strict parser, for whatever content type a client of OpenAI's sends."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        value = parse_strict_json(stream.read())
        if not isinstance(value, dict):
            raise Malformed("The body has to be a JSON object.")
        return value


class ModelCalls(ApiView):
    """Opens a call of a model; the subclasses say of which kind."""

    schema = None  # OpenAI's protocol, not ours: docs/gateway.md says what differs
    parser_classes = (GatewayParser,)
    scopes: ClassVar[Mapping[str, Scope]] = {"POST": Scope.MODEL}
    honours_delegation = True  # the call comes under it
    kind: ClassVar[Kind]

    def post(self, request: Request) -> Response:
        """Leave a ticket for whoever carries the call out, or say why there is none."""
        left = request.META.get(TICKET)
        if left is None:
            return fault_response(_NO_LOOP)
        check_category(request, f"model.{self.kind}")
        principal = cast("AgentPrincipal", request.user)
        found = open_call(
            agent=self.agent,
            credential_id=principal.credential_id,
            kind=self.kind,
            body=cast("dict[str, Any]", request.data),
            integration=_named(request, "Govapp-Integration"),
            run=_named(request, "Govapp-Run"),
            delegation_id=principal.delegation_id,
        )
        if isinstance(found, Fault):
            return fault_response(found)
        # What is not committed is neither held of a budget nor in the record: it is not sent on.
        transaction.on_commit(partial(left.append, found))
        return Response({})


class ChatCompletions(ModelCalls):
    """`/gateway/v1/chat/completions`."""

    kind = "chat"


class Embeddings(ModelCalls):
    """`/gateway/v1/embeddings`."""

    kind = "embeddings"


def problem_of(fault: Fault) -> dict[str, Any]:
    """Return a fault as a problem (RFC 9457) with OpenAI's `error` as its extension member."""
    return {
        "type": f"urn:govapp:problem:{fault.code}",
        "title": "The call was not carried out",
        "status": fault.status,
        "detail": fault.told,
        "instance": f"urn:govapp:request:{correlation_id()}",
        "error": fault.to_dict(),
    }


def fault_response(fault: Fault) -> Response:
    """Answer with a fault, and undo nothing: its place in the record stays."""
    return Response(problem_of(fault), status=fault.status, content_type=CONTENT_TYPE)


def _named(request: Request, header: str) -> str:
    value = request.headers.get(header, "").strip()
    if len(value) > _HEADER_CHARACTERS or not value.isprintable():
        raise Malformed(f"The header {header} is not a name.")
    return value
