"""Web push (RFC 8030, 8291, 8292): to each browser in which a person wants to be told.

The message is encrypted for the browser; the push service in between sees its size. It holds a
sentence and the page's path, and no link that decides: whoever holds the device may not be the
person. The service's address comes from a browser, so it is resolved and judged as any other.
"""

import hashlib
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from django.db.models import F
from pywebpush import WebPusher, WebPushException

from approvals.messages import Message
from approvals.models import Notification, PushSubscription
from approvals.selectors.chat import devices_of
from approvals.services.push_subscriptions import forget_subscription, note_used
from approvals.transports import outgoing
from approvals.transports.addressing import page_of, tenant_pages
from approvals.transports.failures import DeliveryFailure, PermanentFailure
from approvals.vapid import authorization
from govapp.common import clock
from govapp.common.sealing import unseal
from govapp.common.tenancy import tenant_transaction

_TITLE: Final = 120
_BODY: Final = 300
_GONE: Final = frozenset({404, 410})
# What the same message would be answered with again.
_FOR_GOOD: Final = frozenset({400, 401, 403, 413})
_TTL_SECONDS: Final = 12 * 3600
_SECONDS: Final = 20.0  # after which no further device is tried; the call before may take ten
_BEST_FIRST: Final = (F("last_used_at").desc(nulls_last=True), "created_at", "pk")
_TOPIC_CHARACTERS: Final = 32  # RFC 8030, section 5.4


def send(row: Notification, message: Message) -> Mapping[str, str] | None:
    """Send to all browsers of the row's person; one that took it is enough.

    The one that last took a message comes first, and services that do not answer take no more
    than about half a minute in all: their addresses come from browsers, and others wait behind.
    Browsers that are gone (404, 410) are forgotten. Raises `PermanentFailure` when none is left
    or all refuse for good, `DeliveryFailure` when another attempt makes sense.
    """
    with tenant_transaction(row.tenant_id):
        devices, now = list(devices_of(row.member).order_by(*_BEST_FIRST)), clock.now()
        pages = tenant_pages(row)
    if not devices:
        raise PermanentFailure("This person has no device to be told on.")
    content = json.dumps(build_payload(message, pages), ensure_ascii=False).encode()
    failures: list[DeliveryFailure] = []
    is_told, ends = False, time.monotonic() + _SECONDS
    for device in devices:
        if failures and time.monotonic() >= ends:
            failures.append(DeliveryFailure("The push services took too long."))
            break
        headers = {
            "authorization": authorization(device.endpoint, now=now),
            "ttl": str(_TTL_SECONDS),
            "urgency": "high" if message.is_question else "normal",
            "topic": _topic(message),
        }
        failure = _send_to(device, content, headers)
        if failure is None:
            is_told = True
            with tenant_transaction(row.tenant_id):
                note_used(subscription_id=device.pk)
        else:
            failures.append(failure)
    if not is_told:
        raise next((each for each in failures if type(each) is DeliveryFailure), failures[0])
    return None


def build_payload(message: Message, pages: str) -> dict[str, str]:
    """Return what the service worker shows: words, a path of our own, and what replaces what."""
    page = "" if message.is_digest else page_of(message, pages)
    return {
        "title": _cut(message.heading or message.title, _TITLE),
        "body": _cut(f"{message.sentence} {message.deadline}".strip(), _BODY),
        "path": urlsplit(page or f"{pages}inbox/").path,
        "tag": message.reference or message.ident,
    }


def _send_to(
    device: PushSubscription, content: bytes, headers: dict[str, str]
) -> DeliveryFailure | None:
    try:
        status = _post(device, content, headers)
    except DeliveryFailure as failure:
        return failure
    if 200 <= status < 300:
        return None
    if status in _GONE:
        with tenant_transaction(device.tenant_id):
            forget_subscription(subscription_id=device.pk)
        return PermanentFailure(f"The device is gone ({status}).", status=status)
    kind = PermanentFailure if status in _FOR_GOOD else DeliveryFailure
    return kind(f"The push service answered {status}.", status=status)


def _post(device: PushSubscription, content: bytes, headers: dict[str, str]) -> int:
    keys = {"p256dh": device.p256dh, "auth": unseal(bytes(device.auth_sealed)).decode()}
    info: dict[str, Any] = {"endpoint": device.endpoint, "keys": keys}
    try:
        encoded = WebPusher(info).encode(content)
    except (WebPushException, ValueError) as error:
        raise PermanentFailure("The device's key cannot be used.") from error
    sent = {**headers, "content-encoding": "aes128gcm", "content-type": "application/octet-stream"}
    return outgoing.post(device.endpoint, encoded["body"], sent)


def _topic(message: Message) -> str:
    """The service keeps one undelivered message a topic: an old reminder is worth nothing."""
    digest = hashlib.sha256((message.reference or message.ident).encode()).digest()
    return urlsafe_b64encode(digest).decode()[:_TOPIC_CHARACTERS]


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
