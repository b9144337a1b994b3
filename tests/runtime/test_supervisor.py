"""Programs are restarted, their lines named, and nothing outlives a stop or a kill."""

import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from govapp.runtime.processes import spawn
from govapp.runtime.state import ROOT, holding, load_secrets
from govapp.runtime.supervisor import Child, Program, Supervisor


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def shell(script: str) -> Callable[[], Child]:
    return lambda: spawn(["/bin/sh", "-c", script], output=subprocess.PIPE)


def drive(supervisor: Supervisor, until: Callable[[], bool]) -> None:
    limit = time.monotonic() + 120
    while not until():
        assert time.monotonic() < limit
        supervisor.pump(0.05)
        supervisor.tend()


def await_words(
    supervisor: Supervisor, capsys: pytest.CaptureFixture[str], word: str, times: int
) -> None:
    seen: list[str] = []

    def all_said() -> bool:
        seen.append(capsys.readouterr().out)
        return "".join(seen).count(word) == times

    drive(supervisor, all_said)


def test_lines_carry_the_name_of_their_program(capsys: pytest.CaptureFixture[str]) -> None:
    supervisor = Supervisor()
    program = Program("talker", shell("echo one; printf two; exit 3"))
    supervisor.add(program)
    drive(supervisor, lambda: program.restart_at is not None)
    supervisor.stop()
    assert capsys.readouterr().out.splitlines() == [
        "talker    | one",
        "talker    | two",
        "talker    | ended (3); again in 0.5 s",
    ]


def test_a_program_that_was_killed_comes_back() -> None:
    supervisor = Supervisor()
    program = Program("sleeper", shell("exec sleep 60"))
    supervisor.add(program)
    first = program.process
    assert first is not None
    first.kill()
    drive(supervisor, lambda: program.restarts == 1)
    second = program.process
    assert second is not None
    assert (second.pid != first.pid, second.poll()) == (True, None)
    supervisor.stop()
    assert second.poll() is not None


def test_programs_stop_in_the_order_in_which_they_were_added(
    capsys: pytest.CaptureFixture[str],
) -> None:
    supervisor = Supervisor()
    for name in ("web", "worker", "beat"):
        script = f"trap 'echo {name} stops; exit 0' TERM; echo up; while :; do sleep 0.1; done"
        supervisor.add(Program(name, shell(script), grace=60.0))
    await_words(supervisor, capsys, "up", 3)
    supervisor.stop()
    said = [line.split("| ")[1] for line in capsys.readouterr().out.splitlines()]
    assert said == ["web stops", "worker stops", "beat stops"]


def test_one_who_does_not_stop_is_killed_after_its_grace(
    capsys: pytest.CaptureFixture[str],
) -> None:
    supervisor = Supervisor()
    script = "trap '' TERM; echo up; while :; do sleep 0.1; done"
    program = Program("stubborn", shell(script), grace=0.2)
    supervisor.add(program)
    await_words(supervisor, capsys, "up", 1)
    supervisor.stop()
    assert program.process is not None
    assert program.process.returncode == -signal.SIGKILL


def test_children_die_when_their_supervisor_is_killed() -> None:
    script = """
        import subprocess, sys, time
        from govapp.runtime.processes import spawn
        print(spawn(["/bin/sleep", "60"]).pid, flush=True)
        time.sleep(60)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, cwd=ROOT
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    deadline = time.monotonic() + 60
    while child.name() != "sleep" and time.monotonic() < deadline:
        time.sleep(0.02)
    parent.kill()
    parent.communicate()
    _, alive = psutil.wait_procs([child], timeout=60)
    assert alive == []


def test_one_run_at_a_time_holds_the_state(tmp_path: Path) -> None:
    with holding(tmp_path) as first, holding(tmp_path) as second:
        assert (first, second) == (True, False)
    with holding(tmp_path) as again:
        assert again is True


def test_secrets_are_made_once_and_are_private(tmp_path: Path) -> None:
    made = load_secrets(tmp_path)
    assert load_secrets(tmp_path) == made
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert len(set(vars(made).values())) == 4
