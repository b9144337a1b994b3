"""`aics-witness` on loopback: a witness that others wrote, with state of its own."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from audit.merkle.note import VerifierKey
from tests.audit.others import Others

_LISTENING = re.compile(r"listening on (http://\S+)")


@dataclass(frozen=True)
class RunningWitness:
    """Where it listens, the key that it signs with, and what it has kept."""

    url: str
    vkey: str
    others: Others
    config: Path

    @property
    def setting(self) -> str:
        """The entry of LEDGER_WITNESSES."""
        return f"{self.vkey} {self.url}"

    def evidence(self) -> list[dict[str, Any]]:
        """Return the requests that the witness refused and kept as evidence of a fork."""
        done = self.others.run("aics_witness", "evidence", "--config", self.config)
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found


@contextmanager
def running_witness(
    others: Others, directory: Path, *logs: VerifierKey, name: str = "witness.example/w1"
) -> Iterator[RunningWitness]:
    """Run a witness that knows these logs, on a port that the system chooses."""
    directory.mkdir(exist_ok=True)
    config = directory / "witness.json"
    made = others.run(
        "aics_witness", "init", "--config", config, "--name", name, "--listen", "127.0.0.1:0"
    )
    assert made.returncode == 0, made.stderr
    for log in logs:
        _done(others, "add-log", "--config", config, "--origin", log.name, "--vkey", log.encode())
    process = subprocess.Popen(
        others.command("aics_witness", "serve", "--config", config),
        env=others.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        yield RunningWitness(_address(process.stderr), made.stdout.strip(), others, config)
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """End it. Asked to in the middle of a line of its log, this witness may not hear it."""
    process.terminate()
    try:
        process.communicate(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def _address(lines: IO[str]) -> str:
    said = []
    for line in lines:
        said.append(line)
        if found := _LISTENING.search(line):
            return found[1]
    raise AssertionError("The witness did not start:\n" + "".join(said))


def _done(others: Others, *arguments: str | Path) -> None:
    done = others.run("aics_witness", *arguments)
    assert done.returncode == 0, done.stderr
