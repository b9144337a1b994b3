"""The page of what must not exist, and /metrics."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from approvals.services.heartbeat import look_and_tell
from tests.approvals.world import FOUR_EYES, HOUR, World, make_world
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db
LATE = 4 * HOUR + timedelta(seconds=40)


@pytest.fixture
def world() -> World:
    return make_world(FOUR_EYES)


def page(world: World, name: str) -> str:
    client = Client()
    client.force_login(getattr(world.company, name).user)
    return client.get("/t/acme/health/").content.decode()


def test_a_healthy_tenant_reads_that_nothing_is_wrong(world: World) -> None:
    assert "Nothing is wrong" in page(world, "audrey")


def test_what_was_found_is_shown_and_counted_in_the_menu(
    world: World, move_clock: MoveClock
) -> None:
    world.submit(summary="Pay <b>Acme</b>")
    move_clock(LATE)
    look_and_tell()
    shown = page(world, "olivia")
    assert "A reminder, escalation or deadline is late" in shown
    assert "Pay &lt;b&gt;Acme&lt;/b&gt;" in shown
    assert '<span class="visually-hidden"> found</span>' in shown


def test_approvers_are_not_shown_what_is_wrong(world: World) -> None:
    client = Client()
    client.force_login(world.company.alice.user)
    assert client.get("/t/acme/health/").status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_for_many(
    world: World, move_clock: MoveClock, count: int, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        world.submit(summary=f"Pay {number}")
    move_clock(LATE)
    look_and_tell()
    client = Client()
    client.force_login(world.company.carl.user)
    client.get("/t/acme/health/")
    with django_assert_num_queries(13):
        client.get("/t/acme/health/")


def figures(**headers: Any) -> dict[str, float]:
    answer = Client().get("/metrics", **headers)
    assert answer.status_code == 200, answer.content
    lines = answer.content.decode().splitlines()
    return {
        name: float(value)
        for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")
    }


def test_metrics_count_what_waits_and_what_was_found(world: World, move_clock: MoveClock) -> None:
    world.submit()
    move_clock(LATE)
    look_and_tell()
    told = figures()
    assert told["govapp_requests_pending"] == 1
    assert told['govapp_timers_armed{kind="expire"}'] == 1
    assert told["govapp_timer_lateness_seconds"] >= 40
    assert told['govapp_findings_open{kind="timer_overdue"}'] == 1
    assert told['govapp_findings_open{kind="stage_without_timer"}'] == 0
    assert told["govapp_tenants"] == 1
    assert told["govapp_watch_age_seconds"] >= 0


def test_metrics_name_no_tenant_and_no_payload(world: World) -> None:
    world.submit(summary="Pay Northwind")
    text = Client().get("/metrics").content.decode()
    assert not [word for word in ("acme", "Acme", "Northwind", "alice") if word in text]


def test_without_a_token_only_loopback_may_ask(settings: Any) -> None:
    assert Client().get("/metrics", REMOTE_ADDR="203.0.113.7").status_code == 404
    settings.METRICS_FROM_LOOPBACK = False
    assert Client().get("/metrics").status_code == 404


def test_with_a_token_whoever_brings_it_may_ask(settings: Any) -> None:
    settings.METRICS_TOKEN = "a-token-of-the-operator"
    away = {"REMOTE_ADDR": "203.0.113.7"}
    assert Client().get("/metrics").status_code == 404
    assert Client().get("/metrics", HTTP_AUTHORIZATION="Bearer wrong").status_code == 404
    assert figures(HTTP_AUTHORIZATION="Bearer a-token-of-the-operator", **away)
