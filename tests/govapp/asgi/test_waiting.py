"""Who waits for a decision is woken, and holds nothing while waiting."""

import socket
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from approvals.enums import Verdict
from govapp.common.tenancy import tenant_transaction
from tenants.models import Credential
from tenants.services.credentials import revoke_credential
from tests.approvals.api.agents import URL, Caller, make_caller, new_caller
from tests.govapp.asgi.calls import T, find, get, submit, wait_until
from tests.support.services import Services
from tests.support.web import Web

# Waiting for a decision


def test_a_waiting_agent_resumes_when_it_is_decided(web: Web) -> None:
    world, caller = make_caller()
    made = submit(web, caller)
    path = f"{URL}/{made['id']}"
    request = find(world, made["id"])
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(get, web, caller, path, Prefer="wait=30")
        wait_until(lambda: web.waiters == 1)
        world.vote(world.company.alice, request)
        assert not waiting.done()
        world.vote(world.company.bob, request)
        response = waiting.result(T)
    assert (response.status_code, response.json()["status"]) == (200, "approved")
    assert response.headers["Preference-Applied"] == "wait=30"
    assert response.headers["ETag"] == get(web, caller, path).headers["ETag"]
    wait_until(lambda: web.waiters == 0)


def test_a_wait_ends_by_itself(web: Web) -> None:
    _, caller = make_caller()
    path = f"{URL}/{submit(web, caller)['id']}"
    response = get(web, caller, path, Prefer="respond-async, wait=1")
    assert (response.status_code, response.json()["status"]) == (200, "pending")
    assert response.headers["Preference-Applied"] == "wait=1"
    same = get(web, caller, path, Prefer="wait=1", **{"If-None-Match": response.headers["ETag"]})
    assert (same.status_code, same.content) == (304, b"")


def test_what_is_decided_is_answered_at_once_and_long_waits_are_cut(web: Web) -> None:
    _, caller = make_caller()
    made = submit(web, caller, category="payments.unheard-of")
    response = get(web, caller, f"{URL}/{made['id']}", Prefer="wait=9000")
    shown = response.json()
    del shown["policy"]["trace"], shown["policy"]["trace_total"]  # only where one is read
    assert [shown.pop(name) for name in ("changes", "submitted_digest", "superseded_by")] == [
        [], made["payload_digest"], [],
    ]  # fmt: skip
    assert (response.status_code, shown) == (200, made)
    assert response.headers["Preference-Applied"] == "wait=30"


@pytest.mark.parametrize("preference", ["wait=0", "wait", "wait=-1", "wait=soon", "await=5"])
def test_a_preference_that_cannot_be_read_is_none(web: Web, preference: str) -> None:
    _, caller = make_caller()
    response = get(web, caller, f"{URL}/{submit(web, caller)['id']}", Prefer=preference)
    assert response.status_code == 200
    assert "Preference-Applied" not in response.headers


def test_nobody_can_wait_for_what_is_not_theirs(web: Web) -> None:
    world, caller = make_caller()
    path = f"{URL}/{submit(web, caller)['id']}"
    _, stranger = make_caller(slug="globex")
    for other in (new_caller(world, "other"), stranger):
        assert get(web, other, path, Prefer="wait=30").status_code == 404
    assert get(web, Caller("wrong"), path, Prefer="wait=30").status_code == 401
    odd = get(web, caller, f"{URL}/ar_{'z' * 26}", Prefer="wait=30")
    assert (odd.status_code, odd.headers["Content-Type"]) == (404, "application/problem+json")


def test_a_key_revoked_meanwhile_ends_the_wait(web: Web) -> None:
    world, caller = make_caller()
    made = submit(web, caller)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(get, web, caller, f"{URL}/{made['id']}", Prefer="wait=30")
        wait_until(lambda: web.waiters == 1)
        with tenant_transaction(world.company.id):
            key = Credential.objects.select_related("agent").get(agent__name="caller")
            revoke_credential(actor=world.company.olivia, credential=key)
        world.vote(world.company.alice, find(world, made["id"]), Verdict.DENY)
        assert waiting.result(T).status_code == 401


def test_who_hangs_up_is_forgotten(web: Web) -> None:
    _, caller = make_caller()
    path = f"{URL}/{submit(web, caller)['id']}"
    address = urlsplit(web.url)
    headers = caller.headers | {"Prefer": "wait=30", "Host": address.netloc}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    with socket.create_connection((address.hostname, address.port), timeout=T) as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode())
        wait_until(lambda: web.waiters == 1)
    wait_until(lambda: web.waiters == 0)


def test_two_hundred_waiters_hold_no_connection_and_all_resume(
    web: Web, services: Services
) -> None:
    world, caller = make_caller()
    made = submit(web, caller)
    url, headers = f"{web.url}{URL}/{made['id']}", caller.headers | {"Prefer": "wait=30"}
    limits = httpx.Limits(max_connections=None)
    with httpx.Client(limits=limits, timeout=T) as client, ThreadPoolExecutor(200) as pool:
        waiting: list[Future[httpx.Response]] = [
            pool.submit(client.get, url, headers=headers) for _ in range(200)
        ]
        wait_until(lambda: web.waiters == 200 and web.idle)
        threads = sum(1 for thread in threading.enumerate() if thread.name.startswith("wsgi"))
        assert threads <= 12
        with psycopg.connect(services.admin_url("postgres")) as admin:
            rows = admin.execute(
                "SELECT state, count(*) FROM pg_stat_activity"
                " WHERE usename = 'govapp_app' GROUP BY state"
            ).fetchall()
        # Only what the pools keep open, and the test's own; none in a transaction.
        assert {state for state, _ in rows} == {"idle"}
        assert sum(count for _, count in rows) <= threads + 1
        world.vote(world.company.alice, find(world, made["id"]), Verdict.DENY)
        answers = [each.result(T).json()["status"] for each in waiting]
    assert answers == ["denied"] * 200


def test_a_lost_message_is_made_up_for(web: Web) -> None:
    world, caller = make_caller()
    made = submit(web, caller)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(get, web, caller, f"{URL}/{made['id']}", Prefer="wait=2")
        wait_until(lambda: web.waiters == 1 and web.idle)
        with web.deaf():
            world.vote(world.company.alice, find(world, made["id"]), Verdict.DENY)
            response = waiting.result(T)
    assert response.json()["status"] == "denied"


def test_a_renewed_subscription_wakes_everybody(web: Web) -> None:
    world, caller = make_caller()
    made = submit(web, caller)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(get, web, caller, f"{URL}/{made['id']}", Prefer="wait=30")
        wait_until(lambda: web.waiters == 1 and web.idle)
        with web.deaf():
            world.vote(world.company.alice, find(world, made["id"]), Verdict.DENY)
        web.cut_subscription()
        assert waiting.result(T).json()["status"] == "denied"
