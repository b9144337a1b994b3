"""Taking a stream for the time of a lease, with the batch that it sends next."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from audit.actors import SYSTEM
from audit.exporting.streaming import FORMATS, Chain
from audit.models import AuditStream, LedgerLog
from audit.selectors.event_filter import EventFilter
from audit.selectors.exports import filter_of
from audit.selectors.streams import Window, known_size, read_window
from audit.services.stream_events import record_stream
from audit.services.stream_hints import nobodys
from audit.transports.batch import Batch, Line
from govapp.common import clock

LEASE: Final = timedelta(seconds=60)
"""Longer than reading and sending a batch may take (`audit.transports.batch.SECONDS`)."""
MOST_BYTES: Final = 1_000_000
_WINDOWS: Final = 25


@dataclass(frozen=True)
class Claimed:
    """A stream that is ours for the time of a lease, and what to send; None: nothing fitted."""

    stream: AuditStream
    batch: Batch | None
    chain: Chain
    now: datetime


def claim_batch(stream_id: UUID) -> Claimed | None:
    """Take a stream and read what it sends next; None when there is nothing, or it is taken."""
    now = clock.now()
    rows = AuditStream.objects.select_for_update(skip_locked=True)
    stream = nobodys(rows.filter(pk=stream_id, next_at__lte=now), now).first()
    ledger = LedgerLog.objects.first()
    if stream is None or ledger is None:
        return None
    wanted = filter_of(stream.query, stream.time_zone)
    size = known_size(wanted, ledger.size)
    if size < (stream.sending_until or stream.cursor + 1):
        return None  # nothing to send, or not searched yet: the sweep comes again
    begun, missing = stream.cursor, 0
    is_resent = stream.sending_until is not None
    window = Window([], stream.cursor, 0)
    for _ in range(_WINDOWS):
        stream.cursor = window.end
        window = _next_window(stream, wanted, size)
        missing += window.missing
        if window.events or window.end >= size:
            break
        stream.sending_until = None  # what was sent then has been pruned since
    if known_size(wanted, size) < size:
        return None  # the index was emptied while it was read
    batch, chain, end = _batch_of(stream, window, ledger.origin)
    if batch is None:
        stream.cursor, stream.sending_until = window.end, None
    else:
        stream.sending_until = end
        stream.lease_until = now + LEASE
        stream.claim += 1
    if missing and not is_resent:
        _pass_over(stream, begun, window.end, missing)
    stream.save()
    return Claimed(stream, batch, chain, now)


def _next_window(stream: AuditStream, wanted: EventFilter, size: int) -> Window:
    return read_window(
        wanted,
        start=stream.cursor,
        stop=stream.sending_until or size,
        most=stream.at_once,
        fill=stream.discloses,
    )


def _batch_of(stream: AuditStream, window: Window, origin: str) -> tuple[Batch | None, Chain, int]:
    """Return what to send, of at most 1 MB unless one event is larger, the chain, and the end."""
    before: Chain = (stream.chain[0], stream.chain[1]) if stream.chain else None
    texts, chains = FORMATS[stream.format].write(window.events, origin, before)
    lines: list[Line] = []
    total = 0
    for event, text in zip(window.events, texts, strict=True):
        total += len(text) + 1
        if lines and total > MOST_BYTES:
            break
        lines.append(Line(event.index, dict(event.body), text))
    if not lines:
        return None, before, window.end
    end = window.end if len(lines) == len(texts) else lines[-1].index + 1
    ident = f"{stream.public_id}.{lines[0].index}-{lines[-1].index}"
    return Batch(ident, stream.public_id, lines), chains[len(lines) - 1], end


def _pass_over(stream: AuditStream, start: int, end: int, missing: int) -> None:
    stream.passed_over += missing
    record_stream(
        stream, SYSTEM, "audit_stream.passed_over",
        f"The stream {stream.name} passes over {missing} events that are not kept any more,"
        f" between the indexes {start} and {end}.",
        from_index=start, until_index=end, count=missing,
    )  # fmt: skip
