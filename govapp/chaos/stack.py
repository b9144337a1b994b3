"""A Govapp of its own: what `./run` starts, in a state directory for the moment."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
from psycopg.rows import dict_row

from govapp.runtime.processes import spawn
from govapp.runtime.state import ROOT

START_SECONDS = 600.0
T = TypeVar("T")
# What a program's command line holds, and nobody else's.
SIGNS = {
    "web": "uvicorn",
    "worker": "--concurrency",
    "beat": "--schedule",
    "sweeper": "sweep_timers",
    "sequencer": "sequence_ledger",
    "valkey": "valkey-server",
    "postgres": "/bin/postgres",
}


class InVain(AssertionError):
    """What was waited for did not come."""


def until(look: Callable[[], T | None], what: str, seconds: float = 120.0) -> T:
    """Look again and again until there is something; fail after the seconds, which are ample."""
    limit = time.monotonic() + seconds
    while True:
        if found := look():
            return found
        if time.monotonic() > limit:
            raise InVain(f"waited {seconds:g} s in vain: {what}")
        time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def bare_environment(**more: str) -> dict[str, str]:
    """What a person's shell has at the least: no variable of this test run comes along."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(Path.home()), **more}


@dataclass
class Stack:
    """A running Govapp with a look behind it."""

    directory: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def base_url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def published(self) -> dict[str, str]:
        """What the run says of itself for other programs."""
        note: dict[str, str] = json.loads((self.directory / "running.json").read_text())
        return note

    @property
    def environment(self) -> dict[str, str]:
        """The environment of commands typed by a person: ours, and what the run publishes."""
        return {**os.environ, **self.published}

    @property
    def words(self) -> str:
        """What the run and its programs have said."""
        return (self.directory / "run.log").read_text(errors="replace")

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of our modules or `manage.py` with the database and broker of this run."""
        return subprocess.run(
            [sys.executable, *arguments],
            env={**self.environment, "DJANGO_SETTINGS_MODULE": "govapp.settings.dev"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def verify_ledger(self, slug: str) -> tuple[int, str]:
        done = self.python("manage.py", "verify_ledger", "--tenant", slug)
        return done.returncode, done.stdout + done.stderr

    @contextmanager
    def superuser(self) -> Iterator[psycopg.Connection[dict[str, Any]]]:
        """A connection past row-level security, triggers and grants; committed at the end."""
        parts = urlsplit(self.environment["DATABASE_OWNER_URL"])
        password = (self.directory / "postgres.password").read_text().strip()
        url = urlunsplit(parts._replace(netloc=f"postgres:{password}@"))
        with psycopg.connect(url, row_factory=dict_row) as connection:
            yield connection

    def rows(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        with self.superuser() as connection:
            return connection.execute(query, parameters).fetchall()

    def value(self, query: str, *parameters: Any) -> Any:
        (row,) = self.rows(query, *parameters)
        return next(iter(row.values()))

    def shift_clock(self, shift: timedelta) -> None:
        """Move the database's time to `shift` after the real one."""
        with self.superuser() as connection:
            connection.execute("UPDATE govapp_clock SET shift = %s", [shift])

    def sequenced(self, tenant_id: str) -> None:
        """Wait until no event of the tenant waits for its place in the record."""
        query = "SELECT count(*) FROM audit_ledgerqueueitem WHERE tenant_id = %s"
        until(lambda: self.value(query, tenant_id) == 0, "the sequencer")

    def programs(self) -> dict[str, psutil.Process]:
        """The supervised programs that are alive now, by name."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            try:
                line = " ".join(child.cmdline())
            except psutil.Error:
                continue
            for name, sign in SIGNS.items():
                if sign in line:
                    found[name] = child
        return found

    def kill(self, name: str) -> int:
        """Kill -9 one program with all that it started; return its former process id."""
        process = until(lambda: self.programs().get(name), f"{name} is not there")
        for each in [*process.children(recursive=True), process]:
            each.kill()
        return process.pid

    def back(self, name: str, former: int) -> None:
        """Wait until the supervisor has started the program again."""

        def look() -> bool:
            process = self.programs().get(name)
            return process is not None and process.pid != former

        until(look, f"{name} was not started again")

    def stop(self) -> int:
        """Press Ctrl-C and wait; return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(240)


def start_stack(
    directory: Path, *, port: int, command: Sequence[str], cwd: Path = ROOT, **more: str
) -> Stack:
    """Start it and wait until it says that it is ready."""
    directory.mkdir(mode=0o711, parents=True, exist_ok=True)
    log = directory / "run.log"
    environment = bare_environment(PORT=str(port), GOVAPP_STATE_DIR=str(directory), **more)
    before = log.read_text().count("Govapp is ready") if log.exists() else 0
    with log.open("ab") as output:
        process = spawn(command, env=environment, cwd=cwd, output=output, parting=signal.SIGTERM)
    stack = Stack(directory, port, process)

    def look() -> bool:
        if process.poll() is not None:
            raise InVain(f"it ended:\n{stack.words}")
        return stack.words.count("Govapp is ready") > before

    until(look, "Govapp starts", START_SECONDS)
    return stack


@contextmanager
def running_stack(directory: Path) -> Iterator[Stack]:
    """Start a Govapp without a demonstration, and stop it at the end."""
    command = [sys.executable, "-m", "govapp.runtime", "up", "--no-demo"]
    stack = start_stack(directory, port=free_port(), command=command)
    try:
        yield stack
    finally:
        stack.stop()
