"""The environment is made once, by one run at a time, and again when interrupted."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from govapp.runtime import bootstrap

SCRIPT = """
import importlib.util, pathlib, sys, time
spec = importlib.util.spec_from_file_location("bootstrap", sys.argv[1])
bootstrap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bootstrap)
root = pathlib.Path(sys.argv[2])

def install(venv, lock):
    with (root / "installs").open("a") as log:
        log.write("x")
    time.sleep(0.5)
    (venv / "bin").mkdir(exist_ok=True)
    (venv / "bin" / "python").symlink_to(sys.executable)

bootstrap.install = install
print(bootstrap.ensure_environment(root))
"""


def start(root: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), bootstrap.__file__, str(root)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def make_current(root: Path) -> str:
    (root / "requirements.lock").write_text("one==1\n")
    (root / ".venv" / "bin").mkdir(parents=True)
    (root / ".venv" / "bin" / "python").symlink_to(sys.executable)
    digest = bootstrap.fingerprint(root / "requirements.lock")
    (root / ".venv" / ".requirements").write_text(digest + "\n")
    return digest


def test_two_runs_at_once_install_once(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text("one==1\n")
    runs = [start(tmp_path), start(tmp_path)]
    last_lines = [run.communicate()[0].splitlines()[-1] for run in runs]
    assert sorted(last_lines) == ["False", "True"]
    assert (tmp_path / "installs").read_text() == "x"


def test_a_link_whose_target_is_gone_is_filled_again(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text("one==1\n")
    (tmp_path / ".venv").symlink_to(tmp_path / "elsewhere" / "venv")
    assert start(tmp_path).communicate()[0].splitlines() == ["True"]
    assert (tmp_path / "elsewhere" / "venv" / ".requirements").exists()


def test_nothing_is_done_when_the_lock_is_the_same(tmp_path: Path) -> None:
    make_current(tmp_path)
    assert bootstrap.ensure_environment(tmp_path) is False


@pytest.mark.parametrize("damage", ["lock", "stamp", "interpreter"])
def test_what_changed_is_noticed(tmp_path: Path, damage: str) -> None:
    digest = make_current(tmp_path)
    venv = tmp_path / ".venv"
    if damage == "lock":
        (tmp_path / "requirements.lock").write_text("one==2\n")
        digest = bootstrap.fingerprint(tmp_path / "requirements.lock")
    elif damage == "stamp":
        (venv / ".requirements").unlink()
    else:
        (venv / "bin" / "python").unlink()
        (venv / "bin" / "python").symlink_to(tmp_path / "removed")
    assert bootstrap.is_current(venv, digest) is False


def test_an_installation_that_fails_leaves_no_stamp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "requirements.lock").write_text("one==1\n")

    def fail(venv: Path, lock: Path) -> None:
        raise bootstrap.BootstrapError("no network")

    monkeypatch.setattr(bootstrap, "install", fail)
    with pytest.raises(bootstrap.BootstrapError, match="no network"):
        bootstrap.ensure_environment(tmp_path)
    assert not (tmp_path / ".venv" / ".requirements").exists()
