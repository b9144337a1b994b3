"""Carrying out a call of a model: opened through Django, sent on, passed back, booked.

Runs in the event loop. A call holds neither a thread nor a database connection while the model
answers.
"""

import asyncio
import json
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import httpx
import structlog

from approvals.api.gateway import TICKET, problem_of
from approvals.api.gateway_asking import Asking, Failed, event_of
from approvals.api.gateway_watch import Watch
from approvals.enums import ModelCallStatus
from approvals.gateway.faults import Fault, error_of
from approvals.gateway.holding import Stopped
from approvals.gateway.shapes import BadAnswer
from approvals.gateway.sse import BadStream
from approvals.guardrails import weigh
from approvals.selectors.model_calls import Running
from approvals.services.gateway import Ticket
from approvals.services.gateway_closing import LONGEST, Outcome, close_call
from govapp.common.api.problems import CONTENT_TYPE
from govapp.common.asgi.bridge import (
    Answer,
    Bridge,
    Gone,
    Headers,
    Receive,
    Scope,
    Send,
    read_body,
    send_answer,
)
from govapp.common.asgi.streams import until_gone
from govapp.common.ids import public_id
from govapp.common.middleware import using_key
from govapp.common.outgoing import CallFailed
from govapp.common.unavailable import RETRY_SECONDS, is_away

log = structlog.get_logger(__name__)

PATHS: Final = frozenset({"/gateway/v1/chat/completions", "/gateway/v1/embeddings"})
_UNBOOKED: Final = Fault(
    503,
    "unavailable",
    "What the call used cannot be kept for a moment, so its answer is not given.",
)
_DONE: Final = b"data: [DONE]\n\n"
_KEPT: Final = frozenset({b"x-request-id", b"ratelimit", b"ratelimit-policy"})


async def serve_call(
    scope: Scope, receive: Receive, send: Send, *, bridge: Bridge, watch: Watch
) -> None:
    """Open the call through Django, carry it out, and book it, whatever becomes of it."""
    try:
        body = await read_body(receive)
    except Gone:
        return
    if watch.is_full:
        busy = Fault(503, "busy", "Too many calls run here at this moment: come again.")
        await send_answer(send, _answer_of(busy, [(b"retry-after", b"5")]))
        return
    tickets: list[Ticket] = []
    answer = await bridge.open(scope, body, {TICKET: tickets})
    if answer.status != HTTPStatus.OK or not tickets:
        await send_answer(send, _as_openai(answer))
        return
    call = Call(tickets[0], send, [each for each in answer.headers if each[0] in _KEPT], bridge)
    gone = asyncio.ensure_future(until_gone(receive))
    try:
        await call.carry_out(gone, watch)
    finally:
        gone.cancel()


@dataclass
class Call:
    """One call while it is carried out. The end of the answer is sent after it is booked."""

    ticket: Ticket
    send: Send
    headers: Headers
    bridge: Bridge
    is_begun: bool = False  # the agent has the beginning of a stream
    content: bytes = b""  # the whole answer of a call that is no stream

    def __post_init__(self) -> None:
        self.asking = Asking(self.ticket, self.bridge, self._pass_on)

    async def carry_out(self, gone: "asyncio.Future[None]", watch: Watch) -> None:
        """Ask until the model has answered, the agent hangs up, or somebody stops it."""
        ticket = self.ticket
        running = Running(
            ticket.tenant_id, ticket.call_id, ticket.agent_id, ticket.credential_id,
            ticket.asked.category, ticket.integration, ticket.delegation_id, ticket.delegation_path,
        )  # fmt: skip
        status, fault = ModelCallStatus.LEFT, None
        try:
            with watch.over(running) as stopped:
                status, fault = await self._until_over(gone, stopped)
        finally:
            # Also when this process is told to end: what was used is booked.
            unbooked = await asyncio.shield(self.bridge.work(partial(self._close, status, fault)))
        if status != ModelCallStatus.LEFT:
            await self._finish(status, unbooked or fault)

    async def _until_over(
        self, gone: "asyncio.Future[None]", stopped: "asyncio.Future[Fault]"
    ) -> tuple[ModelCallStatus, Fault | None]:
        asking = asyncio.ensure_future(self._ask())
        try:
            ends: set[asyncio.Future[Any]] = {asking, gone, stopped}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                return asking.result()
            if stopped.done():
                return ModelCallStatus.STOPPED, stopped.result()
            return ModelCallStatus.LEFT, None
        finally:
            asking.cancel()
            await asyncio.wait({asking})

    async def _ask(self) -> tuple[ModelCallStatus, Fault | None]:
        try:
            async with asyncio.timeout(LONGEST.total_seconds()):
                self.content = await self.asking.ask()
        except Stopped as stopped:
            return ModelCallStatus.STOPPED, _stop_of(stopped)
        except Failed as failed:
            return ModelCallStatus.FAILED, failed.fault
        except Exception as error:
            # Its words may hold what was said, or the key: only its kind is told and logged.
            log.warning("model_call.failed", kind=type(error).__name__)
            return ModelCallStatus.FAILED, _fault_of(error)
        return ModelCallStatus.ANSWERED, None

    def _close(self, status: ModelCallStatus, fault: Fault | None) -> Fault | None:
        """Book the call; return what is said instead of the answer when it could not be booked."""
        is_answered = self.is_begun or bool(self.content)
        outcome = Outcome(
            status=status,
            usage=self.asking.used,
            fault=fault,
            findings=self.asking.findings,
            digest=self.asking.digest if is_answered else "",
        )
        ticket = self.ticket
        with using_key(public_id("key", ticket.credential_id)):
            try:
                close_call(tenant_id=ticket.tenant_id, call_id=ticket.call_id, outcome=outcome)
            except Exception as error:
                if not is_away(error):
                    raise
                # It stays open, with all that it holds, until it is found lost.
                log.warning("model_call.not_booked", kind=type(error).__name__)
                return _UNBOOKED
        return None

    async def _pass_on(self, body: bytes) -> None:
        if not self.is_begun:
            self.is_begun = True
            headers = [
                *self.headers,
                (b"content-type", b"text/event-stream; charset=utf-8"),
                (b"cache-control", b"no-store"),
            ]
            await self.send({"type": "http.response.start", "status": 200, "headers": headers})
        await self.send({"type": "http.response.body", "body": body, "more_body": True})

    async def _finish(self, status: ModelCallStatus, fault: Fault | None) -> None:
        if fault is not None and not self.is_begun:
            retry = [(b"retry-after", str(RETRY_SECONDS).encode())] if fault is _UNBOOKED else []
            await send_answer(self.send, _answer_of(fault, [*self.headers, *retry]))
            return
        if not self.ticket.asked.streams:
            headers = [
                *self.headers,
                (b"content-type", b"application/json"),
                (b"cache-control", b"no-store"),
                (b"content-length", str(len(self.content)).encode()),
            ]
            await send_answer(self.send, Answer(200, headers, self.content))
            return
        await self._pass_on(_DONE if fault is None else event_of({"error": fault.to_dict()}))
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})


def _stop_of(stopped: Stopped) -> Fault:
    verdict = weigh(stopped.findings)
    if verdict.is_refused:
        said = f"The guardrails refuse the answer: {verdict.sentence}."
        return Fault(403, "guardrail_refused", said)
    said = (
        f"The guardrails want a person for the answer: {verdict.sentence}. Nobody can be asked"
        " about a call of a model."
    )
    return Fault(403, "guardrail_ask", said)


def _fault_of(error: Exception) -> Fault:
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return Fault(504, "upstream_timeout", "The model's service took too long.")
    if isinstance(error, BadAnswer | BadStream):
        return Fault(502, "upstream_malformed", f"The model's answer cannot be read: {error}")
    if isinstance(error, CallFailed | httpx.HTTPError | httpx.InvalidURL):
        said = "The model's service cannot be reached, or broke off."
        return Fault(502, "upstream_unreachable", said)
    return Fault(500, "internal", "A fault of ours.")


def _answer_of(fault: Fault, headers: Headers) -> Answer:
    problem = problem_of(fault)
    for name, value in headers:
        if name == b"x-request-id":
            problem["instance"] = f"urn:govapp:request:{value.decode('latin-1')}"
    body = json.dumps(problem, ensure_ascii=False).encode()
    own = [
        (b"content-type", CONTENT_TYPE.encode()),
        (b"cache-control", b"no-store"),
        (b"content-length", str(len(body)).encode()),
    ]
    return Answer(fault.status, [*headers, *own], body)


def _as_openai(answer: Answer) -> Answer:
    """Return a refusal of ours with OpenAI's `error` beside, so that its clients understand it."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        return answer
    if answer.status < 400 or not isinstance(body, dict) or "error" in body:
        return answer
    code = str(body.get("type", "")).rpartition(":")[2]
    body["error"] = error_of(answer.status, code, str(body.get("detail", "")))
    content = json.dumps(body, ensure_ascii=False).encode()
    headers = [each for each in answer.headers if each[0] != b"content-length"]
    headers.append((b"content-length", str(len(content)).encode()))
    return replace(answer, headers=headers, body=content)
