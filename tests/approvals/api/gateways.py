"""A company whose agent calls models through the gateway, and a model's service on loopback."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import httpx

from approvals.models import ModelCall
from audit.models import LedgerEvent
from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent
from tests.approvals.models_at import HELLO
from tests.approvals.world import World
from tests.support.model_service import ModelService
from tests.support.recorded import read, text_of
from tests.support.web import Web

IBAN: Final = "DE89370400440532013000"
CHAT: Final = "/gateway/v1/chat/completions"


@dataclass
class Gateway:
    """A company, its agent's key, a model's service, and the gateway between them."""

    world: World
    key: str
    service: ModelService
    web: Web

    @property
    def client(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.web.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=30
        )

    def chat(self, path: str = CHAT, headers: dict[str, str] | None = None, **more: Any) -> Any:
        with self.client as client:
            return client.post(path, json=HELLO | more, headers=headers)

    def agent(self) -> Agent:
        return Agent.objects.get(name="caller")

    def calls(self) -> list[ModelCall]:
        with tenant_transaction(self.world.company.id):
            return list(ModelCall.objects.order_by("id"))

    def events(self, kind: str = "model.called") -> list[dict[str, Any]]:
        with tenant_transaction(self.world.company.id):
            rows = list(LedgerEvent.objects.filter(type=kind).order_by("occurred_at", "id"))
        return [read(row) for row in rows]

    def said(self, **more: Any) -> tuple[str, list[dict[str, Any]]]:
        """Ask for a stream; return its text and its events."""
        answer = self.chat(stream=True, **more)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        return text_in(answer.text)


def text_in(stream: str) -> tuple[str, list[dict[str, Any]]]:
    events = [line.removeprefix("data: ") for line in stream.split("\n\n") if line]
    pieces = [json.loads(each) for each in events if each != "[DONE]"]
    text = "".join(
        choice["delta"].get("content") or ""
        for each in pieces
        for choice in each.get("choices", ())
    )
    return text, pieces


def wait_until(is_so: Callable[[], bool]) -> None:
    limit = time.monotonic() + 30
    while not is_so() and time.monotonic() < limit:
        time.sleep(0.02)
    assert is_so()


def text_of_all(gateway: Gateway) -> str:
    """Everything that the record and the tables of calls hold, as a text."""
    with tenant_transaction(gateway.world.company.id):
        events = [text_of(row) for row in LedgerEvent.objects.all()]
        rows = [str(each) for each in ModelCall.objects.values()]
    return " ".join([*events, *rows])
