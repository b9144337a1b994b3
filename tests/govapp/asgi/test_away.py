"""The one port while PostgreSQL or Valkey are away: 503 for all, and all goes on afterwards."""

import asyncio
import json
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import OperationalError
from django.http import StreamingHttpResponse

from govapp.asgi import THREADS
from govapp.common.asgi.bridge import Bridge
from tests.approvals.api.agents import PAYMENT, URL, make_caller
from tests.govapp.asgi.calls import T, session, submit
from tests.support.committed import CommittedDatabase
from tests.support.losing import database_away, valkey_of_its_own
from tests.support.services import Services
from tests.support.web import Web, running_web


def told(answer: httpx.Response) -> tuple[int, str, str]:
    kind, _, _ = answer.headers["Content-Type"].partition(";")
    return answer.status_code, answer.headers.get("Retry-After", ""), kind


def test_while_the_database_is_away_all_are_told_to_come_again(
    web: Web, services: Services
) -> None:
    _, caller = make_caller()
    asked = f"{web.url}{URL}/{submit(web, caller)['id']}"
    person = session("alice@acme.example")
    agent = caller.headers
    sent = agent | {"Idempotency-Key": "two"}

    def calls() -> dict[str, httpx.Response]:
        with httpx.Client(base_url=web.url, timeout=T) as client:
            return {
                "submit": client.post(URL, json=PAYMENT, headers=sent),
                "read": client.get(asked, headers=agent),
                "wait": client.get(asked, headers=agent | {"Prefer": "wait=1"}),
                "cancel": client.post(f"{asked}/cancel", json={"reason": ""}, headers=agent),
                "events": client.get(f"{URL}/events", headers=agent),
                "model": client.post("/gateway/v1/chat/completions", json={}, headers=agent),
                "keys": client.get("/.well-known/jwks.json"),
                "inbox": client.get("/t/acme/inbox/", headers=person),
                "live": client.get("/t/acme/live/", headers=person),
            }

    machines, people = "application/problem+json", "text/html"
    with database_away(services):
        answers = calls()
        again = [httpx.get(asked, headers=agent, timeout=T) for _ in range(2 * THREADS)]
        alive = httpx.get(f"{web.url}/healthz", timeout=T)
    shown = {name: told(answer) for name, answer in answers.items()}
    for_people = {"inbox", "live"}
    assert shown == {
        name: (503, "10", people if name in for_people else machines) for name in shown
    }
    assert {told(each) for each in again} == {(503, "10", machines)}
    assert alive.status_code == 200
    # Every thread finds its way back, each with its first request.
    back = [httpx.get(asked, headers=agent, timeout=T) for _ in range(2 * THREADS)]
    assert {each.status_code for each in back} == {200}
    made = submit(web, caller, "two")
    assert httpx.post(f"{web.url}{URL}", json=PAYMENT, headers=sent, timeout=T).json() == made


def test_what_is_streamed_and_breaks_off_is_away_before_anything_was_sent() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"x" * 10
        raise OperationalError("the connection is lost")

    assert answered(pieces) == (503, "10", "text/html; charset=utf-8")
    assert answered(pieces, "/api/v1/exports/x") == (503, "10", "application/problem+json")


def test_a_fault_of_ours_in_a_stream_stays_one() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"x"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        answered(pieces)


def answered(pieces: Callable[[], Iterator[bytes]], path: str = "/t/x/") -> tuple[int, str, str]:
    """What the bridge makes of an answer in pieces: status, `Retry-After`, type."""

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> StreamingHttpResponse:
        start("200 OK", [])
        return StreamingHttpResponse(pieces())

    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"method": "GET", "path": path, "query_string": b"", "headers": [], "http_version": "1"}
    bridge = Bridge(app, threads=1, readers=1)
    try:
        asyncio.run(bridge(scope, receive, send))
    finally:
        bridge.shut_down(lambda: None)
    headers = dict(sent[0]["headers"])
    return (
        sent[0]["status"], headers[b"retry-after"].decode(), headers[b"content-type"].decode(),
    )  # fmt: skip


def test_without_valkey_agents_wait_and_are_answered(
    committed_db: CommittedDatabase, services: Services, tmp_path: Path
) -> None:
    with valkey_of_its_own(services, tmp_path / "valkey") as own, running_web() as web:
        _, caller = make_caller()
        own.stop()
        made = submit(web, caller)
        waited = httpx.get(
            f"{web.url}{URL}/{made['id']}", headers=caller.headers | {"Prefer": "wait=1"}, timeout=T
        )
        ended = httpx.post(
            f"{web.url}{URL}/{made['id']}/cancel", content=json.dumps({"reason": "Not needed."}),
            headers=caller.headers | {"Content-Type": "application/json"}, timeout=T,
        )  # fmt: skip
    assert (waited.status_code, waited.json()["status"]) == (200, "pending")
    assert (ended.status_code, ended.json()["status"]) == (200, "cancelled")
