"""Short-lived tokens of an integration, from the token endpoint that it declares.

What is needed is taken from the vault in a transaction (`order_of`), and the endpoint is asked
outside of any (`fill`): nobody waits for the network with a lock in the hand. What fills orders
in a thread of the web takes a `place` first: the threads are everybody's, and an endpoint is slow
as it likes.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from time import monotonic
from typing import Final
from uuid import UUID

from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from govapp.common.errors import Unavailable
from tenants.models import Integration, VaultSecret
from tenants.services.checks import fault
from tenants.services.vault import open_for, previous_of
from tenants.transports.token_endpoint import (
    SECONDS,
    Client,
    Endpoint,
    Minted,
    MintFailed,
    mint,
)

_MOST_CHARACTERS = 1_000
_FEWEST_PLACES: Final = 2
_guard: Final = Lock()
_taken: Final[set[UUID]] = set()  # the tenants for which a token is being had in this process


@dataclass(frozen=True, repr=False)
class HeldClient:
    """A client of the vault, with the version and the mark that the record names it by."""

    client: Client
    version: int
    mark: str


@dataclass(frozen=True, repr=False)
class Order:
    """A token that is to be had: where, as whom, and at what time it was asked for.

    The present client is the first. While it replaces another, until `former_until`, that may
    still be the one that works. `repr` shows nothing of it.
    """

    endpoint: Endpoint
    clients: tuple[HeldClient, ...]
    at: datetime
    former_until: datetime | None = None

    @property
    def secret_version(self) -> int:
        """Return the version of the present client."""
        return self.clients[0].version

    def is_as(self, other: "Order") -> bool:
        """Whether a token for the other order is one for this."""
        return (self.endpoint, self.secret_version) == (other.endpoint, other.secret_version)


@dataclass(frozen=True, repr=False)
class Filled:
    """An order with the token that it brought, and the client that it was had with (`used`).

    No token: None, and why not. With the former client `why_not` says why not with the present.
    """

    order: Order
    token: Minted | None
    why_not: str = ""
    used: HeldClient | None = None
    retry_after: int = 10  # seconds
    had_place: bool = True

    @classmethod
    def without_place(cls, order: Order) -> "Filled":
        """Return what came of an order for which there was no place: nobody was asked."""
        said = "Others are being had at this moment: try again."
        return cls(order, None, said, retry_after=1, had_place=False)

    @property
    def is_by_former(self) -> bool:
        """Whether the present client was refused, and the one before it was not."""
        return self.used is not None and self.used.version != self.order.secret_version


@contextmanager
def place(tenant_id: UUID) -> Iterator[bool]:
    """Yield whether a token may be had for this tenant now; nobody waits until it may.

    One at a time for a tenant, and so for a permission: whoever declares an endpoint that is slow
    holds one thread with it. Half of a process's threads for all together: the other half serves
    whoever asks for no token.
    """
    places = max(_FEWEST_PLACES, settings.WEB_THREADS // 2)
    with _guard:
        has_place = tenant_id not in _taken and len(_taken) < places
        if has_place:
            _taken.add(tenant_id)
    try:
        yield has_place
    finally:
        if has_place:
            with _guard:
                _taken.discard(tenant_id)


@sensitive_variables("client_id", "client_secret")
def client_pair(*, client_id: str, client_secret: str) -> str:
    """Return a client's id and secret as the vault keeps them, as one. Raises `Invalid`."""
    for field, value in (("client_id", client_id), ("secret", client_secret)):
        # RFC 6749, appendix A.1 and A.2: VSCHAR.
        if not 1 <= len(value) <= _MOST_CHARACTERS or not all(" " <= each <= "~" for each in value):
            raise fault(field, f"Enter 1 to {_MOST_CHARACTERS} visible ASCII characters.")
    return json.dumps({"client_id": client_id, "client_secret": client_secret})


def endpoint_of(integration: Integration, scopes: tuple[str, ...]) -> Endpoint:
    """Return where tokens of an integration are had; with these scopes if it asks for any."""
    return Endpoint(
        url=integration.token_url,
        auth=integration.token_auth,
        scopes=tuple(sorted(scopes)) if integration.token_with_scopes else (),
        audience=integration.token_audience,
        resource=integration.token_resource,
        longest=integration.token_seconds,
    )


def order_of(
    integration: Integration,
    secret: VaultSecret,
    *,
    scopes: tuple[str, ...],
    purpose: str,
    now: datetime,
) -> Order:
    """Return what a token is to be asked for with. Raises `Unavailable` as `vault.open_for`."""
    opened, former = open_for(secret=secret, purpose=purpose), previous_of(secret, now)
    clients = [HeldClient(_client_in(opened), secret.version, secret.fingerprint)]
    if former is not None:
        mark = secret.previous_fingerprint
        clients.append(HeldClient(_client_in(former), secret.version - 1, mark))
    return Order(
        endpoint=endpoint_of(integration, scopes),
        clients=tuple(clients),
        at=now,
        former_until=secret.previous_until if former is not None else None,
    )


def fill(order: Order) -> Filled:
    """Ask for the token, outside of any transaction. Never raises for what the endpoint does.

    `SECONDS` are for all clients together.
    """
    said, ends = "", monotonic() + SECONDS
    for held in order.clients:
        left = ends - monotonic()
        if left <= 0:
            break
        try:
            return Filled(order, mint(order.endpoint, held.client, seconds=left), said, held)
        except MintFailed as failure:
            said = said or failure.sentence  # of the present client, rather than the former one
            if not failure.is_client_refused:
                break
    return Filled(order, None, said)


@sensitive_variables("text", "found")
def _client_in(text: str) -> Client:
    try:
        found = json.loads(text)
        return Client(found["client_id"], found["client_secret"])
    except (ValueError, TypeError, KeyError):
        raise Unavailable("What is in the vault is no client: set it again.") from None
