"""An agent with a key, and what it says over HTTP."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.test import Client

from govapp.common.ids import new_id
from tests.approvals.world import FOUR_EYES, World, make_world
from tests.people import make_agent

URL = "/api/v1/action-requests"
PAYMENT: dict[str, Any] = {
    "category": "payments.transfer",
    "summary": "Pay EUR 900 to Northwind",
    "payload": {"amount": "900.00"},
}


@dataclass(frozen=True)
class Caller:
    """An agent's key, used through Django's test client."""

    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def get(self, path: str, **headers: str) -> Any:
        return Client().get(path, headers=self.headers | named(headers))

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return Client().post(
            path,
            data={} if body is None else body,
            content_type="application/json",
            headers=self.headers | named(headers),
        )

    def submit(self, body: Any = None, key: str = "", **fields: Any) -> Any:
        """Submit the payment, changed by `fields`, under a new key."""
        sent = (PAYMENT | fields) if body is None else body
        return self.post(URL, sent, idempotency_key=key or str(new_id()))


def named(headers: dict[str, str]) -> dict[str, str]:
    """Turn `if_none_match` into `If-None-Match`."""
    return {name.replace("_", "-").title(): value for name, value in headers.items()}


def make_caller(document: Any = FOUR_EYES, slug: str = "acme") -> tuple[World, Caller]:
    """Make a world whose second agent, `caller`, has a key."""
    with transaction.atomic():  # for tests whose transactions are committed
        world = make_world(document, slug)
    return world, new_caller(world, "caller")


def new_caller(world: World, name: str) -> Caller:
    with transaction.atomic():
        _, key = make_agent(world.company, name)
    return Caller(key)
