"""Asking the model's service with the tenant's key, and what comes back, looked through.

Runs in the event loop; what takes long is done in the bridge's threads. Nothing here logs what is
said, nor the key.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import httpx

from approvals.gateway.embedded import read_embeddings
from approvals.gateway.faults import Fault, upstream_fault
from approvals.gateway.shapes import BadAnswer
from approvals.gateway.sse import EventReader
from approvals.gateway.streams import StreamGuard
from approvals.gateway.tokens import Usage, estimate, usage_in
from approvals.gateway.whole import guard_answer, guard_words
from approvals.guardrails import GuardrailFinding
from approvals.services.gateway import Ticket
from govapp.common.asgi.bridge import Bridge
from govapp.common.outgoing import read_within, resolve, streamed
from govapp.common.receivers import may_go_to

_ANSWER_BYTES: Final = 8 * 1024 * 1024
_ERROR_BYTES: Final = 64 * 1024
_TIMEOUT: Final = httpx.Timeout(120, connect=10, pool=10)


class Failed(Exception):
    """The model's service said no; `fault` is what the agent is told."""

    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self.fault = fault


class Asking:
    """One call's way to the model and back. `pass_on` sends pieces of a stream to the agent."""

    def __init__(
        self, ticket: Ticket, bridge: Bridge, pass_on: Callable[[bytes], Awaitable[None]]
    ) -> None:
        self._ticket = ticket
        self._bridge = bridge
        self._pass_on = pass_on
        self._guard = StreamGuard(
            ticket.rules, category=ticket.asked.category, choices=ticket.asked.choices
        )
        self._is_sent = False  # the service may have begun to work on it
        self._is_whole = not ticket.asked.streams  # comes all at once, or not at all
        self._usage: Usage | None = None
        self._findings: tuple[GuardrailFinding, ...] = ()
        self._digest = ""

    @property
    def findings(self) -> tuple[GuardrailFinding, ...]:
        """What was found in the answer so far."""
        return self._findings or self._guard.findings

    @property
    def digest(self) -> str:
        """The SHA-256 of what was passed on."""
        return self._digest or self._guard.digest

    @property
    def used(self) -> Usage | None:
        """What was used so far: as it was said, else about; None when nothing was asked.

        Of an answer that was to come whole, and did not, nobody knows: all that was held is.
        """
        if not self._is_sent:
            return None
        said = self._usage or self._guard.usage
        if said is not None:
            return said
        if self._is_whole:
            return self._ticket.held
        return self._about(self._guard.answered)

    def _about(self, answered: int) -> Usage:
        sent = json.loads(self._ticket.body)
        return Usage(estimate(sent), answered, is_estimated=True)

    async def ask(self) -> bytes:
        """Return the whole answer; b"" for a stream, whose pieces were passed on.

        While a key is being replaced, the former one may still be the one that works. Raises
        `Stopped`, `Failed`, `BadAnswer`, `BadStream`, `CallFailed`, and errors of httpx.
        """
        *others, last = self._ticket.keys
        for key in others:
            if (answer := await self._ask(key, is_last=False)) is not None:
                return answer
        return await self._ask(last, is_last=True) or b""

    async def _ask(self, key: str, *, is_last: bool) -> bytes | None:
        """As `ask`, with this key; None when another one should be tried."""
        url = httpx.URL(self._ticket.url)
        address = await resolve(url, may_go_to=may_go_to)
        headers = {
            "authorization": f"Bearer {key}",
            "content-type": "application/json",
            "accept": "text/event-stream" if self._ticket.asked.streams else "application/json",
            "user-agent": "Govapp",
        }
        self._is_sent = True
        try:
            async with streamed(
                url, self._ticket.body, headers, address=address, timeout=_TIMEOUT
            ) as response:
                return await self._read(response, is_last=is_last)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            self._is_sent = False
            raise

    async def _read(self, response: httpx.Response, *, is_last: bool) -> bytes | None:
        status = response.status_code
        if status != HTTPStatus.OK:
            self._is_sent = False
            if status == HTTPStatus.UNAUTHORIZED and not is_last:
                return None
            body = await read_within(response, _ERROR_BYTES)
            fault = upstream_fault(status, body, secrets=self._ticket.keys)
            looked = partial(
                guard_words, fault, self._ticket.rules, category=self._ticket.asked.category
            )
            fault, self._findings = await self._bridge.work(looked)
            raise Failed(fault)
        if self._ticket.asked.streams:
            await self._stream(response)
            return b""
        return await self._whole(await read_within(response, _ANSWER_BYTES))

    async def _stream(self, response: httpx.Response) -> None:
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            self._is_whole = True
            raise BadAnswer("it is no stream.")
        reader = EventReader()
        async for piece in response.aiter_raw():
            for data in reader.feed(piece):
                if data == "[DONE]":
                    await self._pieces(await self._bridge.work(self._guard.finish))
                    if self._ticket.asked.wants_usage:
                        await self._pieces([self._guard.usage_piece()])
                    return
                told = _object_in(data)
                if self._guard.is_large(told, len(data)):
                    out = await self._bridge.work(partial(self._guard.take, told))
                else:
                    out = self._guard.take(told)
                await self._pieces(out)
        raise BadAnswer("it was cut off.")

    async def _pieces(self, pieces: list[dict[str, Any]]) -> None:
        if pieces:
            await self._pass_on(b"".join(map(event_of, pieces)))

    async def _whole(self, body: bytes) -> bytes:
        asked = self._ticket.asked
        found = await self._bridge.work(partial(_object_in, body))
        self._usage = usage_in(found)
        if asked.kind == "embeddings":
            shown = await self._bridge.work(partial(read_embeddings, found))
        else:
            if self._usage is None and isinstance(choices := found.get("choices"), list):
                self._usage = self._about(estimate(choices))
            looked = partial(guard_answer, found, self._ticket.rules, category=asked.category)
            shown, self._findings = await self._bridge.work(looked)
        content = _json(shown)
        self._digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        return content


def event_of(piece: Mapping[str, Any]) -> bytes:
    """Return one event of a stream."""
    return b"data: " + _json(piece) + b"\n\n"


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _object_in(data: str | bytes) -> dict[str, Any]:
    try:
        found = json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadAnswer("it is no JSON.") from None
    if not isinstance(found, dict):
        raise BadAnswer("it is no object.")
    if found.get("error"):
        said = "The model's service broke off with an error."
        raise Failed(Fault(502, "upstream_failed", said))
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)
