"""The embedded Valkey keeps what it was told and lets only us in."""

import os
import signal
from pathlib import Path

import pytest
import redis

from govapp.runtime.valkey import start_valkey


def test_it_never_evicts_and_keeps_a_log(tmp_path: Path) -> None:
    with start_valkey(tmp_path / "valkey") as server, redis.from_url(server.url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("bind") == {"bind": "127.0.0.1"}


def test_data_outlives_a_kill_and_the_url_can_stay(tmp_path: Path) -> None:
    first = start_valkey(tmp_path / "valkey")
    with redis.from_url(first.url) as client:
        client.config_set("appendfsync", "always")
        client.set("kept", "7")
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait()

    with (
        start_valkey(tmp_path / "valkey", port=first.port, password=first.password) as second,
        redis.from_url(first.url) as client,
    ):
        assert client.get("kept") == b"7"
        assert second.url == first.url


def test_an_orphan_that_still_runs_gives_way(tmp_path: Path) -> None:
    orphan = start_valkey(tmp_path / "valkey")
    with start_valkey(tmp_path / "valkey") as second, redis.from_url(second.url) as client:
        assert client.ping() is True
        assert orphan.process.wait(60) == 0


def test_nobody_enters_without_the_password(tmp_path: Path) -> None:
    with (
        start_valkey(tmp_path / "valkey") as server,
        redis.Redis(host="127.0.0.1", port=server.port) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()
