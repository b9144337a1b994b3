"""How often an agent may call."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client, override_settings

from govapp.common.api import ratelimit
from govapp.common.api.ratelimit import RateLimit, Spent
from govapp.common.ids import new_id
from govapp.common.live import valkey
from tests.approvals.api.agents import URL, make_caller, new_caller

pytestmark = pytest.mark.django_db

HOUR = 3600


@pytest.fixture
def without_valkey(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Point the process at a Valkey that is not there."""
    valkey.cache_clear()
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        yield
    valkey.cache_clear()


def spend(limit: RateLimit, key: str, times: int) -> list[Spent]:
    return [limit.spend(key) for _ in range(times)]


def check_burst() -> None:
    # One call a second, so that nothing comes back while the test runs.
    limit, key = RateLimit(per_second=1, burst=HOUR), str(new_id())
    small = RateLimit(per_second=1, burst=3)
    assert [each.is_allowed for each in spend(small, key, 5)] == [True] * 3 + [False] * 2
    refused = small.spend(key)
    assert refused.retry_after == 1
    assert refused.headers() == {
        "RateLimit-Policy": '"agent";q=3;w=3',
        "RateLimit": '"agent";r=0;t=3',
    }
    assert small.spend(str(new_id())).is_allowed
    assert limit.spend(str(new_id())).headers()["RateLimit"] == f'"agent";r={HOUR - 1};t=1'


def test_a_burst_passes_and_what_is_over_it_waits(django_db_setup: None) -> None:
    check_burst()


def test_the_limit_is_shared_by_all_processes(django_db_setup: None) -> None:
    key = str(new_id())
    first, second = (RateLimit(per_second=1, burst=2) for _ in range(2))
    assert (first.spend(key).is_allowed, second.spend(key).is_allowed) == (True, True)
    assert not first.spend(key).is_allowed


def test_without_valkey_each_process_counts_alone(without_valkey: None) -> None:
    check_burst()


def test_memory_stays_bounded_without_valkey(
    without_valkey: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ratelimit, "_KEYS_REMEMBERED", 10)
    limit = RateLimit(per_second=1_000_000, burst=1)
    for _ in range(100):
        limit.spend(str(new_id()))
    assert len(limit._arrivals) <= 10


def test_an_agent_over_its_limit_is_told_when_to_come_again() -> None:
    world, caller = make_caller()
    other = new_caller(world, "other")
    # One call in 1,024 seconds, so that nothing comes back while a busy machine is at it.
    with override_settings(AGENT_CALLS_PER_SECOND=1 / 1024, AGENT_CALLS_AT_ONCE=2):
        first, second, third = (caller.get(URL) for _ in range(3))
        assert (first.status_code, second.status_code) == (200, 200)
        left, _, reset = first["RateLimit"].rpartition("=")
        assert (left, 900 < int(reset) <= 1024) == ('"agent";r=1;t', True)
        assert third.status_code == 429
        assert third["Content-Type"] == "application/problem+json"
        assert 900 < int(third["Retry-After"]) <= 1024
        assert third["RateLimit-Policy"] == '"agent";q=2;w=2048'
        assert third.json()["type"] == "urn:govapp:problem:rate_limited"
        assert other.get(URL).status_code == 200
        assert "RateLimit" not in Client().get(URL)


def test_the_default_is_generous() -> None:
    assert (settings.AGENT_CALLS_PER_SECOND, settings.AGENT_CALLS_AT_ONCE) == (100, 200)
