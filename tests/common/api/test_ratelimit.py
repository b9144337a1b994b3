"""How often an agent may call."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client, override_settings

from govapp.common.api import ratelimit
from govapp.common.api.ratelimit import RateLimit, Spent, agent_limit
from govapp.common.ids import new_id
from govapp.common.live import valkey
from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent
from tenants.services.access import Shown, authenticate_key
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


def test_no_tenant_takes_the_place_of_another() -> None:
    world, caller = make_caller()
    second = new_caller(world, "second")
    _, stranger = make_caller(slug="globex")
    with override_settings(TENANT_CALLS_PER_SECOND=1 / 1024, TENANT_CALLS_AT_ONCE=3):
        answers = [each.get(URL) for each in (caller, second, caller, second, caller)]
        assert [each.status_code for each in answers] == [200, 200, 200, 429, 429]
        assert answers[-1]["RateLimit-Policy"] == '"tenant";q=3;w=3072'
        assert stranger.get(URL).status_code == 200


def test_what_one_limit_refuses_the_other_does_not_count(django_db_setup: None) -> None:
    agent, tenant = RateLimit(per_second=1, burst=HOUR), RateLimit(per_second=1, burst=2)
    mine, theirs = str(new_id()), str(new_id())
    spent = [agent.spend(mine, (tenant, theirs)).is_allowed for _ in range(5)]
    assert spent == [True, True, False, False, False]
    # Of what is left a few come back while the test runs; refused ones would have taken three.
    left = agent.spend(mine).headers()["RateLimit"].split(";")[1]
    assert int(left.removeprefix("r=")) >= HOUR - 3


@pytest.mark.parametrize(
    ("wanted", "holds"), [(None, (100, 200)), (10, (10, 20)), (1, (1, 2)), (1000, (100, 200))]
)
def test_a_tenant_sets_limits_within_those_of_the_installation(
    wanted: int | None, holds: tuple[int, int], django_db_setup: None
) -> None:
    limit = agent_limit(wanted)
    assert (limit.per_second, limit.burst) == holds


def test_a_key_brings_the_limits_of_its_agent_and_tenant() -> None:
    world, caller = make_caller()
    with tenant_transaction(world.company.id):
        tenant = world.company.tenant
        tenant.calls_per_second, tenant.agent_calls_per_second = 50, 5
        tenant.save()
    first = authenticate_key(Shown(caller.key))
    with tenant_transaction(world.company.id):
        Agent.objects.filter(name="caller").update(calls_per_second=7)
    second = authenticate_key(Shown(caller.key))
    assert first is not None
    assert second is not None
    assert (first.calls_per_second, first.tenant_calls_per_second) == (5, 50)
    assert second.calls_per_second == 7


def test_the_default_is_generous() -> None:
    assert (settings.AGENT_CALLS_PER_SECOND, settings.AGENT_CALLS_AT_ONCE) == (100, 200)
