"""Callbacks over HTTP: signed, to an address that was resolved once and judged.

What a tenant writes as an address may resolve to our own network, or to something else the
second time. So the name is resolved here, every address has to be plainly public, and the
connection goes to the address that was judged, with the name in `Host` and in TLS. No redirect is
followed, no proxy of the environment is used, and the answer's body is not read.
"""

import asyncio
import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import httpx
from django.conf import settings
from standardwebhooks import Webhook

from approvals.callback_urls import may_go_to
from approvals.transports.failures import DeliveryFailure, PermanentFailure

TIMEOUT_SECONDS: Final = 10.0
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
    signatures = [
        Webhook(secret).sign(msg_id=callback.ident, timestamp=now, data=content)
        for secret in callback.secrets
    ]
    headers = {
        "content-type": "application/json",
        "user-agent": "Govapp-Webhooks/1",
        "webhook-id": callback.ident,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
    try:
        status = asyncio.run(_post(httpx.URL(callback.url), content.encode(), headers))
    except TimeoutError as error:
        raise DeliveryFailure(f"No answer within {TIMEOUT_SECONDS:.0f} seconds.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DeliveryFailure(f"The connection failed: {type(error).__name__}.") from error
    if 200 <= status < 300:
        return status
    if status == _GONE:
        raise PermanentFailure("The receiver answered 410: it wants no more.", status=status)
    if 300 <= status < 400:
        raise DeliveryFailure(
            f"The receiver answered {status}; redirects are not followed.", status=status
        )
    raise DeliveryFailure(f"The receiver answered {status}.", status=status)


async def _post(url: httpx.URL, content: bytes, headers: dict[str, str]) -> int:
    async with asyncio.timeout(TIMEOUT_SECONDS):
        address = await resolve(url)
        timeout = httpx.Timeout(TIMEOUT_SECONDS)
        async with (
            httpx.AsyncClient(timeout=timeout, trust_env=False, follow_redirects=False) as client,
            client.stream(
                "POST",
                url.copy_with(host=address),
                content=content,
                headers={**headers, "host": url.netloc.decode("ascii")},
                extensions={"sni_hostname": url.raw_host.decode("ascii")},
            ) as response,
        ):
            return response.status_code


async def resolve(url: httpx.URL) -> str:
    """Return the one IP address to connect to. Raises `DeliveryFailure`.

    Every address of the name is judged: a name that leads to a public and to a private place at
    once is an attack or a mistake, and neither is served.
    """
    if settings.CALLBACKS_NEED_HTTPS and url.scheme != "https":
        raise DeliveryFailure("The address does not begin with https://.")
    port = url.port or (443 if url.scheme == "https" else 80)
    host = url.raw_host.decode("ascii").strip("[]")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise DeliveryFailure("The name of the receiver does not resolve.") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(may_go_to(address) for address in addresses):
        raise DeliveryFailure("The receiver is not on the public Internet.")
    return addresses[0]
