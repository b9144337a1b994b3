"""Streams in tests: made by Alice, sending to receivers of the tests' own."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from standardwebhooks import Webhook

from audit.models import AuditStream, LedgerEvent
from audit.selectors.events import EventFilter
from audit.selectors.streams import Start
from audit.services.stream_checks import Wanted
from audit.services.stream_delivery import deliver_stream
from audit.services.streams import create_stream
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import ALICE
from tests.support.receiver import Received

BEGINNING = Start("beginning")


def make_stream(
    tenant_id: UUID,
    address: str,
    *,
    kind: str = "webhook",
    start: Start = BEGINNING,
    only: dict[str, str] | None = None,
    **wanted: Any,
) -> tuple[AuditStream, str]:
    """Make a stream; return it with its secret."""
    settings: dict[str, Any] = {"name": "SIEM", "filter": EventFilter(**(only or {}))} | wanted
    with tenant_transaction(tenant_id):
        return create_stream(
            actor=ALICE, kind=kind, wanted=Wanted(address=address, **settings), start=start
        )


def deliver(stream: AuditStream) -> int:
    """Send what it waits for, as the task does, however busy the machine is."""
    return deliver_stream(tenant_id=stream.tenant_id, stream_id=stream.pk, seconds=240)


def fresh(stream: AuditStream) -> AuditStream:
    """Return the row as it is now."""
    with tenant_transaction(stream.tenant_id):
        return AuditStream.objects.get(pk=stream.pk)


def lines_of(received: Iterable[Received]) -> list[bytes]:
    """Return every line that arrived, in its order."""
    return [line for each in received for line in each.body.splitlines()]


def indexes_of(received: Iterable[Received]) -> list[tuple[int, int]]:
    """Return first and last index of each batch."""
    return [
        (int(each.headers["govapp-first-index"]), int(each.headers["govapp-last-index"]))
        for each in received
    ]


def hashed_lines(tenant_id: UUID) -> list[bytes]:
    """Return the bytes of every event that has a place in the tree, in that order."""
    with tenant_transaction(tenant_id):
        rows = LedgerEvent.objects.filter(leaf_rows__isnull=False).order_by("leaf_rows__index")
        return [bytes(body) for body in rows.values_list("body", flat=True)]


def verified(received: Received, secret: str) -> None:
    """Raise unless the signature is by this secret. Its time is the tests' own clock's."""
    signed = Webhook(secret).sign(
        msg_id=received.headers["webhook-id"],
        timestamp=_time(received),
        data=received.body.decode(),
    )
    assert signed in received.headers["webhook-signature"].split(" ")


def _time(received: Received) -> datetime:
    return datetime.fromtimestamp(int(received.headers["webhook-timestamp"]), UTC)


def recorded(tenant_id: UUID, prefix: str = "audit_stream.") -> list[tuple[str, dict[str, Any]]]:
    """Return type and data of what was recorded about streams, in its order."""
    with tenant_transaction(tenant_id):
        rows = LedgerEvent.objects.filter(type__startswith=prefix).order_by("id")
        return [
            (kind, json.loads(bytes(body))["data"])
            for kind, body in rows.values_list("type", "body")
        ]
