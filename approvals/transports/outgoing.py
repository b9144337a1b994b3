"""Calls to addresses that a tenant or a browser names: resolved once, judged, and then pinned.

What somebody writes as an address may resolve to our own network, or to something else the
second time. So the name is resolved here, every address has to be plainly public, and the
connection goes to the address that was judged, with the name in `Host` and in TLS. No redirect is
followed, no proxy of the environment is used, and the answer's body is not read.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from functools import cache
from typing import Final

import httpx
from django.conf import settings

from approvals.callback_urls import may_go_to
from approvals.transports.failures import DeliveryFailure

TIMEOUT_SECONDS: Final = 10.0


def post(url: str, content: bytes, headers: Mapping[str, str]) -> int:
    """Post to an address and return the status, whatever it is.

    Raises `DeliveryFailure` when nobody answered. No failure says the address: some are secrets.
    """
    try:
        return asyncio.run(_post(httpx.URL(url), content, headers))
    except TimeoutError as error:
        raise DeliveryFailure(f"No answer within {TIMEOUT_SECONDS:.0f} seconds.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DeliveryFailure(f"The connection failed: {type(error).__name__}.") from error


async def _post(url: httpx.URL, content: bytes, headers: Mapping[str, str]) -> int:
    async with asyncio.timeout(TIMEOUT_SECONDS):
        address = await resolve(url)
        timeout = httpx.Timeout(TIMEOUT_SECONDS)
        async with (
            httpx.AsyncClient(
                timeout=timeout, trust_env=False, follow_redirects=False, verify=_trusted()
            ) as client,
            client.stream(
                "POST",
                url.copy_with(host=address),
                content=content,
                headers={**headers, "host": url.netloc.decode("ascii")},
                extensions={"sni_hostname": url.raw_host.decode("ascii")},
            ) as response,
        ):
            return response.status_code


@cache
def _trusted() -> ssl.SSLContext:
    """Return whose certificates are trusted. Reading them takes longer than a whole call."""
    return httpx.create_ssl_context(trust_env=False)


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
