"""Slack's Web API: messages to one person, and answers to what they press.

The address is Slack's own and not a tenant's, so slack_sdk's client makes the connection; it
tries once, writes no log, and what failed is said by Slack's code and never by its answer.
"""

import http.client
import logging
import re
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from approvals.chat_presses import Press, Reply, write_metadata
from approvals.enums import DeliveryStatus, NotificationChannel, NotificationKind
from approvals.messages import Message
from approvals.models import ChatConnection, Notification
from approvals.services.chat_connections import SlackSecrets, note_error, open_slack
from approvals.services.chat_votes import ChatBallot, chat_ballot
from approvals.transports.addressing import target_of, tenant_pages
from approvals.transports.failures import DeliveryFailure, PermanentFailure
from approvals.transports.slack_blocks import (
    escape,
    fallback,
    message_blocks,
    reason_view,
    settled_blocks,
)
from govapp.common.tenancy import tenant_transaction

TIMEOUT_SECONDS: Final = 10
# An answer to a press has three seconds in all.
ANSWER_SECONDS: Final = 2
_FOR_A_WHILE: Final = frozenset(
    {
        "ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable",
        "request_timeout", "accesslimited", "team_added_to_org", "message_limit_exceeded",
    }
)  # fmt: skip
# Of the connection and not of one person: the settings' page says so.
_OF_THE_CONNECTION: Final = frozenset(
    {
        "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive",
        "missing_scope", "no_permission", "org_login_required", "ekm_access_denied",
    }
)  # fmt: skip
_CODE: Final = re.compile(r"[a-z_]{2,60}")
# slack_sdk writes answers and, while debugging, whole requests.
_silent = logging.getLogger("approvals.transports.slack.sdk")
_silent.setLevel(logging.CRITICAL + 1)


def send(row: Notification, message: Message) -> Mapping[str, str]:
    """Send to the row's person and return where the message is.

    Raises `DeliveryFailure`, and `PermanentFailure` where they cannot be reached in Slack.
    """
    with tenant_transaction(row.tenant_id):
        target, pages = target_of(row, NotificationChannel.SLACK), tenant_pages(row)
        secrets = open_slack(target.connection)
        ballot = _ballot(row, message)
        former = _asked_before(row)
    for place in former:
        _settle(secrets, place, message)
    try:
        sent = call(
            secrets,
            "chat.postMessage",
            channel=target.account.address,
            text=fallback(message),
            blocks=message_blocks(message, pages, ballot),
            unfurl_links=False,
            unfurl_media=False,
            # A second copy, after a crash in between, is recognised by this.
            metadata={"event_type": "govapp_message", "event_payload": {"id": message.ident}},
        )
    except PermanentFailure as failure:
        _note(target.connection, failure)
        raise
    _note(target.connection, None)
    return {"channel": str(sent.get("channel", "")), "ts": str(sent.get("ts", ""))}


def answer(secrets: SlackSecrets, press: Press, reply: Reply) -> None:
    """Show the reply to whoever pressed. Raises `DeliveryFailure`."""
    match reply.kind:
        case "tell":
            call(
                secrets, "chat.postEphemeral", seconds=ANSWER_SECONDS, channel=press.channel,
                user=press.user, text=escape(reply.text),
            )  # fmt: skip
        case "replace":
            call(
                secrets, "chat.update", seconds=ANSWER_SECONDS, channel=press.channel,
                ts=press.message, text=escape(f"{reply.heading}: {reply.text}"),
                blocks=settled_blocks(reply.heading, reply.text),
            )  # fmt: skip
        case "ask":
            view = reason_view(reply.heading, write_metadata(press))
            call(secrets, "views.open", seconds=ANSWER_SECONDS, trigger_id=press.trigger, view=view)


def call(
    secrets: SlackSecrets,
    method: str,
    *,
    seconds: int = TIMEOUT_SECONDS,
    as_form: bool = False,
    **arguments: Any,
) -> Mapping[str, Any]:
    """Call one method of the Web API and return its answer; methods that read want a form.

    Raises `PermanentFailure` for a refusal that stays, `DeliveryFailure` for any other failure.
    """
    client = WebClient(
        token=secrets.bot_token,
        base_url=settings.SLACK_API_URL,
        timeout=seconds,
        logger=_silent,
        retry_handlers=[],
    )
    try:
        sent: dict[str, Any] = {"params" if as_form else "json": arguments}
        answered = client.api_call(method, **sent).data
    except SlackApiError as error:
        raise _failure(error) from None  # its text holds the whole answer
    except (SlackClientError, OSError, http.client.HTTPException, ValueError) as error:
        raise DeliveryFailure(f"Slack could not be reached: {type(error).__name__}.") from None
    return answered if isinstance(answered, dict) else {}


def _failure(error: SlackApiError) -> DeliveryFailure:
    code, status = str(error.response.get("error", "")), error.response.status_code
    if not _CODE.fullmatch(code):
        return DeliveryFailure(f"Slack answered {status}.", status=status)
    temporary = code in _FOR_A_WHILE or status == http.HTTPStatus.TOO_MANY_REQUESTS
    kind = DeliveryFailure if temporary else PermanentFailure
    return kind(f"Slack answered {code}.", status=status)


def _ballot(row: Notification, message: Message) -> ChatBallot | None:
    if row.request is None or not message.is_question or message.is_digest:
        return None
    return chat_ballot(row.request, row.member)


def _asked_before(row: Notification) -> list[Mapping[str, str]]:
    """Return where this person was asked, once that is over: the buttons there are moot."""
    if row.kind != NotificationKind.DECIDED or row.request_id is None:
        return []
    rows = Notification.objects.filter(
        request_id=row.request_id,
        member_id=row.member_id,
        channel=NotificationChannel.SLACK,
        status=DeliveryStatus.SENT,
    ).exclude(kind=NotificationKind.DECIDED)
    kept = rows.order_by("created_at", "pk").values_list("content", flat=True)
    places = [content.get("receipt") for content in kept]
    return [place for place in places if place and place.get("channel") and place.get("ts")]


def _settle(secrets: SlackSecrets, place: Mapping[str, str], message: Message) -> None:
    text = " ".join(each for each in (message.sentence, message.remark) if each)
    try:
        call(
            secrets, "chat.update", channel=place["channel"], ts=place["ts"],
            text=fallback(message), blocks=settled_blocks(message.heading, text or message.title),
        )  # fmt: skip
    except PermanentFailure:
        return  # deleted there, or too old: a button says how it ended in any case


def _note(connection: ChatConnection, failure: DeliveryFailure | None) -> None:
    """Keep on the connection what is wrong with it, and not with one person."""
    code = failure.why.removeprefix("Slack answered ").rstrip(".") if failure else ""
    if failure is not None and code not in _OF_THE_CONNECTION:
        return
    error = failure.why if failure else ""
    if connection.last_error != error:
        with tenant_transaction(connection.tenant_id):
            note_error(connection_id=connection.pk, error=error)
