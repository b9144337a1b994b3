"""`start`: the second `./run` until it says that it is ready, and what it then holds idle."""

import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGTERM

import psutil

from govapp.bench.figures import Figure, at_most
from govapp.bench.ground import Ground, lay_cluster
from govapp.runtime.processes import stop_child
from govapp.runtime.state import ROOT

_NAMES = {"uvicorn": "web", " worker ": "worker", " beat ": "beat"}
_OTHERS = {"sweep_timers": "sweeper", "sequence_ledger": "sequencer"}


def run(ground: Ground) -> Iterator[Figure]:
    """Yield the time of the second start and the memory of web, worker and beat."""
    with tempfile.TemporaryDirectory(prefix="start-", dir=ground.services.directory) as name:
        Path(name).chmod(0o711 if os.geteuid() == 0 else 0o700)
        lay_cluster(Path(name))
        with _started(ground, name):
            pass
        with _started(ground, name) as (seconds, process):
            time.sleep(ground.seconds(3))
            sizes = _sizes(process)
    yield at_most("second ./run until ready", seconds, unit="s", target=3)
    three = sum(size for name, size in sizes.items() if name in _NAMES.values())
    each = ", ".join(f"{name} {size:.0f}" for name, size in sizes.items())
    yield at_most("idle web + worker + beat", three, unit="MB", target=600, note=each)


@contextmanager
def _started(ground: Ground, state: str) -> Iterator[tuple[float, "subprocess.Popen[bytes]"]]:
    """Run `./run up --no-demo` until it is ready; stop it at the end."""
    without = ("DATABASE_URL", "REDIS_URL", "GOVAPP_BASE_URL", "PORT")
    environment = {k: v for k, v in ground.environment.items() if k not in without}
    environment |= {"GOVAPP_STATE_DIR": state}
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "govapp.runtime", "up", "--no-demo"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        _read_until(process, b"Govapp is ready", 120)
        yield time.monotonic() - began, process
    finally:
        stop_child(process, (SIGTERM, 30.0))


def _read_until(process: "subprocess.Popen[bytes]", words: bytes, seconds: float) -> None:
    if process.stdout is None:
        raise RuntimeError("No output to read.")
    heard, limit = b"", time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while words not in heard:
            if time.monotonic() > limit or process.poll() is not None:
                raise RuntimeError(f"It did not start: {heard[-300:].decode(errors='replace')}")
            if selector.select(0.2):
                heard += os.read(process.stdout.fileno(), 65_536)


def _sizes(process: "subprocess.Popen[bytes]") -> dict[str, float]:
    """Return the resident memory in MB of each program, by its name."""
    sizes: dict[str, float] = {}
    for child in psutil.Process(process.pid).children(recursive=True):
        line = " ".join(child.cmdline()) + " "
        for mark, name in (_NAMES | _OTHERS).items():
            if mark in line:
                sizes[name] = sizes.get(name, 0) + child.memory_info().rss / 2**20
    return sizes
