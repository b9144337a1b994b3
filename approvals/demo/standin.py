"""Stand-ins for the demo bank's systems: they answer on this machine, and do nothing.

`./run` keeps them beside the demonstration: `python -m approvals.demo.standin PORT`. Whatever is
asked is refused for want of a key (401), which is all that a check of an integration looks for.
Only the model answers, in as much of OpenAI's protocol as its clients need, and always the same.
Standard library only: it starts in no time.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

HOST: Final = "127.0.0.1"
PORTS: Final = range(8190, 8200)
ANSWER: Final = "This is a stand-in of the demonstration: it says the same to everybody."
_NO_KEY: Final = {"error": {"message": "A stand-in: it wants a key that nobody has."}}
_CHARACTERS_OF_ONE: Final = 4  # a token, about


class StandIn(BaseHTTPRequestHandler):
    """Answers as each of the systems, by the end of the path."""

    def do_HEAD(self) -> None:
        self._answer(401, b"")

    def do_GET(self) -> None:
        self._answer(401, json.dumps(_NO_KEY).encode())

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        asked = self._read(self.rfile.read(length))
        if asked is None:
            self._answer(400, b'{"error": {"message": "Send a JSON object."}}')
        elif self.path.endswith("/chat/completions"):
            self._chat(asked)
        elif self.path.endswith("/embeddings"):
            self._answer(200, json.dumps(_embedded(asked)).encode())
        else:
            self._answer(401, json.dumps(_NO_KEY).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing: what is asked is nobody's business."""

    def _read(self, body: bytes) -> dict[str, Any] | None:
        try:
            asked = json.loads(body or b"{}")
        except ValueError:
            return None
        return asked if isinstance(asked, dict) else None

    def _chat(self, asked: dict[str, Any]) -> None:
        if not asked.get("stream"):
            self._answer(200, json.dumps(_whole(asked)).encode())
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for piece in _pieces(asked):
            self.wfile.write(b"data: " + json.dumps(piece).encode() + b"\n\n")
        self.wfile.write(b"data: [DONE]\n\n")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def first_free() -> int:
    """Return the first port of `PORTS` on which nobody listens, else any that is free."""
    for port in (*PORTS, 0):
        try:
            with ThreadingHTTPServer((HOST, port), StandIn) as server:
                return int(server.server_address[1])
        except OSError:
            continue
    raise OSError("No port is free on this machine.")


@contextmanager
def standing_in(port: int = 0) -> Iterator[str]:
    """Let the systems answer in a thread of this process; yield their address."""
    with ThreadingHTTPServer((HOST, port), StandIn) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield address_at(int(server.server_address[1]))
        finally:
            server.shutdown()


def address_at(port: int) -> str:
    """Return the address under which the systems answer at this port."""
    return f"http://{HOST}:{port}"


def _usage(asked: dict[str, Any], answered: str = "") -> dict[str, int]:
    words = json.dumps(asked.get("messages", asked.get("input", "")))
    used = {
        "prompt_tokens": len(words) // _CHARACTERS_OF_ONE,
        "completion_tokens": len(answered) // _CHARACTERS_OF_ONE,
    }
    return used | {"total_tokens": sum(used.values())}


def _whole(asked: dict[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": ANSWER}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return _head(asked, "chat.completion") | {"choices": [choice], "usage": _usage(asked, ANSWER)}


def _pieces(asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    head = _head(asked, "chat.completion.chunk")
    for word in ANSWER.split(" "):
        delta = {"content": f"{word} "}
        yield head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield head | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    yield head | {"choices": [], "usage": _usage(asked, ANSWER)}


def _head(asked: dict[str, Any], kind: str) -> dict[str, Any]:
    model = str(asked.get("model", ""))
    return {"id": "chatcmpl-stand-in", "object": kind, "created": 0, "model": model}


def _embedded(asked: dict[str, Any]) -> dict[str, Any]:
    given = asked.get("input")
    count = len(given) if isinstance(given, list) else 1
    rows = [
        {"object": "embedding", "index": index, "embedding": [0.0, 1.0]} for index in range(count)
    ]
    model = str(asked.get("model", ""))
    return {"object": "list", "data": rows, "model": model, "usage": _usage(asked)}


if __name__ == "__main__":
    ThreadingHTTPServer((HOST, int(sys.argv[1])), StandIn).serve_forever()
