"""A fresh clone in an empty environment starts, stops, and starts again after kill -9."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import httpx

from govapp.chaos.stack import free_port, start_stack, until
from govapp.runtime.processes import marked
from govapp.runtime.state import ROOT


def clone(directory: Path) -> Path:
    """Clone the repository, with the packages that are installed already.

    The environment is a shell of links with its own stamp: installing takes minutes, needs an
    index, and has tests of its own (tests/runtime/test_bootstrap.py).
    """
    subprocess.run(
        ["git", "clone", "--quiet", "--no-hardlinks", f"file://{ROOT}", directory], check=True
    )
    environment, installed = directory / ".venv", Path(sys.prefix)
    environment.mkdir()
    for name in ("bin", "lib"):
        (environment / name).symlink_to(installed / name)
    shutil.copy(installed / "pyvenv.cfg", environment)
    lock = (directory / "requirements.lock").read_bytes()
    (environment / ".requirements").write_text(hashlib.sha256(lock).hexdigest() + "\n")
    return directory


def test_a_clone_starts_stops_and_survives_a_kill(tmp_path: Path) -> None:
    checkout, state, port = clone(tmp_path / "clone"), tmp_path / "state", free_port()
    command = [str(checkout / "run"), "up", "--no-demo"]

    first = start_stack(state, port=port, command=command, cwd=checkout)
    assert httpx.get(f"{first.base_url}/healthz", timeout=120).text == "ok"
    login = httpx.get(f"{first.base_url}/accounts/login/", timeout=120)
    assert (login.status_code, "Sign in" in login.text) == (200, True)
    assert first.stop() == 0
    assert marked(state) == []

    second = start_stack(state, port=port, command=command, cwd=checkout)
    former = set(marked(state))
    assert len(former) >= 5
    second.process.kill()
    second.process.wait(60)

    third = start_stack(state, port=port, command=command, cwd=checkout)
    assert httpx.get(f"{third.base_url}/healthz", timeout=120).text == "ok"
    until(lambda: not any(each.is_running() for each in former), "the orphans are gone")
    assert third.stop() == 0
    until(lambda: marked(state) == [], "everything is stopped")
