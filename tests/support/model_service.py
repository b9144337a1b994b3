"""A model's service on loopback that speaks OpenAI's protocol, well or badly, as a test wants.

Kept free of everything but the standard library: benchmarks use it too.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class ModelService:
    """What it answers, and what it was asked. `pieces` are the words of a streamed answer.

    `hold_after` pieces it waits for `held`; after `cut_after` pieces it closes the connection.
    `keys` are those that it accepts; all when empty. `error` is answered instead: status, body.
    """

    port: int = 0
    pieces: list[str] = field(default_factory=lambda: ["Hello", " there", "."])
    message: dict[str, Any] | None = None
    deltas: list[dict[str, Any]] | None = None
    tells_usage: bool = True
    usage: tuple[int, int] = (11, 7)
    keys: set[str] = field(default_factory=set)
    error: tuple[int, Any] | None = None
    raw: bytes | None = None  # sent instead of a stream or an answer, as it is
    content_type: str = ""
    held: threading.Event | None = None
    hold_after: int = 0
    cut_after: int | None = None
    asked: list[Asked] = field(default_factory=list)
    hung_up: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """The address that a tenant names: paths come behind it."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def text(self) -> str:
        return "".join(self.pieces)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    service: ModelService


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_HEAD(self) -> None:
        self._head(200, "text/plain", 0)

    def do_POST(self) -> None:
        service = cast("_Server", self.server).service
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        service.asked.append(Asked(self.path, headers, body))
        key = headers.get("authorization", "").removeprefix("Bearer ")
        with suppress(ConnectionError):
            if service.keys and key not in service.keys:
                said = {"error": {"message": f"Incorrect API key provided: {key}"}}
                self._json(401, said)
            elif service.error is not None:
                self._json(*service.error)
            elif service.raw is not None:
                self._head(200, service.content_type or "text/event-stream", len(service.raw))
                self.wfile.write(service.raw)
            elif self.path.endswith("/embeddings"):
                self._embeddings(service, body)
            elif body.get("stream"):
                self._stream(service, body)
            else:
                self._whole(service, body)

    def _whole(self, service: ModelService, body: dict[str, Any]) -> None:
        if service.held is not None:
            service.held.wait(60)
        message = service.message or {"role": "assistant", "content": service.text}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        answer = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1,
                  "model": body["model"], "choices": [choice]}  # fmt: skip
        self._json(200, answer | self._usage(service))

    def _embeddings(self, service: ModelService, body: dict[str, Any]) -> None:
        given = body["input"] if isinstance(body["input"], list) else [body["input"]]
        data = [
            {"object": "embedding", "index": index, "embedding": [0.25, -0.5, float(len(text))]}
            for index, text in enumerate(given)
        ]
        usage = {"prompt_tokens": service.usage[0], "total_tokens": service.usage[0]}
        self._json(
            200, {"object": "list", "model": body["model"], "data": data, "usage": usage}
        )  # fmt: skip

    def _stream(self, service: ModelService, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        deltas = service.deltas or [{"content": each} for each in service.pieces]
        try:
            self._event(body, [self._choice({"role": "assistant", "content": ""})])
            for number, delta in enumerate(deltas):
                if service.held is not None and number == service.hold_after:
                    self._wait(service)
                if number == service.cut_after:
                    return
                self._event(body, [self._choice(delta)])
            self._event(body, [self._choice({}, "stop")])
            if service.tells_usage and (body.get("stream_options") or {}).get("include_usage"):
                self._event(body, [], self._usage(service))
            self._write(b"data: [DONE]\n\n")
        except ConnectionError:
            service.hung_up.set()

    def _wait(self, service: ModelService) -> None:
        """Wait to be let go on, and notice when whoever asked has gone."""
        assert service.held is not None
        while not service.held.wait(0.02):
            self._write(b": still here\n\n")

    @staticmethod
    def _choice(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}

    @staticmethod
    def _usage(service: ModelService) -> dict[str, Any]:
        if not service.tells_usage:
            return {}
        asked, answered = service.usage
        return {
            "usage": {
                "prompt_tokens": asked,
                "completion_tokens": answered,
                "total_tokens": asked + answered,
            }
        }

    def _event(
        self, body: dict[str, Any], choices: list[Any], more: dict[str, Any] | None = None
    ) -> None:
        piece = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
                 "model": body["model"], "choices": choices}  # fmt: skip
        self._write(b"data: " + json.dumps(piece | (more or {})).encode() + b"\n\n")

    def _write(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()

    def _json(self, status: int, body: Any) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._head(status, "application/json", len(content))
        self.wfile.write(content)

    def _head(self, status: int, content_type: str, length: int) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(length))
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def running_model_service() -> Iterator[ModelService]:
    """Run the service on a port that the system chooses."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.service = ModelService(port=server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.service
        finally:
            if server.service.held is not None:
                server.service.held.set()
            server.shutdown()
            thread.join()
