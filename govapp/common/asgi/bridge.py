"""From an ASGI server to Django's WSGI handler, through a bounded pool of threads.

A request costs two hops between threads: in with the whole body, out with the whole answer. The
body is read in the event loop, so that a slow sender holds no thread, and threads are kept, so
that each keeps its database connection. Files are sent in large pieces, each read by any thread;
every other streamed answer is read to its end where it began, because what it holds open (a
tenant, a transaction) belongs to that thread and its context.
"""

import asyncio
import contextvars
import io
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from tempfile import SpooledTemporaryFile
from threading import Barrier
from typing import Any, Final, TypeVar

from govapp.common.api.middleware import as_problem
from govapp.common.unavailable import drop_lost_connections, is_away, unavailable

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_T = TypeVar("_T")
# Larger than any body that a view accepts: what is cut here is refused there.
BODY_LIMIT: Final = 5 * 1024 * 1024
_PIECE: Final = 256 * 1024
_IN_MEMORY: Final = 4 * 1024 * 1024
_DROPPED: Final = frozenset({b"prefer", b"if-none-match", b"last-event-id", b"content-length"})


class Gone(Exception):
    """The client hung up."""


@dataclass(frozen=True)
class Answer:
    """What the WSGI side said. `rest` yields what is left of a streamed body."""

    status: int
    headers: Headers
    body: bytes
    rest: Iterator[bytes] | None = None
    close: Callable[[], object] | None = None

    def header(self, name: bytes) -> str:
        """Return the header of this lower-case name, or an empty string."""
        return next((value.decode("latin-1") for key, value in self.headers if key == name), "")


class Bridge:
    """Runs a WSGI application for an ASGI server.

    `threads` serve requests; `readers` serve the reads of those who wait, so that a thousand
    woken agents do not keep a person's page from being served.
    """

    def __init__(self, app: WSGIApp, *, threads: int = 8, readers: int = 4) -> None:
        self._app = app
        self._sizes = (threads, readers)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="wsgi")
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="wsgi-reader")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await read_body(receive)
        except Gone:
            return
        environ = build_environ(scope, body)
        answer = await self._in_thread(self._threads, partial(self._call, environ))
        try:
            await send_answer(send, answer, more=answer.rest is not None)
            while answer.rest is not None:
                piece = await self._in_thread(self._threads, partial(_take, answer.rest))
                more = len(piece) >= _PIECE
                await send({"type": "http.response.body", "body": piece, "more_body": more})
                if not more:
                    return
        finally:
            if answer.close is not None:
                await self._in_thread(self._threads, answer.close)

    async def fetch(
        self, scope: Scope, headers: Mapping[str, str] | None = None, *, again: bool = False
    ) -> Answer:
        """Answer the same GET on behalf of somebody who waits, as they are.

        It goes through the whole of Django: a key revoked meanwhile is refused. `headers` stand
        instead of the caller's own conditional ones; `again` marks a repetition, which is not
        counted as a call of theirs.
        """
        kept = [(name, value) for name, value in scope["headers"] if name not in _DROPPED]
        kept += [(k.lower().encode(), v.encode("latin-1")) for k, v in (headers or {}).items()]
        environ = build_environ({**scope, "headers": kept}, b"")
        environ |= {"govapp.waits": True, "govapp.repeats": again}
        return await self._in_thread(self._readers, partial(self._call, environ))

    async def open(self, scope: Scope, body: bytes, extra: Mapping[str, Any]) -> Answer:
        """Answer a request whose body was read already; `extra` is the environment's as well."""
        environ = build_environ(scope, body) | dict(extra)
        return await self._in_thread(self._threads, partial(self._call, environ))

    async def work(self, what: Callable[[], _T]) -> _T:
        """Do something of ours that uses the database or takes long, in one of the threads."""
        return await self._in_thread(self._threads, partial(_on_live_connections, what))

    async def look(self, what: Callable[[], _T]) -> _T:
        """As `work`, in one of the threads of those who wait."""
        return await self._in_thread(self._readers, partial(_on_live_connections, what))

    def shut_down(self, at_end: Callable[[], object]) -> None:
        """Let running requests finish, run `at_end` in each thread, and end the threads."""
        for pool, size in zip((self._threads, self._readers), self._sizes, strict=True):
            gate = Barrier(size, timeout=30)

            def last(gate: Barrier = gate) -> None:
                at_end()
                gate.wait()  # nobody takes two turns

            for future in [pool.submit(last) for _ in range(size)]:
                future.result()
            pool.shutdown(wait=True)

    @staticmethod
    async def _in_thread(pool: ThreadPoolExecutor, work: Callable[[], _T]) -> _T:
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(pool, context.run, work)

    def _call(self, environ: dict[str, Any]) -> Answer:
        """Answer; what is away before Django begins, or while its answer is read, is said here."""
        try:
            return self._answered(environ)
        except Exception as error:
            if not is_away(error):
                raise
            return _away(environ["PATH_INFO"], error)

    def _answered(self, environ: dict[str, Any]) -> Answer:
        started: list[tuple[int, Headers]] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            started.append((int(status[:3]), [_encoded(*each) for each in headers]))

        result = self._app(environ, start_response)
        status, headers = started[0]
        close = getattr(result, "close", None)
        if getattr(result, "streaming", False) and not environ.get("govapp.waits"):
            if getattr(result, "file_to_stream", None) is None:
                result, close = _spooled(result, close)
            rest = iter(result)
            return Answer(status, headers, _take(rest), rest, close)
        try:
            return Answer(status, headers, b"".join(result))
        finally:
            if close is not None:
                close()


def _on_live_connections(what: Callable[[], _T]) -> _T:
    """Do it as a request is done: what failed in this thread before leaves no dead connection."""
    drop_lost_connections()
    return what()


def _away(path: str, error: Exception) -> Answer:
    """Say that a server is away: nothing of the answer has gone out yet."""
    said = as_problem(path, unavailable(path, error))
    headers = [_encoded(*each) for each in said.items()]
    return Answer(said.status_code, headers, said.content)


def _encoded(name: str, value: str) -> tuple[bytes, bytes]:
    return name.lower().encode("latin-1"), value.strip().encode("latin-1")


def _spooled(
    pieces: Iterable[bytes], close: Callable[[], object] | None
) -> tuple[Iterable[bytes], Callable[[], object]]:
    """Read a streamed body to its end, here and now, and return it as a file with its closer."""
    file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the closer is handed on
    try:
        file.writelines(pieces)
    except BaseException:
        file.close()
        raise
    finally:
        if close is not None:
            close()
    file.seek(0)
    return iter(partial(file.read, _PIECE), b""), file.close


def _take(pieces: Iterator[bytes]) -> bytes:
    taken = bytearray()
    for piece in pieces:
        taken += piece
        if len(taken) >= _PIECE:
            break
    return bytes(taken)


async def read_body(receive: Receive) -> bytes:
    """Return the body, at most a little over `BODY_LIMIT`; raise `Gone` on a hang-up."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        body += message.get("body", b"")
        if not message.get("more_body", False) or len(body) > BODY_LIMIT:
            return bytes(body)


async def send_answer(send: Send, answer: Answer, *, more: bool = False) -> None:
    """Send status, headers and body."""
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": more})


def build_environ(scope: Scope, body: bytes) -> dict[str, Any]:
    """Return the WSGI environment (PEP 3333) of an ASGI HTTP scope."""
    host, port = scope.get("server") or ("localhost", 80)
    client = scope.get("client")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": _latin(scope.get("root_path", "")),
        "PATH_INFO": _latin(scope["path"].removeprefix(scope.get("root_path", ""))),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 0),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0] if client else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if "_" in name:  # X_Name would pass for X-Name
            continue
        key = name.upper().replace("-", "_")
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        if key in environ:
            value = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{value}"
        environ[key] = value
    environ.pop("HTTP_CONTENT_LENGTH", None)
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def _latin(text: str) -> str:
    return text.encode("utf-8").decode("latin-1")
