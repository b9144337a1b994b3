"""The real web server in a process of its own, as `./run` starts it."""

import http.client
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from signal import SIGTERM

from govapp.bench.ground import Ground
from govapp.runtime.console import StartError
from govapp.runtime.processes import spawn, stop_child
from govapp.runtime.state import ROOT
from govapp.runtime.up import web_command
from govapp.runtime.valkey import free_port


@dataclass(frozen=True)
class Web:
    """Where it listens."""

    port: int
    process: subprocess.Popen[bytes]


@contextmanager
def serving(
    ground: Ground, command: Sequence[str] | None = None, **environment: str
) -> Iterator[Web]:
    """Run a web server until the block ends; `{port}` in `command` is replaced."""
    port = free_port()
    words = [word.format(port=port) for word in command] if command else web_command(port)
    with (ground.services.directory / "logs" / "web.log").open("ab") as log:
        process = spawn(words, env=ground.environment | environment, cwd=ROOT, output=log)
    try:
        _await(process, port)
        yield Web(port, process)
    finally:
        stop_child(process, (SIGTERM, 10.0))


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    limit = time.monotonic() + 60
    while time.monotonic() < limit and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
        finally:
            connection.close()
    raise StartError("The web server did not start; see logs/web.log of this run.")
