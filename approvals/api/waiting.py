"""Long polls: `GET /api/v1/action-requests/{id}` with `Prefer: wait=N` (RFC 7240, section 4.3).

Runs in the event loop: while an agent waits there is a future and nothing else. Every read is the
ordinary GET through the whole of Django, so what an agent may see is decided in one place.
"""

import asyncio
import re
from dataclasses import replace
from typing import Final

import msgspec

from govapp.common.api.views import matches_entity_tag
from govapp.common.asgi.bridge import (
    Answer,
    Bridge,
    Gone,
    Receive,
    Scope,
    Send,
    read_body,
    send_answer,
)
from govapp.common.asgi.hub import Hub
from govapp.common.asgi.streams import until_gone
from govapp.common.ids import InvalidId, parse_public_id
from govapp.common.live import REQUEST_CHANNEL

LONGEST_WAIT: Final = 30
_PATH: Final = re.compile(r"/api/v1/action-requests/(ar_[0-9a-z]{26})")
_WAIT: Final = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,6})\"?\s*(?=$|[,;])", re.IGNORECASE)


class _Standing(msgspec.Struct):
    status: str


def wanted_wait(scope: Scope) -> int:
    """Return for how many seconds this request wants to wait: 0 when it is no long poll.

    A preference that cannot be read is none (RFC 7240, section 2).
    """
    if scope["method"] != "GET" or _PATH.fullmatch(scope["path"]) is None:
        return 0
    for name, value in scope["headers"]:
        if name == b"prefer" and (found := _WAIT.search(value.decode("latin-1"))):
            return min(int(found.group(1)), LONGEST_WAIT)
    return 0


async def serve_wait(
    scope: Scope, receive: Receive, send: Send, *, bridge: Bridge, hub: Hub, seconds: int
) -> None:
    """Answer once the request is no longer pending, at the latest after `seconds`.

    The waiter is registered before the state is read, so a decision in between is not missed.
    """
    try:
        await read_body(receive)
        channel = f"{REQUEST_CHANNEL}{parse_public_id('ar', scope['path'].rpartition('/')[2])}"
    except (Gone, InvalidId):
        await send_answer(send, await bridge.fetch(scope))
        return
    if hub.is_full:
        await send_answer(send, _finished(scope, await bridge.fetch(scope), waited=None))
        return
    await hub.start()
    gone = asyncio.ensure_future(until_gone(receive))
    try:
        with hub.watch(channel) as waiter:
            answer = await bridge.fetch(scope)
            left = asyncio.get_running_loop().time() + seconds
            while _is_pending(answer) and not gone.done():
                pause = left - asyncio.get_running_loop().time()
                if pause <= 0:
                    break
                await waiter.listen(pause, gone)
                if not gone.done():
                    answer = await bridge.fetch(scope, again=True)
        await send_answer(send, _finished(scope, answer, waited=seconds))
    finally:
        gone.cancel()


def _is_pending(answer: Answer) -> bool:
    if answer.status != 200:
        return False
    return msgspec.json.decode(answer.body, type=_Standing).status == "pending"


def _finished(scope: Scope, answer: Answer, *, waited: int | None) -> Answer:
    """Apply what the wait held back: `Preference-Applied`, and the caller's `If-None-Match`."""
    headers = list(answer.headers)
    if waited is not None and answer.status == 200:
        headers.append((b"preference-applied", f"wait={waited}".encode()))
    tag = answer.header(b"etag")
    asked = b",".join(value for name, value in scope["headers"] if name == b"if-none-match")
    if tag and asked and matches_entity_tag(asked.decode("latin-1"), tag):
        headers = [(k, v) for k, v in headers if k not in (b"content-length", b"content-type")]
        return replace(answer, status=304, headers=headers, body=b"")
    return replace(answer, headers=headers)
