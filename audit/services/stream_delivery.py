"""Sending what streams wait for: at least once, in order, one worker a stream.

The row is the work and the broker only a hint. A worker takes the stream for the time of a lease
and reads a batch in one transaction, sends it outside of any, and in a second one moves the cursor,
if nobody else has taken the stream since. Killed anywhere, the same events are sent again together,
under the same name.
"""

import time
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from audit.doors import streams_due
from audit.models import AuditStream, StreamKind
from audit.services.stream_claims import claim_batch
from audit.services.stream_outcomes import settle
from audit.transports import syslog, webhook
from audit.transports.batch import Batch, DeliveryFailed
from govapp.common.queue import enqueue_on_commit
from govapp.common.sealing import unseal
from govapp.common.tenancy import tenant_transaction

log = structlog.get_logger(__name__)

ROUND_SECONDS: Final = 10.0
"""After so long whoever else waits has a turn."""


def deliver_stream(*, tenant_id: UUID, stream_id: UUID, seconds: float = ROUND_SECONDS) -> int:
    """Send batch after batch until nothing is left, it fails, or the time is over.

    Returns how many events were accepted. 0 also when somebody else is sending. Never raises a
    failure of the receiver.
    """
    sent, ends = 0, time.monotonic() + seconds
    while True:
        with tenant_transaction(tenant_id):
            claimed = claim_batch(stream_id)
        if claimed is None:
            return sent
        if claimed.batch is not None:
            failure = failure_of(claimed.stream, claimed.batch, claimed.now)
            with tenant_transaction(tenant_id):
                sent += settle(claimed, failure)
            if failure is not None:
                return sent
        if time.monotonic() >= ends:
            with transaction.atomic():
                enqueue_on_commit("audit.deliver_stream", stream_id=stream_id, tenant_id=tenant_id)
            return sent


def sweep_streams(*, at_most: int = 200) -> int:
    """Hint at every stream that has something to send, tenants taking turns; return how many."""
    found = streams_due.call(at_most)
    with transaction.atomic():
        for row in found:
            name = "audit.test_stream" if row["is_test"] else "audit.deliver_stream"
            enqueue_on_commit(name, stream_id=row["stream_id"], tenant_id=row["tenant_id"])
    return len(found)


def send(stream: AuditStream, batch: Batch, now: datetime) -> None:
    """Send a batch the way of its stream. Raises `DeliveryFailed`."""
    if stream.kind == StreamKind.SYSLOG:
        syslog.send_batch(stream.address, batch, roots=stream.roots)
        return
    keys = [unseal(bytes(stream.secret_sealed or b"")).decode()]
    until = stream.former_secret_until
    if stream.former_secret_sealed is not None and until is not None and now < until:
        keys.append(unseal(bytes(stream.former_secret_sealed)).decode())
    sealed = stream.authorization_sealed
    webhook.send_batch(
        stream.address,
        batch,
        keys=keys,
        authorization=unseal(bytes(sealed)).decode() if sealed is not None else "",
        now=now,
    )


def failure_of(stream: AuditStream, batch: Batch, now: datetime) -> DeliveryFailed | None:
    """Send a batch and return why it was not accepted; None when it was."""
    try:
        send(stream, batch, now)
    except DeliveryFailed as failure:
        return failure
    except Exception:  # ours: said on the page, tried again, and nothing is lost
        log.exception("stream_fault", stream=stream.public_id)
        return DeliveryFailed("It could not be sent: a fault of this installation, in its log.")
    return None
