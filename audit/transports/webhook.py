"""A batch over HTTPS: JSON lines, signed as Standard Webhooks say (`govapp.common.webhooks`)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from django.conf import settings

from audit.stream_addresses import may_go_to
from audit.transports.batch import SECONDS, Batch, DeliveryFailed
from govapp.common.outgoing import Answer, CallFailed, post
from govapp.common.webhooks import signed_headers

_GONE: Final = 410
_CONTENT_TYPE: Final = "application/x-ndjson"
_LONGEST_WAIT: Final = timedelta(days=1)


def send_batch(
    url: str, batch: Batch, *, keys: Sequence[str], authorization: str, now: datetime
) -> None:
    """Send a batch; return when it was accepted (2xx). Raises `DeliveryFailed`."""
    if settings.CALLBACKS_NEED_HTTPS and not url.startswith("https://"):
        raise DeliveryFailed("The address does not begin with https://.")
    content = b"".join(line.text + b"\n" for line in batch.lines)
    headers = signed_headers(ident=batch.ident, content=content.decode(), keys=keys, now=now)
    headers |= {"content-type": _CONTENT_TYPE, "govapp-stream": batch.stream}
    if batch.is_test:
        headers["govapp-test"] = "1"
    else:
        headers |= {
            "idempotency-key": batch.ident,
            "govapp-first-index": str(batch.first),
            "govapp-last-index": str(batch.last),
            "govapp-events": str(len(batch.lines)),
        }
    if authorization:
        headers["authorization"] = authorization
    try:
        answer = post(url, content, headers, may_go_to=may_go_to, seconds=SECONDS, at_most=0)
    except CallFailed as error:
        raise DeliveryFailed(str(error)) from error
    _judge(answer, now)


def _judge(answer: Answer, now: datetime) -> None:
    status = answer.status
    if 200 <= status < 300:
        return
    if status == _GONE:
        raise DeliveryFailed("The receiver answered 410: it wants no more.", is_final=True)
    words = f"The receiver answered {status}."
    if 300 <= status < 400:
        words = f"The receiver answered {status}; redirects are not followed."
    raise DeliveryFailed(words, retry_after=read_retry_after(answer.retry_after, now))


def read_retry_after(text: str, now: datetime) -> timedelta | None:
    """Read `Retry-After` (RFC 9110 section 10.2.3): seconds or a date. At most a day."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), _LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    wait = (at if at.tzinfo else at.replace(tzinfo=UTC)) - now
    return min(max(wait, timedelta(0)), _LONGEST_WAIT)
