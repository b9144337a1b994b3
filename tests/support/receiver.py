"""A receiver of callbacks on loopback that keeps what it is sent."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast


@dataclass(frozen=True)
class Received:
    """One request, headers with lower-case names."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What arrived. `statuses` holds the next answers instead of the usual one; 0 is none: the
    connection is closed after everything was received. `headers` go with each answer. While there
    is `held`, nobody is answered before it is set."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    usual_status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    held: threading.Event | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


class _Server(ThreadingHTTPServer):
    receiver: Receiver


class _Handler(BaseHTTPRequestHandler):
    timeout = 60

    def do_POST(self) -> None:
        receiver = cast("_Server", self.server).receiver
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        receiver.received.append(Received(self.path, headers, body))
        if receiver.held is not None:
            receiver.held.wait(60)
        status = receiver.statuses.pop(0) if receiver.statuses else receiver.usual_status
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in receiver.headers.items():
            self.send_header(name, value)
        if 300 <= status < 400:
            self.send_header("location", f"{receiver.url}/elsewhere")
        self.send_header("content-length", "0")
        with suppress(ConnectionError):  # whoever asked may have gone
            self.end_headers()

    def do_HEAD(self) -> None:
        self.do_POST()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    """Run the receiver on a port that the system chooses."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.receiver = Receiver(port=server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.receiver
        finally:
            server.shutdown()
            thread.join()
