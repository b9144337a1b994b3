"""What Slack calls when somebody presses a button: signed by Slack, answered within seconds."""

from typing import Final

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from approvals.chat_presses import REASON_BLOCK, read_press
from approvals.services.chat_interactions import admit_call, answer_press
from approvals.transports.failures import DeliveryFailure
from approvals.transports.slack import answer
from govapp.common.errors import DomainError, Malformed, NotFound, Unauthenticated

log = structlog.get_logger(__name__)

_LONGEST: Final = 256 * 1024
_STATUS: Final[dict[type[DomainError], int]] = {
    NotFound: 404,
    Unauthenticated: 401,
    Malformed: 400,
}


# The signature takes the place of the token: Slack has no cookie of ours.
@csrf_exempt
@require_POST
@never_cache
def slack_interactions(request: HttpRequest, ident: str) -> HttpResponse:
    """Do what was pressed in Slack, once, and show the answer there."""
    body = request.body
    if len(body) > _LONGEST:
        return HttpResponse("Too large.", status=413, content_type="text/plain")
    try:
        tenant_id, connection_id, secrets = admit_call(
            ident=ident,
            body=body,
            timestamp=request.headers.get("x-slack-request-timestamp", ""),
            signature=request.headers.get("x-slack-signature", ""),
        )
        press = read_press(_payload(body))
    except (NotFound, Unauthenticated, Malformed) as refusal:
        return HttpResponse(
            refusal.detail, status=_STATUS[type(refusal)], content_type="text/plain"
        )
    reply = answer_press(tenant_id=tenant_id, secrets=secrets, press=press)
    if reply.kind == "fault" or (press.is_form and reply.kind == "tell"):
        return JsonResponse({"response_action": "errors", "errors": {REASON_BLOCK: reply.text}})
    try:
        answer(secrets, press, reply)
    except DeliveryFailure as failure:
        # What was decided stays decided; only the words did not get there.
        log.warning("slack.answer_lost", connection=str(connection_id), why=failure.why)
    return HttpResponse(status=200)


def _payload(body: bytes) -> str:
    try:
        return QueryDict(body.decode("utf-8")).get("payload") or ""
    except UnicodeDecodeError as error:
        raise Malformed("This is no interaction of Slack.") from error
