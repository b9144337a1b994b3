"""Calls to addresses that somebody names: resolved once, judged, and then pinned.

A name may resolve to our own network, or to something else the second time. So it is resolved
here, every address is judged, and the connection goes to the address that was judged, with the
name in `Host` and in TLS. No redirect is followed, no proxy of the environment is used, and no
more of the answer is read than was asked for.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import httpx

T = TypeVar("T")
Judge = Callable[[str], bool]
"""Tells of an IP address whether a connection may go there."""


class CallFailed(Exception):
    """Nobody answered, or too much; the message is safe to store and says no address."""


class NotAllowed(CallFailed):
    """The name leads to where we may not go."""


@dataclass(frozen=True)
class Answer:
    """What came back: `body` is empty when none was asked for."""

    status: int
    content_type: str = ""
    body: bytes = b""
    retry_after: str = ""


def post(
    url: str,
    content: bytes,
    headers: Mapping[str, str],
    *,
    may_go_to: Judge,
    seconds: float,
    at_most: int,
) -> Answer:
    """Post to an address and return the answer, whatever its status; its body within `at_most`.

    `seconds` bounds everything together: resolving, connecting, sending, reading. Raises
    `CallFailed`.
    """

    async def resolved_and_sent() -> Answer:
        async with asyncio.timeout(seconds):
            target = httpx.URL(url)
            address = await resolve(target, may_go_to=may_go_to)
            return await exchange(
                target, content, headers, address=address, seconds=seconds, at_most=at_most
            )

    try:
        return run(resolved_and_sent())
    except TimeoutError as error:
        raise CallFailed(f"No answer within {seconds:.0f} seconds.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CallFailed(f"The connection failed: {type(error).__name__}.") from error


def head(url: str, *, may_go_to: Judge, seconds: float) -> int:
    """Ask an address for nothing (HEAD) and return the status, whatever it is.

    `seconds` bounds everything together. Raises `CallFailed`.
    """

    async def resolved_and_asked() -> int:
        async with asyncio.timeout(seconds):
            target = httpx.URL(url)
            address = await resolve(target, may_go_to=may_go_to)
            answer = await exchange(
                target, b"", {}, address=address, seconds=seconds, at_most=0, method="HEAD"
            )
            return answer.status

    try:
        return run(resolved_and_asked())
    except TimeoutError as error:
        raise CallFailed(f"No answer within {seconds:.0f} seconds.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CallFailed(f"The connection failed: {type(error).__name__}.") from error


def run(call: Coroutine[object, object, T]) -> T:
    """Run a call as `asyncio.run` does, and never wait for a resolver when its time is over.

    The system's resolver cannot be told to stop, and a name server that somebody names may be
    silent: `asyncio.run` would hold the caller's thread until the resolver gives up by itself.
    """
    with asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(_Unjoined(1, "resolver"))
        return runner.run(call)


class _Unjoined(ThreadPoolExecutor):
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait=False, cancel_futures=cancel_futures)


async def exchange(
    url: httpx.URL,
    content: bytes,
    headers: Mapping[str, str],
    *,
    address: str,
    seconds: float,
    at_most: int,
    method: str = "POST",
) -> Answer:
    """Ask this IP address under the URL's name. Raises httpx's errors and `CallFailed`."""
    timeout = httpx.Timeout(seconds)
    async with streamed(
        url, content, headers, address=address, timeout=timeout, method=method
    ) as response:
        body = await read_within(response, at_most) if at_most else b""
        found = response.headers
        return Answer(
            response.status_code,
            found.get("content-type", ""),
            body,
            found.get("retry-after", ""),
        )


@asynccontextmanager
async def streamed(
    url: httpx.URL,
    content: bytes,
    headers: Mapping[str, str],
    *,
    address: str,
    timeout: httpx.Timeout,
    method: str = "POST",
) -> AsyncIterator[httpx.Response]:
    """Ask this IP address under the URL's name; the answer's body is read by the caller.

    Read it raw: decoded, a short answer may be endless. Raises httpx's errors.
    """
    async with (
        httpx.AsyncClient(
            timeout=timeout,
            trust_env=False,
            follow_redirects=False,
            verify=_trusted(),
        ) as client,
        client.stream(
            method,
            url.copy_with(host=address),
            content=content,
            headers={"accept-encoding": "identity", **headers, "host": url.netloc.decode("ascii")},
            extensions={"sni_hostname": url.raw_host.decode("ascii")},
        ) as response,
    ):
        yield response


async def read_within(response: httpx.Response, at_most: int) -> bytes:
    """Return the body of an answer. Raises `CallFailed` when it is longer than `at_most`."""
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > at_most:
            raise CallFailed(f"The answer is longer than {at_most} bytes.")
    return bytes(body)


@cache
def _trusted() -> ssl.SSLContext:
    """Return whose certificates are trusted. Reading them takes longer than a whole call."""
    return httpx.create_ssl_context(trust_env=False)


async def resolve(url: httpx.URL, *, may_go_to: Judge) -> str:
    """Return the one IP address to connect to. Raises `CallFailed`."""
    port = url.port or (443 if url.scheme == "https" else 80)
    return await resolve_host(url.raw_host.decode("ascii").strip("[]"), port, may_go_to=may_go_to)


async def resolve_host(host: str, port: int, *, may_go_to: Judge) -> str:
    """Return the one IP address of a name to connect to. Raises `CallFailed`.

    Every address of the name is judged: a name that leads to a public and to a private place at
    once is an attack or a mistake, and neither is served.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CallFailed("The name of the receiver does not resolve.") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(may_go_to(address) for address in addresses):
        raise NotAllowed("The receiver is not on the public Internet.")
    return addresses[0]
