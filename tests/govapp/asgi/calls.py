"""Calls to the one port over real HTTP, and reading of streams."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from django.test import Client

from approvals.models import ActionRequest
from govapp.common.tenancy import tenant_transaction
from tests.approvals.api.agents import PAYMENT, URL, Caller
from tests.approvals.world import World
from tests.people import PASSWORD
from tests.support.web import Web

T = 90.0


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


# The live inbox


def session(email: str) -> dict[str, str]:
    client = Client()
    assert client.login(username=email, password=PASSWORD)
    return {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}
