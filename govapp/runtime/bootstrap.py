"""Makes ``.venv`` and installs ``requirements.lock`` into it.

Runs before any dependency exists, so: standard library only, and no import of ours.
Three ways, the first that this machine offers: ``uv``; ``venv`` with its own pip;
``venv`` without pip, filled by the pip outside (Debian without ``python3-venv``).
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ADVICE = """\
This Python has no way to install packages: neither uv, nor ensurepip, nor pip was found.
  Debian, Ubuntu:  apt-get install python3-venv
  Fedora:          dnf install python3-pip
  anywhere:        install uv (https://docs.astral.sh/uv/) and put it on PATH
"""


class BootstrapError(Exception):
    """The environment cannot be made; the message says how to help."""


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def fingerprint(lock: Path) -> str:
    """Return the SHA-256 of the lock: what the stamp is compared with."""
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def is_current(venv: Path, digest: str) -> bool:
    """Tell whether this environment was completely installed from this lock."""
    stamp = venv / ".requirements"
    # os.access follows the link to the interpreter: false when that Python was removed.
    if not os.access(venv / "bin" / "python", os.X_OK):
        return False
    return stamp.is_file() and stamp.read_text().strip() == digest


def ensure_environment(root: Path) -> bool:
    """Make the environment of this checkout; return whether anything had to be done.

    The stamp goes first and comes back last: an interrupted installation is done again.
    Raises BootstrapError when it cannot be made.
    """
    venv, lock = root / ".venv", root / "requirements.lock"
    digest = fingerprint(lock)
    if is_current(venv, digest):
        return False
    real = venv.resolve()  # .venv may be a link, also one whose target was removed
    try:
        real.mkdir(parents=True, exist_ok=True)
        with exclusive(real / ".lock-of-run"):
            if is_current(venv, digest):
                return False
            (real / ".requirements").unlink(missing_ok=True)
            install(real, lock)
            (real / ".requirements").write_text(digest + "\n")
    except PermissionError as error:
        raise BootstrapError(
            f"{real} belongs to somebody else and is not up to date ({error.strerror}).\n"
            "Run this once as its owner, or remove it."
        ) from error
    return True


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock that the kernel drops when this process ends, however it ends."""
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another run is making the environment; waiting for it.")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def install(venv: Path, lock: Path) -> None:
    """Create the environment if need be and install every pinned package with its hash."""
    total = sum("==" in line for line in lock.read_text().splitlines() if line[:1].isalnum())
    started = time.monotonic()
    ways = plans(venv, lock)
    for number, (tool, make, fill) in enumerate(ways, start=1):
        say(f"Making the Python environment ({total} packages, with {tool}); once only.")
        try:
            if not os.access(venv / "bin" / "python", os.X_OK) or not has_pip(fill):
                quietly(make)
            with_progress(fill, total)
            break
        except BootstrapError as error:
            if number == len(ways):
                raise
            # A tool may be there and yet not reach the index (its own certificates, say).
            say(f"{tool} could not: {error}\nTrying the next way.")
    say(f"Environment ready after {time.monotonic() - started:.0f} s.")


def has_pip(command: list[str]) -> bool:
    """Tell whether the filling command can start: an environment made by uv has no pip."""
    check = [part if part != "install" else "--version" for part in command[:4]]
    if command[1:3] != ["-m", "pip"] or "--python" in command:
        return True
    result = subprocess.run(check, check=False, capture_output=True, env=clean_environment())
    return result.returncode == 0


def plans(venv: Path, lock: Path) -> list[tuple[str, list[str], list[str]]]:
    """Return the ways this machine offers: tool, command that creates, command that fills.

    Raises BootstrapError when there is none.
    """
    here = python_outside()
    inside = str(venv / "bin" / "python")
    ways = []
    if uv := shutil.which("uv"):
        make = [uv, "venv", "--quiet", "--allow-existing", "--python", here, str(venv)]
        fill = [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", inside, str(lock)]
        ways.append(("uv", make, fill))
    options = ["install", "--require-hashes", "--no-input", "--progress-bar=off"]
    options += ["--disable-pip-version-check", "--requirement", str(lock)]
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        make = [here, "-m", "venv", str(venv)]
        ways.append(("pip", make, [inside, "-m", "pip", *options]))
    elif importlib.util.find_spec("venv") and importlib.util.find_spec("pip"):
        make = [here, "-m", "venv", "--without-pip", str(venv)]
        fill = [here, "-m", "pip", "--python", inside, *options]
        ways.append(("the system's pip", make, fill))
    if not ways:
        raise BootstrapError(ADVICE)
    return ways


def python_outside() -> str:
    """Return an interpreter outside any environment: ours must not hang on another one."""
    if sys.prefix == sys.base_prefix:
        return sys.executable
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return str(base) if base.exists() else sys.executable


def clean_environment() -> dict[str, str]:
    """Return our environment without what would send an installation elsewhere."""
    drop = {"PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "PIP_USER"}
    kept = {name: value for name, value in os.environ.items() if name not in drop}
    # The certificates of the machine, as pip of a distribution does: companies add theirs.
    return {"UV_SYSTEM_CERTS": "true", **kept}


def quietly(command: list[str]) -> None:
    """Run a command, showing its output only when it fails."""
    result = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env=clean_environment(),
    )
    if result.returncode:
        raise BootstrapError(f"{' '.join(command)}\n{result.stdout}")


def with_progress(command: list[str], total: int) -> None:
    """Run the installer with one short line of progress, and its last words if it fails."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=clean_environment(),
    )
    lines: list[str] = []
    seen = 0
    for line in process.stdout or ():
        lines.append(line.rstrip())
        seen += line.startswith("Collecting ")
        if line.startswith("Collecting ") and (seen % 20 == 0 or seen == total):
            say(f"  {seen} of {total} packages fetched")
        elif line.startswith("Installing collected"):
            say("  unpacking")
    if process.wait():
        raise BootstrapError("Installing the packages failed:\n  " + "\n  ".join(lines[-15:]))


if __name__ == "__main__":
    try:
        ensure_environment(ROOT)
    except BootstrapError as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit("\nInterrupted; the next run finishes the environment.")
