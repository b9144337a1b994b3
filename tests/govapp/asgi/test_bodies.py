"""Everything else on the one port goes to Django, and arrives whole."""

import asyncio
import hashlib
import json
import threading
from collections.abc import Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import httpx
from django.http import StreamingHttpResponse

from audit.models import ExportJob, LedgerEvent
from audit.services.export_jobs import write_export
from audit.services.sequencer import sequence_tenant
from govapp.asgi import THREADS, Dispatcher
from govapp.common.asgi.bridge import Bridge
from govapp.common.tenancy import tenant_transaction
from tests.approvals.api.agents import PAYMENT, URL, make_caller
from tests.audit.books import write_event
from tests.govapp.asgi.calls import T, session
from tests.support.recorded import read as read_event
from tests.support.web import Web

# Everything else


def test_ordinary_requests_go_to_django(web: Web) -> None:
    assert httpx.get(f"{web.url}/healthz", timeout=T).text == "ok"
    static = httpx.get(f"{web.url}/static/api/docs.js", timeout=T)
    assert (static.status_code, "SwaggerUIBundle" in static.text) == (200, True)
    head = httpx.head(f"{web.url}/healthz", timeout=T)
    assert (head.status_code, head.content) == (200, b"")


def test_a_large_file_arrives_whole(web: Web) -> None:
    bundle = "drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
    response = httpx.get(
        f"{web.url}/static/{bundle}", headers={"Accept-Encoding": "identity"}, timeout=T
    )
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
        answers = list(
            pool.map(lambda _: httpx.get(url, headers=headers, timeout=T), range(2 * THREADS))
        )
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
    response = httpx.get(f"{web.url}{URL}", headers={"Authorization_": caller.key}, timeout=T)
    assert response.status_code == 401


def test_the_dispatcher_is_one_application() -> None:
    from govapp.asgi import application

    assert isinstance(application, Dispatcher)
