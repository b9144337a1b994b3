"""Tools of others (aics-tlog, aics-witness) that must accept what we make.

They are no dependency of ours: the test run installs them, by hash, into the state directory, once
for all its processes and for later runs. They run as processes of their own.
"""

import fcntl
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from govapp.runtime.bootstrap import clean_environment
from govapp.runtime.state import state_dir

REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")
_PATIENCE: Final = 240  # seconds; a test may take 300


class OthersMissing(Exception):
    """The tools could not be installed; the message says what pip said."""


@dataclass(frozen=True)
class Others:
    """The installed tools; `path` goes on PYTHONPATH."""

    path: Path

    def environment(self) -> dict[str, str]:
        """Return an environment in which this Python finds the tools."""
        return clean_environment() | {"PYTHONPATH": str(self.path), "PYTHONUTF8": "1"}

    def command(self, module: str, *arguments: str | Path) -> list[str]:
        """Return the command that runs `aics_tlog` or `aics_witness`."""
        return [sys.executable, "-m", module, *map(str, arguments)]

    def run(self, module: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run one of the tools to its end; the caller looks at the return code."""
        return subprocess.run(
            self.command(module, *arguments),
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def tlog(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run `aics-tlog`."""
        return self.run("aics_tlog", *arguments)


def installed_others() -> Others:
    """Return the tools, installed by whichever process comes first.

    Raises OthersMissing when pip cannot.
    """
    wanted = sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    home = state_dir() / "others"
    home.mkdir(exist_ok=True)
    target = home / f"{wanted}-py{sys.version_info.major}{sys.version_info.minor}"
    with _locked(home / "lock"):
        if not target.exists():
            _install(target)
    return Others(target)


def _install(target: Path) -> None:
    """Install beside the place and rename: what is there is whole."""
    beside = Path(tempfile.mkdtemp(prefix="new-", dir=target.parent))
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--ignore-requires-python"]
    command += ["--require-hashes", "--no-input", "--no-cache-dir", "--no-compile"]
    command += ["--disable-pip-version-check", "--progress-bar=off"]
    command += ["--target", str(beside), "--requirement", str(REQUIREMENTS)]
    try:
        done = subprocess.run(
            command,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        if done.returncode:
            raise OthersMissing(_words(done.stdout))
        beside.replace(target)
    except subprocess.TimeoutExpired:
        raise OthersMissing(_words(f"pip did not end within {_PATIENCE} s")) from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _words(said: str) -> str:
    return (
        "The tests check what we make with tools of others (tests/audit/others/requirements.txt),"
        f" which pip could not install from the package index of this machine:\n{said[-2000:]}"
    )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that the kernel drops when this process ends, however it ends."""
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
