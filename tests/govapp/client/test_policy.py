"""`./run policy`: what is pulled, pushed and pulled again is the same text."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from govapp.client.policy import TOKEN, main
from govapp.common.tenancy import tenant_transaction
from govapp.wsgi import application
from tenants.services.tokens import issue_token
from tests.approvals.world import FOUR_EYES, make_world
from tests.support.committed import CommittedDatabase

SOURCE = """\
# who lets money go
version: 1
default: deny
flows:
  four-eyes:
    stages:
      - {name: Review, seats: [{group: finance}, {group: risk}], deadline: 4h}
rules:
  # money
  - id: payments
    when: {category: payments.transfer, conditions: payload.amount > 10000}
    then: require_approval
    flow: four-eyes
"""
Command = Callable[..., int]


@pytest.fixture
def policy(committed_db: CommittedDatabase, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command as Carl, who has the role compliance."""
    world = make_world(FOUR_EYES)
    with tenant_transaction(world.company.id):
        _, text = issue_token(actor=world.company.carl, label="shell", lifetime=timedelta(days=1))
    monkeypatch.setenv(TOKEN, text)

    def run(*line: str | Path) -> int:
        transport = httpx.WSGITransport(app=application)
        return main(["--url", "http://testserver", *map(str, line)], transport=transport)

    return run


def test_a_file_goes_round_without_loss(
    policy: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, back = tmp_path / "policy.yaml", tmp_path / "back.yaml"
    file.write_text(SOURCE)
    assert policy("push", file, "--title", "Money") == 0
    draft, tag = capsys.readouterr().out.split()
    assert tag == '"r1"'
    assert policy("pull", draft, "-o", back) == 0
    assert back.read_text() == SOURCE
    assert capsys.readouterr().err == 'ETag "r1"\n'
    file.write_text(SOURCE.replace("10000", "20000"))
    assert policy("push", file, "--draft", draft, "--if-match", tag) == 0
    assert capsys.readouterr().out == f'{draft} "r2"\n'
    assert policy("push", file, "--draft", draft, "--if-match", tag) == 1
    assert "This changed while you were reading" in capsys.readouterr().err
    assert policy("submit", draft, "--if-match", '"r2"', "--remark", "Higher") == 0
    assert "version 2" in capsys.readouterr().out


def test_a_check_prints_the_sentences_or_the_lines_to_mend(
    policy: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(SOURCE)
    assert policy("check", file) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("payments: When payments.transfer has amount over 10000: 1 from")
    assert said[1] == "default: When no rule matches: it is denied."
    file.write_text(SOURCE.replace("> 10000", ">"))
    assert policy("check", file) == 1
    assert f"{file}:11:" in capsys.readouterr().err


def test_without_a_token_or_a_server_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(TOKEN, raising=False)
    assert main(["pull"]) == 2
    assert TOKEN in capsys.readouterr().err
    monkeypatch.setenv(TOKEN, "x")
    assert main(["--url", "http://127.0.0.1:1", "pull"]) == 1
    assert capsys.readouterr().err.startswith("No answer from http://127.0.0.1:1")
