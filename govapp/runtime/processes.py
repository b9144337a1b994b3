"""Starting, finding and stopping processes that are provably ours."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

LEASH = Path(__file__).with_name("leash.py")
ACCOUNT = "govapp-postgres"
MARK = "GOVAPP_SUPERVISED"


@dataclass(frozen=True)
class Account:
    """The unprivileged user as whom the embedded servers run when we are root."""

    name: str
    uid: int
    gid: int

    def own(self, *paths: Path) -> None:
        """Give these files to the account."""
        for path in paths:
            os.chown(path, self.uid, self.gid)


def server_account() -> Account | None:
    """Return whom the servers must run as: None is ourselves, an account when we are root.

    PostgreSQL refuses root. The account is made once; where that is impossible, ``nobody``.
    """
    if os.geteuid() != 0:
        return None
    useradd = shutil.which("useradd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not has_user(ACCOUNT) and useradd:
        options = ["--system", "--no-create-home", "--home-dir", "/nonexistent"]
        options += ["--shell", "/usr/sbin/nologin", ACCOUNT]
        # Two runs may do this at once; whoever loses finds the account of the other.
        subprocess.run([useradd, *options], check=False, capture_output=True)
    entry = pwd.getpwnam(ACCOUNT if has_user(ACCOUNT) else "nobody")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def has_user(name: str) -> bool:
    """Tell whether this machine knows the user."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def spawn(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    output: int | IO[bytes] | None = subprocess.DEVNULL,
    account: Account | None = None,
    parting: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own that gets ``parting`` when we die.

    A session of its own, so that Ctrl-C reaches the supervisor alone and the order of
    stopping is ours. ``output=None`` is the terminal.
    """
    who = f"{account.uid}:{account.gid}" if account else "-"
    leash = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), str(int(parting)), who]
    return subprocess.Popen(
        [*leash, *map(str, command)],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=dict(env) if env is not None else None,
        cwd=cwd,
        start_new_session=True,
    )


def stop_child(
    process: subprocess.Popen[bytes], *steps: tuple[signal.Signals, float], poll: float = 10
) -> None:
    """Send each signal in turn, waiting its seconds, and SIGKILL to the session at last."""
    for number, seconds in steps:
        if process.poll() is None:
            process.send_signal(number)
        try:
            process.wait(seconds)
            break
        except subprocess.TimeoutExpired:
            continue
    kill_session(process.pid)
    process.wait(poll)


def kill_session(leader: int) -> None:
    """Kill what is left in the session that this child of ours led."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def servers_in(directory: Path, name: str) -> list[psutil.Process]:
    """Find the server processes that work in this data directory.

    PostgreSQL and Valkey both change into it, so the working directory is proof; a pid
    from a file alone is not: it may belong to anybody by now.
    """
    found = []
    for process in psutil.process_iter():
        try:
            if process.name().startswith(name) and Path(process.cwd()) == directory:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def marked(state_dir: Path) -> list[psutil.Process]:
    """Find what a supervisor of this state directory started, by its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == str(state_dir):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return [process for process in found if process.pid != os.getpid()]


def end(processes: Iterable[psutil.Process], number: signal.Signals, seconds: float) -> None:
    """End these processes: the signal first, SIGKILL for what is left after the seconds.

    psutil compares the start time before each signal, so a reused pid is never hit.
    """
    rest = list(processes)
    for process in rest:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue
    _, alive = psutil.wait_procs(rest, timeout=seconds)
    for process in alive:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(alive, timeout=5)
