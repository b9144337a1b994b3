"""Microsoft Teams: an Adaptive Card to the workflow that the tenant named. It only leads on.

A workflow posts for everybody who reads the chat or channel it was made for: so a card holds no
link that decides, and mentions the person whom it asks. What agents wrote goes into text runs,
in which Teams reads no Markdown.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from approvals.enums import NotificationChannel
from approvals.messages import Message
from approvals.models import ChatConnection, Notification
from approvals.services.chat_connections import note_error, open_teams
from approvals.transports import outgoing
from approvals.transports.addressing import page_of, target_of, tenant_pages
from approvals.transports.failures import DeliveryFailure, PermanentFailure
from govapp.common.tenancy import tenant_transaction

_SCHEMA: Final = "http://adaptivecards.io/schemas/adaptive-card.json"
_TYPE: Final = "application/vnd.microsoft.card.adaptive"
_BYTES: Final = 27 * 1024  # Teams refuses cards of more than 28 KB
_TEXT: Final = 1_000
_REASON: Final = 600
_LINES: Final = 12
_NO_MARKUP: Final = re.compile(r"[<>\[\]()*_`~#\\|&]")
_GONE: Final = frozenset({401, 403, 404, 410})


def send(row: Notification, message: Message) -> Mapping[str, str] | None:
    """Post a card for the row's person. Raises `DeliveryFailure` or `PermanentFailure`."""
    with tenant_transaction(row.tenant_id):
        target, pages = target_of(row, NotificationChannel.TEAMS), tenant_pages(row)
        url = open_teams(target.connection)
    body = write_card(message, address=target.account.address, pages=pages)
    headers = {"content-type": "application/json; charset=utf-8", "user-agent": "Govapp-Teams/1"}
    status = outgoing.post(url, body, headers)
    if 200 <= status < 300:
        _note(target.connection, "")
        return None
    why = f"Teams answered {status}."
    if status in _GONE:
        _note(target.connection, why)
        raise PermanentFailure(f"{why} The workflow is gone or refuses us.", status=status)
    if status in (400, 413):
        raise PermanentFailure(why, status=status)
    raise DeliveryFailure(why, status=status)


def write_card(message: Message, *, address: str, pages: str) -> bytes:
    """Return the card as it is posted; what explains is left out where it would not fit."""
    for each in (message, replace(message, rules=(), notes=(), opening="", closing="", reason="")):
        card = build_card(each, address=address, pages=pages)
        body = json.dumps(card, ensure_ascii=False).encode()
        if len(body) <= _BYTES:
            break
    return body


def build_card(message: Message, *, address: str, pages: str) -> dict[str, Any]:
    """Return what a workflow “when a Teams webhook request is received” posts."""
    name = _NO_MARKUP.sub("", message.recipient).strip() or "Approver"
    mention = f"<at>{name}</at>"
    body = [
        _line(message.heading, size="Large", weight="Bolder"),
        {"type": "TextBlock", "text": f"{mention}:", "wrap": True, "spacing": "Small"},
        *(_line(each) for each in (message.opening, message.sentence, message.remark) if each),
        *(_fact(fact.label, fact.value) for fact in message.facts[:_LINES]),
    ]
    if message.deadline and message.is_question:
        body.append(_fact("Until", message.deadline))
    if message.reason:
        body.append(_fact("The agent's reason, checked by nobody", message.reason[:_REASON]))
    subtle = [*message.rules, *message.notes, *message.warnings]
    body += [_line(each, isSubtle=True) for each in subtle[:_LINES]]
    body += [_line(f"{entry.heading} {entry.sentence}") for entry in message.entries[:_LINES]]
    last = [each for each in (message.closing, message.company, message.reference) if each]
    body.append(_line(" · ".join(last), size="Small", isSubtle=True))
    card = {
        "type": "AdaptiveCard",
        "$schema": _SCHEMA,
        "version": "1.4",
        "body": body,
        "actions": _actions(message, pages),
        "msteams": {
            "width": "Full",
            "entities": [
                {"type": "mention", "text": mention, "mentioned": {"id": address, "name": name}}
            ],
        },
    }
    attachment = {"contentType": _TYPE, "contentUrl": None, "content": card}
    return {"type": "message", "summary": message.title, "attachments": [attachment]}


def _actions(message: Message, pages: str) -> list[dict[str, str]]:
    url = page_of(message, pages)
    words = "Review in Govapp" if message.is_question else "Open in Govapp"
    return [{"type": "Action.OpenUrl", "title": words, "url": url}] if url else []


def _line(text: str, **style: Any) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [_run(text, **style)]}


def _fact(label: str, value: str) -> dict[str, Any]:
    runs = [_run(f"{label}: ", weight="Bolder"), _run(value)]
    return {"type": "RichTextBlock", "inlines": runs, "spacing": "Small"}


def _run(text: str, **style: Any) -> dict[str, Any]:
    return {"type": "TextRun", "text": text[:_TEXT], **style}


def _note(connection: ChatConnection, error: str) -> None:
    if connection.last_error != error:
        with tenant_transaction(connection.tenant_id):
            note_error(connection_id=connection.pk, error=error)
