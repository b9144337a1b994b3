"""The embedded PostgreSQL survives what people do to processes."""

import os
import signal
from pathlib import Path

import psycopg
import pytest

from govapp.runtime.console import StartError
from govapp.runtime.postgres import start_postgres
from govapp.runtime.processes import servers_in


def scalar(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


def test_data_outlives_a_kill_of_the_server(tmp_path: Path) -> None:
    first = start_postgres(tmp_path / "pg")
    with psycopg.connect(first.admin_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    os.kill(first.process.pid, signal.SIGKILL)

    with start_postgres(tmp_path / "pg") as second:
        assert scalar(second.admin_url, "SELECT number FROM kept") == 7
        assert second.admin_url == first.admin_url
    first.stop()


def test_an_orphan_that_still_runs_gives_way(tmp_path: Path) -> None:
    orphan = start_postgres(tmp_path / "pg", fsync=False)
    with start_postgres(tmp_path / "pg", fsync=False) as second:
        assert scalar(second.admin_url, "SELECT 1") == 1
        assert orphan.process.wait(60) == 0
    assert servers_in(tmp_path / "pg", "postgres") == []


def test_a_pid_file_that_names_a_stranger_does_not_block(tmp_path: Path) -> None:
    start_postgres(tmp_path / "pg", fsync=False).stop()
    lines = [str(os.getppid()), str(tmp_path / "pg"), "1", "5432", "/tmp", "", "", "ready"]  # noqa: S108
    (tmp_path / "pg" / "postmaster.pid").write_text("\n".join(lines) + "\n")

    with start_postgres(tmp_path / "pg", fsync=False) as server:
        assert scalar(server.admin_url, "SELECT 1") == 1


def test_an_interrupted_initdb_is_done_again(tmp_path: Path) -> None:
    (tmp_path / "pg.new").mkdir()
    (tmp_path / "pg.new" / "PG_VERSION").write_text("18\n")

    with start_postgres(tmp_path / "pg", fsync=False) as server:
        assert scalar(server.admin_url, "SHOW server_encoding") == "UTF8"


def test_a_directory_too_deep_for_a_socket_works(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60) / "pg"
    with start_postgres(deep, fsync=False) as server:
        assert scalar(server.admin_url, "SELECT 1") == 1
        assert len(str(server.socket_dir)) < 90
    server.socket_dir.rmdir()


def test_nobody_enters_without_the_password(tmp_path: Path) -> None:
    with start_postgres(tmp_path / "pg", fsync=False) as server:
        wrong = server.url("postgres", "guess", "postgres")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)
        assert (tmp_path / "pg.password").stat().st_mode & 0o777 == 0o600


def test_the_reason_is_told_when_it_does_not_start(tmp_path: Path) -> None:
    start_postgres(tmp_path / "pg", fsync=False).stop()
    with (tmp_path / "pg" / "postgresql.conf").open("a") as conf:
        conf.write("no_such_setting = 1\n")

    with pytest.raises(StartError, match="no_such_setting"):
        start_postgres(tmp_path / "pg", fsync=False)
