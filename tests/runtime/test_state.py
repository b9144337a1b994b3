"""What a run leaves in its state directory tells no more than it has to."""

import json
import stat
from pathlib import Path

import pytest

from govapp.runtime.commands import published_environment
from govapp.runtime.services import Services
from govapp.runtime.state import load_secrets, state_dir
from govapp.runtime.up import published

OURS = {
    "GOVAPP_ENV", "SECRET_KEY", "GOVAPP_SEALING_KEY", "DATABASE_URL", "DATABASE_OWNER_URL",
    "REDIS_URL", "GOVAPP_STATE_DIR", "GOVAPP_BASE_URL", "PYTHONUNBUFFERED",
}  # fmt: skip


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("GOVAPP_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TOKEN_OF_SOMETHING_ELSE", "hunter2")
    directory = state_dir()
    held = load_secrets(directory)
    return Services(directory, held, "postgres://app@h/g", "postgres://own@h/g", "redis://h")


def test_a_run_publishes_its_own_variables_only(services: Services) -> None:
    path = services.directory / "running.json"
    with published(services):
        assert set(json.loads(path.read_text())) == OURS
        assert "hunter2" not in path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        typed = published_environment(services.directory)
    assert typed["TOKEN_OF_SOMETHING_ELSE"] == "hunter2"
    assert (typed["DATABASE_URL"], typed["DATABASE_OWNER_URL"]) == (
        "postgres://app@h/g",
        "postgres://own@h/g",
    )
    assert not path.exists()


def test_mails_are_for_their_owner_only(services: Services) -> None:
    mail = services.directory / "mail"
    assert stat.S_IMODE(mail.stat().st_mode) == 0o700
    mail.chmod(0o755)  # as earlier runs left it
    state_dir()
    assert stat.S_IMODE(mail.stat().st_mode) == 0o700
