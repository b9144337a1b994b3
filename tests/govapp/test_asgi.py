"""The one port, over real HTTP: who waits is woken, and holds nothing while waiting."""

import asyncio
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, MutableMapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpx
import psycopg
import pytest
from django.http import StreamingHttpResponse
from django.test import Client

from approvals.enums import Verdict
from approvals.models import ActionRequest
from audit.models import ExportJob, LedgerEvent
from audit.services.export_jobs import write_export
from audit.services.sequencer import sequence_tenant
from govapp.asgi import THREADS, Dispatcher
from govapp.common.asgi.bridge import Bridge
from govapp.common.tenancy import tenant_transaction
from tenants.models import Credential
from tenants.services.credentials import revoke_credential
from tests.approvals.api.agents import PAYMENT, URL, Caller, make_caller, new_caller
from tests.approvals.world import World
from tests.audit.books import write_event
from tests.people import PASSWORD
from tests.support.committed import CommittedDatabase
from tests.support.recorded import read as read_event
from tests.support.services import Services
from tests.support.web import Web, running_web

T = 90.0


@pytest.fixture
def web(committed_db: CommittedDatabase) -> Iterator[Web]:
    with running_web() as running:
        yield running


def submit(web: Web, caller: Caller, key: str = "one", **fields: Any) -> dict[str, Any]:
    response = httpx.post(
        f"{web.url}{URL}",
        json=PAYMENT | fields,
        headers=caller.headers | {"Idempotency-Key": key},
        timeout=T,
    )
    assert response.status_code in (201, 202), response.text
    body: dict[str, Any] = response.json()
    return body


def find(world: World, public_id: str) -> ActionRequest:
    with tenant_transaction(world.company.id):
        return next(each for each in ActionRequest.objects.all() if each.public_id == public_id)


def wait_until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + T
    while not condition():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.01)


def get(web: Web, caller: Caller, path: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{web.url}{path}", headers=caller.headers | headers, timeout=T)


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
    headers = caller.headers | {"Prefer": "wait=30"}
    with httpx.Client() as client, pytest.raises(httpx.ReadTimeout):
        client.get(f"{web.url}{path}", headers=headers, timeout=0.5)
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


# The agent's stream


class Events:
    """Reads a stream in a thread; `next` waits for one event."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines

    def next(self) -> dict[str, str]:
        event: dict[str, str] = {}
        for line in self._lines:
            if not line:
                if "data" in event:
                    return event
                event = {k: v for k, v in event.items() if k == "id"} and {}
            elif not line.startswith(":"):
                name, _, value = line.partition(": ")
                event[name] = value
        return {"event": "the end"}


@contextmanager
def stream(web: Web, path: str, headers: dict[str, str]) -> Iterator[Events]:
    with httpx.stream("GET", f"{web.url}{path}", headers=headers, timeout=T) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert "Govapp-Channel" not in response.headers
        yield Events(response.iter_lines())


def test_the_stream_tells_of_ones_own_requests_and_of_no_others(web: Web) -> None:
    world, caller = make_caller()
    other, (_, stranger) = new_caller(world, "other"), make_caller(slug="globex")
    with stream(web, f"{URL}/events", caller.headers) as events:
        wait_until(lambda: web.waiters == 1 and web.idle)
        submit(web, other)
        submit(web, stranger)
        made = submit(web, caller)
        first = events.next()
        assert first["event"] == "action_request.submitted"
        assert json.loads(first["data"]) == {
            "id": made["id"],
            "type": "action_request.submitted",
            "at": made["submitted_at"],
            "status": "pending",
        }
        world.vote(world.company.alice, find(world, made["id"]), Verdict.DENY)
        second = events.next()
        assert (second["event"], json.loads(second["data"])["status"]) == (
            "action_request.denied",
            "denied",
        )


def test_the_stream_reads_on_where_it_was(web: Web) -> None:
    world, caller = make_caller()
    with stream(web, f"{URL}/events", caller.headers) as events:
        wait_until(lambda: web.waiters == 1 and web.idle)
        made = submit(web, caller)
        last = events.next()["id"]
    world.vote(world.company.alice, find(world, made["id"]), Verdict.DENY)
    with stream(web, f"{URL}/events", caller.headers | {"Last-Event-ID": last}) as events:
        seen = [events.next() for _ in range(2)]
    # The last one comes again: at least once, with the same id.
    assert [each["event"] for each in seen] == [
        "action_request.submitted",
        "action_request.denied",
    ]
    assert seen[0]["id"] == last


def test_a_stream_needs_a_key_and_an_id_of_an_event(web: Web) -> None:
    _, caller = make_caller()
    path = f"{URL}/events"
    assert get(web, Caller("wrong"), path).status_code == 401
    for wrong in ("x", "1.2", "99999999999999999999.1.x", "1.x.y"):
        response = get(web, caller, path, **{"Last-Event-ID": wrong})
        assert (response.status_code, response.json()["status"]) == (400, 400)


# The live inbox


def session(email: str) -> dict[str, str]:
    client = Client()
    assert client.login(username=email, password=PASSWORD)
    return {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}


def test_the_live_inbox_tells_a_member_ids_and_nothing_else(web: Web) -> None:
    _, caller = make_caller()
    _, stranger = make_caller(slug="globex")
    with stream(web, "/t/acme/live/", session("alice@acme.example")) as events:
        assert events.next() == {"event": "resync", "data": "{}"}
        wait_until(lambda: web.waiters == 1 and web.idle)
        submit(web, stranger)
        made = submit(web, caller)
        event = events.next()
    assert event["event"] == "request"
    assert json.loads(event["data"]) == {"request": made["id"], "status": "pending"}


def test_the_live_inbox_is_closed_to_everybody_else(web: Web) -> None:
    make_caller()
    make_caller(slug="globex")
    url = f"{web.url}/t/acme/live/"
    assert httpx.get(url).status_code == 302
    alice = session("alice@acme.example")
    statuses = {
        "stranger": httpx.get(url, headers=session("alice@globex.example")).status_code,
        "origin": httpx.get(url, headers=alice | {"Origin": "https://evil.example"}).status_code,
        "null": httpx.get(url, headers=alice | {"Origin": "null"}).status_code,
        "site": httpx.get(url, headers=alice | {"Sec-Fetch-Site": "cross-site"}).status_code,
        "post": httpx.post(url, headers=alice).status_code,
    }
    assert statuses == {"stranger": 404, "origin": 403, "null": 403, "site": 403, "post": 403}


def test_who_logs_out_stops_hearing(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govapp.common.asgi.streams.REREAD_SECONDS", 0.2)
    make_caller()
    headers = session("alice@acme.example")
    with stream(web, "/t/acme/live/", headers) as events:
        assert events.next()["event"] == "resync"
        from django.contrib.sessions.models import Session

        Session.objects.all().delete()
        assert events.next() == {"event": "the end"}


# Everything else


def test_ordinary_requests_go_to_django(web: Web) -> None:
    assert httpx.get(f"{web.url}/healthz").text == "ok"
    static = httpx.get(f"{web.url}/static/api/docs.js")
    assert (static.status_code, "SwaggerUIBundle" in static.text) == (200, True)
    head = httpx.head(f"{web.url}/healthz")
    assert (head.status_code, head.content) == (200, b"")


def test_a_large_file_arrives_whole(web: Web) -> None:
    bundle = "drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
    response = httpx.get(f"{web.url}/static/{bundle}", headers={"Accept-Encoding": "identity"})
    assert len(response.content) == int(response.headers["Content-Length"])
    assert len(response.content) > 300_000


def test_a_large_export_arrives_whole_and_every_thread_still_serves(web: Web) -> None:
    world, _ = make_caller()
    for _ in range(12):
        write_event(world.company.id, event_type="x.happened", data={"words": "x" * 50_000})
    token = "t" * 32
    headers = session("audrey@acme.example")
    headers = {"Cookie": f"{headers['Cookie']}; csrftoken={token}", "X-CSRFToken": token}
    url = f"{web.url}/t/acme/audit/"
    while sequence_tenant(tenant_id=world.company.id):
        pass
    asked = httpx.post(f"{url}export?type=x.happened", headers=headers, timeout=T)
    assert asked.status_code == 302, asked.text
    with tenant_transaction(world.company.id):
        job = ExportJob.objects.get()
    write_export(tenant_id=world.company.id, job_id=job.pk)
    response = httpx.post(f"{url}exports/{job.public_id}/download", headers=headers, timeout=T)
    assert response.status_code == 200, response.text
    assert len(response.content) > 600_000
    digest = hashlib.sha256(response.content).hexdigest()
    with tenant_transaction(world.company.id):
        made = read_event(LedgerEvent.objects.get(type="export.made"))
    assert (made["data"]["count"], made["data"]["sha256"]) == (12, digest)
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda _: httpx.get(url, headers=headers), range(2 * THREADS)))
    assert [each.status_code for each in answers] == [200] * 2 * THREADS


def test_a_streamed_body_is_made_in_one_context_on_one_thread() -> None:
    made: list[tuple[str, int]] = []
    mark: ContextVar[int] = ContextVar("mark", default=0)

    def pieces() -> Iterator[bytes]:
        token = mark.set(7)
        for _ in range(8):
            made.append((threading.current_thread().name, mark.get()))
            yield b"x" * 200_000
        mark.reset(token)  # raises in any other context

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> StreamingHttpResponse:
        start("200 OK", [])
        return StreamingHttpResponse(pieces())

    sent: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message.get("body", b""))

    scope = {"method": "GET", "path": "/", "query_string": b"", "headers": [], "http_version": "1"}
    bridge = Bridge(app, threads=4)
    try:
        asyncio.run(bridge(scope, receive, send))
    finally:
        bridge.shut_down(lambda: None)
    assert b"".join(sent) == b"x" * 1_600_000
    assert made == [(made[0][0], 7)] * 8


def test_a_body_in_chunks_is_read_and_an_endless_one_is_not(web: Web) -> None:
    _, caller = make_caller()
    headers = caller.headers | {"Idempotency-Key": "one", "Content-Type": "application/json"}

    def chunks(count: int) -> Iterator[bytes]:
        body = json.dumps(PAYMENT).encode()
        yield body[:10]
        yield body[10:-1]
        for _ in range(count):
            yield b" " * 100_000
        yield b"}"

    url = f"{web.url}{URL}"
    assert httpx.post(url, content=chunks(1), headers=headers, timeout=T).status_code == 202
    assert httpx.post(url, content=chunks(9), headers=headers, timeout=T).status_code == 413


def test_a_name_with_an_underscore_is_not_taken_for_another(web: Web) -> None:
    _, caller = make_caller()
    response = httpx.get(f"{web.url}{URL}", headers={"Authorization_": caller.key})
    assert response.status_code == 401


def test_the_dispatcher_is_one_application() -> None:
    from govapp.asgi import application

    assert isinstance(application, Dispatcher)
