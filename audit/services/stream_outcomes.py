"""How a batch went: the cursor moves, or the stream is tried again later, or is given up."""

from datetime import datetime, timedelta
from secrets import SystemRandom
from typing import Final

import structlog

from audit.actors import SYSTEM
from audit.models import AuditStream, StreamState
from audit.selectors.streams import SENDING
from audit.services.stream_claims import Claimed
from audit.services.stream_events import record_stream
from audit.signals import stream_stopped
from audit.transports.batch import DeliveryFailed
from govapp.common import clock

log = structlog.get_logger(__name__)

FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(hours=1)
FAILING_AFTER: Final = 3
"""Failures in a row: a receiver that is restarted is not worth two events of the record."""
STOP_AFTER: Final = timedelta(days=7)
_random: Final = SystemRandom()


def settle(claimed: Claimed, failure: DeliveryFailed | None) -> int:
    """Write how a batch went; return how many events were accepted, 0 when the claim was lost."""
    rows = AuditStream.objects.select_for_update().filter(removed_at=None)
    stream = rows.filter(pk=claimed.stream.pk, claim=claimed.stream.claim).first()
    if stream is None or claimed.batch is None:
        return 0
    now = clock.now()
    stream.lease_until = None
    if failure is not None:
        _keep_failure(stream, failure, now)
        stream.save()
        return 0
    count = len(claimed.batch.lines)
    stream.cursor, stream.sending_until = claimed.stream.sending_until or stream.cursor, None
    stream.chain = list(claimed.chain) if claimed.chain else None
    stream.delivered += count
    stream.disclosed += count if stream.discloses else 0
    stream.delivered_at = stream.next_at = now
    if stream.host not in stream.sent_to:
        stream.sent_to = [*stream.sent_to, stream.host]
    _keep_recovery(stream)
    stream.save()
    return count


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after so many failures in a row, without the jitter."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * (1 << min(attempts - 1, 12)))


def _keep_recovery(stream: AuditStream) -> None:
    since, stream.failing_since = stream.failing_since, None
    stream.attempts, stream.last_error = 0, ""
    if stream.state == StreamState.FAILING and since is not None:
        stream.state = StreamState.ACTIVE
        record_stream(
            stream, SYSTEM, "audit_stream.recovered",
            f"The stream {stream.name} is accepted again by {stream.host}.",
            failing_since=since.isoformat(), next_index=stream.cursor,
        )  # fmt: skip


def _keep_failure(stream: AuditStream, failure: DeliveryFailed, now: datetime) -> None:
    stream.last_error = str(failure)[:500]
    if stream.state not in SENDING:
        return  # paused meanwhile
    stream.attempts += 1
    since = stream.failing_since = stream.failing_since or now
    pause = pause_after(stream.attempts) * _random.uniform(0.75, 1.25)
    stream.next_at = now + max(pause, failure.retry_after or timedelta(0))
    log.warning("stream_failed", stream=stream.public_id, attempts=stream.attempts,
                reason=stream.last_error)  # fmt: skip
    if failure.is_final or now - since >= STOP_AFTER:
        _stop(stream, since, now)
    elif stream.state == StreamState.ACTIVE and stream.attempts >= FAILING_AFTER:
        stream.state = StreamState.FAILING
        record_stream(
            stream, SYSTEM, "audit_stream.failing",
            f"The stream {stream.name} is not accepted by {stream.host}: {stream.last_error}",
            reason=stream.last_error, failing_since=since.isoformat(), next_index=stream.cursor,
        )  # fmt: skip


def _stop(stream: AuditStream, since: datetime, now: datetime) -> None:
    stream.state = StreamState.STOPPED
    record_stream(
        stream, SYSTEM, "audit_stream.stopped",
        f"The stream {stream.name} to {stream.host} was given up: {stream.last_error}",
        reason=stream.last_error, failing_since=since.isoformat(), next_index=stream.cursor,
    )  # fmt: skip
    stream_stopped.send(sender=AuditStream, stream=stream, at=now)
