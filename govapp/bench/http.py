"""Keep-alive HTTP clients that cost little themselves: they share two cores with the server."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final
from uuid import uuid4

from govapp.bench.company import body

_SUBMIT: Final = "/api/v1/action-requests"


@dataclass
class Reply:
    """What came back."""

    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """One connection, used for one request after another."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, request: bytes) -> Reply:
        """Send a request, connecting first if need be, and return the reply."""
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        lowered = head.lower()
        length = 0
        if (at := lowered.find(b"content-length:")) >= 0:
            length = int(lowered[at + 15 : lowered.index(b"\r\n", at)])
        text = await self._reader.readexactly(length) if length else b""
        return Reply(int(head[9:12]), text)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


@dataclass
class Load:
    """What a number of clients did in a time."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    replies: dict[int, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def check(self, *statuses: int) -> None:
        """Raise when anything else was answered: a refused request is not a fast one."""
        if not set(self.replies) <= set(statuses) or not self.latencies:
            raise RuntimeError(f"Answers by status: {self.replies}; expected {statuses}.")


def post(path: str, key: str, content: bytes, **headers: str) -> bytes:
    """Return the bytes of a POST."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n{more}\r\n"
    ).encode() + content


def get(path: str, key: str, **headers: str) -> bytes:
    """Return the bytes of a GET."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n{more}\r\n"
    ).encode()


def submissions(key: str, category: str, path: str = _SUBMIT) -> Iterator[bytes]:
    """Yield one submission after another, each with a key of its own."""
    content, mark = json.dumps(body(category)).encode(), uuid4().hex
    for number in count():
        yield post(path, key, content, Idempotency_Key=f"{mark}-{number}")


def drive(port: int, sources: list[Iterator[bytes]], *, seconds: float, warm: float = 0.5) -> Load:
    """Let each source's requests follow one another on a connection of its own."""
    return asyncio.run(_drive(port, sources, seconds, warm))


async def _drive(port: int, sources: list[Iterator[bytes]], seconds: float, warm: float) -> Load:
    load, begins = Load(seconds), time.perf_counter() + warm
    ends = begins + seconds

    async def one(source: Iterator[bytes]) -> None:
        client = Client(port)
        now = time.perf_counter()
        while now < ends or not load.latencies:  # one at least, however slow the machine is
            reply = await client.send(next(source))
            then, now = now, time.perf_counter()
            if then >= begins:
                load.latencies.append(now - then)
                load.replies[reply.status] = load.replies.get(reply.status, 0) + 1
        client.close()

    await asyncio.gather(*map(one, sources))
    return load


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds the call took."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
