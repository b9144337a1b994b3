"""Calls to addresses that a tenant or a browser names: judged, pinned (`govapp.common.outgoing`).

Every address has to be plainly public, and the answer's body is not read.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import httpx
from django.conf import settings

from approvals.callback_urls import may_go_to
from approvals.transports.failures import DeliveryFailure
from govapp.common import outgoing
from govapp.common.outgoing import CallFailed

TIMEOUT_SECONDS: Final = 10.0


def post(url: str, content: bytes, headers: Mapping[str, str]) -> int:
    """Post to an address and return the status, whatever it is.

    Raises `DeliveryFailure` when nobody answered. No failure says the address: some are secrets.
    """
    try:
        return outgoing.run(_post(httpx.URL(url), content, headers))
    except TimeoutError as error:
        raise DeliveryFailure(f"No answer within {TIMEOUT_SECONDS:.0f} seconds.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DeliveryFailure(f"The connection failed: {type(error).__name__}.") from error


async def _post(url: httpx.URL, content: bytes, headers: Mapping[str, str]) -> int:
    async with asyncio.timeout(TIMEOUT_SECONDS):
        address = await resolve(url)
        answer = await outgoing.exchange(
            url, content, headers, address=address, seconds=TIMEOUT_SECONDS, at_most=0
        )
        return answer.status


async def resolve(url: httpx.URL) -> str:
    """Return the one IP address to connect to. Raises `DeliveryFailure`."""
    if settings.CALLBACKS_NEED_HTTPS and url.scheme != "https":
        raise DeliveryFailure("The address does not begin with https://.")
    try:
        return await outgoing.resolve(url, may_go_to=may_go_to)
    except CallFailed as error:
        raise DeliveryFailure(str(error)) from error
