"""A mirror of a tenant's log on loopback: fetches with a key what tools without one ask for.

It is what an auditor puts in front of a verifier that knows of no bearer keys.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from django.db import connections
from django.test import Client


@dataclass
class Mirror:
    """Where it listens, and which paths were asked for."""

    url: str
    paths: list[str] = field(default_factory=list)


@contextmanager
def mirror_of(key: str, under: str = "/api/v1/audit") -> Iterator[Mirror]:
    """Serve the log of the tenant whose key this is; without a key, what is `under` for anybody."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            for name in ("Accept-Encoding", "Accept"):
                if name in self.headers:
                    headers[name] = self.headers[name]
            try:
                answer = Client().get(f"{under}{self.path}", headers=headers)
            finally:
                connections.close_all()
            self.send_response(answer.status_code)
            for name in ("Content-Type", "Content-Encoding", "Cache-Control"):
                if name in answer:
                    self.send_header(name, answer[name])
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield Mirror(f"http://127.0.0.1:{server.server_port}/", paths)
        finally:
            server.shutdown()
            thread.join()
