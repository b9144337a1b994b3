"""The tools of others are there and start."""

from tests.audit.others import Others, installed_others


def test_both_tools_start(others: Others) -> None:
    assert others.tlog("--help").returncode == 0
    assert others.run("aics_witness", "--help").returncode == 0


def test_a_second_process_finds_them_installed(others: Others) -> None:
    before = others.path.stat().st_ino
    assert installed_others() == others
    assert others.path.stat().st_ino == before
