"""A token endpoint on loopback that speaks RFC 6749, well or badly, as a test wants."""

import json
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, unquote_plus


@dataclass(frozen=True)
class Asked:
    """One request: who asked, how (`basic`, `post`), and what the form said beside that."""

    client: tuple[str, str]
    auth: str
    form: dict[str, str]


@dataclass
class TokenEndpoint:
    """What it answers, and what it was asked.

    `clients` are those that it knows. `instead` is answered in place of a token: status and body;
    `answer` is laid over a token's answer, None takes a member away. `before` is called first.
    """

    port: int = 0
    clients: dict[str, str] = field(default_factory=dict)
    token: str = "minted-token-1"
    seconds: int = 300
    answer: dict[str, Any] = field(default_factory=dict)
    instead: tuple[int, bytes] | None = None
    before: Callable[[], object] | None = None
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/oauth/token"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    endpoint: TokenEndpoint


class _Handler(BaseHTTPRequestHandler):
    timeout = 60

    def do_HEAD(self) -> None:
        self._answer(405, b"")

    def do_POST(self) -> None:
        endpoint = cast("_Server", self.server).endpoint
        body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        auth, client = self._client(form)
        endpoint.asked.append(Asked(client, auth, form))
        if endpoint.before is not None:
            endpoint.before()
        with suppress(ConnectionError):
            if endpoint.instead is not None:
                self._answer(*endpoint.instead)
            elif endpoint.clients.get(client[0]) != client[1]:
                said = {"error": "invalid_client", "error_description": f"No {client[1]}"}
                self._answer(401, json.dumps(said).encode())
            else:
                told: dict[str, Any] = {
                    "access_token": endpoint.token,
                    "token_type": "Bearer",
                    "expires_in": endpoint.seconds,
                } | endpoint.answer
                told = {name: value for name, value in told.items() if value is not None}
                self._answer(200, json.dumps(told).encode())

    def _client(self, form: dict[str, str]) -> tuple[str, tuple[str, str]]:
        header = self.headers.get("authorization", "")
        if header.startswith("Basic "):
            ident, _, secret = b64decode(header.removeprefix("Basic ")).decode().partition(":")
            return "basic", (unquote_plus(ident), unquote_plus(secret))
        return "post", (form.pop("client_id", ""), form.pop("client_secret", ""))

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("location", "/elsewhere")
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def running_token_endpoint(**fields: Any) -> Iterator[TokenEndpoint]:
    """Run it on a port that the system chooses."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.endpoint = TokenEndpoint(port=server.server_address[1], **fields)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.endpoint
        finally:
            server.shutdown()
            thread.join()
