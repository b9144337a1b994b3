"""The demonstration's systems answer where its integrations say, or `./run` says they do not."""

import json
import socket
import sys
from pathlib import Path

import pytest

from govapp.runtime.up import demo_systems


def leave_note(directory: Path, **note: object) -> None:
    (directory / "demo.json").write_text(json.dumps(note))


def test_without_a_demonstration_nothing_is_started(tmp_path: Path) -> None:
    assert demo_systems(tmp_path) == []
    leave_note(tmp_path, tenant="of-an-earlier-version")
    assert demo_systems(tmp_path) == []


def test_they_are_started_on_the_port_that_the_demonstration_took(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        leave_note(tmp_path, systems_port=port)
        assert demo_systems(tmp_path) == []
    said = capsys.readouterr().out
    assert (
        said == f"Port {port} is in use: the demonstration's systems and its model do not answer.\n"
    )
    command = [sys.executable, "-m", "approvals.demo.standin", str(port)]
    assert demo_systems(tmp_path) == command
