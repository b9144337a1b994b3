"""Callbacks over HTTP: signed, to an address that was resolved once and judged (`outgoing`)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from approvals.transports import outgoing
from approvals.transports.failures import DeliveryFailure, PermanentFailure
from govapp.common.webhooks import signed_headers

_GONE: Final = 410


@dataclass(frozen=True)
class Callback:
    """One message to one endpoint; `ident` is its `webhook-id`, the same at every attempt."""

    ident: str
    url: str
    body: dict[str, Any]
    secrets: Sequence[str]  # the present one first


def send_callback(callback: Callback, *, now: datetime) -> int:
    """Send it and return the status (2xx). Raises `DeliveryFailure` or `PermanentFailure`."""
    content = json.dumps(callback.body, separators=(",", ":"), ensure_ascii=False)
    headers = signed_headers(ident=callback.ident, content=content, keys=callback.secrets, now=now)
    headers["content-type"] = "application/json"
    status = outgoing.post(callback.url, content.encode(), headers)
    if 200 <= status < 300:
        return status
    if status == _GONE:
        raise PermanentFailure("The receiver answered 410: it wants no more.", status=status)
    if 300 <= status < 400:
        raise DeliveryFailure(
            f"The receiver answered {status}; redirects are not followed.", status=status
        )
    raise DeliveryFailure(f"The receiver answered {status}.", status=status)
