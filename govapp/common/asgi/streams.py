"""Server-sent events that hold no thread and no database connection while nothing happens.

The Django view at the same address checks the rights and answers with a finite event stream, and,
when asked by the bridge, with the name of the channel to listen to. A server without this module
still serves a correct stream: the client comes again after `retry`.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.http.response import HttpResponseBase

from govapp.common.api.problems import CONTENT_TYPE, plain_problem
from govapp.common.asgi.bridge import Answer, Bridge, Receive, Scope, Send, send_answer
from govapp.common.asgi.hub import READ_AGAIN, Hub, Waiter

CHANNEL_HEADER: Final = "Govapp-Channel"
POSITION_HEADER: Final = "Govapp-Position"
_INNER: Final = (CHANNEL_HEADER.lower().encode(), POSITION_HEADER.lower().encode())
REREAD_SECONDS: Final = 30.0
HEARTBEAT: Final = b": still here\n\n"
_REMEMBERED: Final = 10_000


def name_channel(
    meta: Mapping[str, Any], response: HttpResponseBase, channel: str, position: str = ""
) -> None:
    """Tell the bridge, and nobody else, where a stream goes on."""
    if meta.get("govapp.waits"):
        response[CHANNEL_HEADER] = channel
        response[POSITION_HEADER] = position


def format_event(*, data: bytes | None, event: str = "", ident: str = "") -> bytes:
    """Return one event of a stream (HTML, section 9.2). `data` is one line, such as JSON."""
    lines = [f"id: {ident}\n".encode()] if ident else []
    if event:
        lines.append(f"event: {event}\n".encode())
    if data is not None:
        lines.append(b"data: " + data + b"\n")
    return b"".join(lines) + b"\n"


async def until_gone(receive: Receive) -> None:
    """Return when the client has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass


def outer_headers(answer: Answer) -> list[tuple[bytes, bytes]]:
    """Return the headers that the client may see of an answer whose body goes on."""
    hidden = (*_INNER, b"content-length", b"ratelimit", b"ratelimit-policy")
    return [(name, value) for name, value in answer.headers if name not in hidden]


@dataclass
class Stream:
    """One client's stream. `relays` says what a message means: pass it on, or read the view."""

    bridge: Bridge
    hub: Hub
    scope: Scope
    receive: Receive
    send: Send
    relays: bool

    async def serve(self) -> None:
        """Serve until the client hangs up or loses the right to listen."""
        if self.hub.is_full:
            await self._end(503)
            return
        first = await self.bridge.fetch(self.scope, self._resume())
        channel = first.header(_INNER[0])
        if first.status != 200 or not channel:
            await send_answer(self.send, first)
            return
        await self.hub.start()
        gone = asyncio.ensure_future(until_gone(self.receive))
        try:
            with self.hub.watch(channel) as waiter:
                await self.send(
                    {
                        "type": "http.response.start",
                        "status": 200,
                        "headers": outer_headers(first),
                    }
                )
                # The first answer only opened the door: what it said is read again, registered.
                start = self._resume().get("last-event-id") or first.header(_INNER[1])
                await self._follow(waiter, start, gone)
        finally:
            gone.cancel()

    def _resume(self) -> dict[str, str]:
        seen = [value for name, value in self.scope["headers"] if name == b"last-event-id"]
        return {"last-event-id": seen[-1].decode("latin-1")} if seen else {}

    async def _follow(self, waiter: Waiter, start: str, gone: asyncio.Future[None]) -> None:
        """Read what there is, pass it on, wait; the waiter is registered already."""
        position, sent = start, dict[bytes, None]()
        heard: list[bytes] = [READ_AGAIN]
        while not gone.done():
            if not self.relays or not heard or READ_AGAIN in heard:
                answer = await self.bridge.fetch(
                    self.scope, {"last-event-id": position} if position else {}, again=True
                )
                if answer.status != 200:
                    break
                position = answer.header(_INNER[1]) or position
                await self._pass_on(_unsent(answer.body, sent))
            if self.relays and heard:
                await self._pass_on([_relayed(message) for message in heard])
            heard = await waiter.listen(REREAD_SECONDS, gone)
            if not heard:
                await self._pass_on([HEARTBEAT])
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pass_on(self, events: Iterable[bytes]) -> None:
        if body := b"".join(events):
            await self.send({"type": "http.response.body", "body": body, "more_body": True})

    async def _end(self, status: int) -> None:
        headers = [(b"retry-after", b"5"), (b"content-type", CONTENT_TYPE.encode())]
        body = json.dumps(plain_problem(status)).encode()
        await send_answer(self.send, Answer(status, headers, body))


def _relayed(message: bytes) -> bytes:
    if message == READ_AGAIN:
        return format_event(event="resync", data=b"{}")
    return format_event(event="request", data=message.replace(b"\n", b" "))


def _unsent(body: bytes, sent: dict[bytes, None]) -> list[bytes]:
    """Return the events of a body that have not gone out, and remember them by first line."""
    events = []
    for block in body.split(b"\n\n"):
        name = block.partition(b"\n")[0]
        if name and name not in sent:
            sent[name] = None
            events.append(block + b"\n\n")
    while len(sent) > _REMEMBERED:
        del sent[next(iter(sent))]
    return events
