"""A test of a stream: an event that is not in the record, sent once, and what came of it."""

from datetime import UTC, timedelta
from typing import Any, Final
from uuid import UUID

from audit.actors import SYSTEM
from audit.exporting import Exported
from audit.exporting.streaming import FORMATS
from audit.merkle.canonical import canonical_bytes
from audit.merkle.tree import leaf_hash
from audit.models import AuditStream, LedgerLog, StreamTest
from audit.services.stream_delivery import failure_of
from audit.services.stream_events import record_stream
from audit.transports.batch import Batch, Line
from govapp.common import clock
from govapp.common.ids import new_id, public_id
from govapp.common.tenancy import require_tenant_id, tenant_transaction

STALE_AFTER: Final = timedelta(seconds=60)
TEST_TYPE: Final = "audit_stream.test"


def send_test(*, tenant_id: UUID, stream_id: UUID) -> bool:
    """Send the test that somebody asked for, and keep what came of it; False when there is none."""
    rows = AuditStream.objects.filter(pk=stream_id, removed_at=None, test_state=StreamTest.QUEUED)
    with tenant_transaction(tenant_id):
        stream = rows.select_for_update().first()
        if stream is None:
            return False
        stream.test_at = now = clock.now()
        stream.save(update_fields=["test_at"])
        batch = _batch(stream, now.astimezone(UTC).isoformat().replace("+00:00", "Z"))
    failure = failure_of(stream, batch, now)
    with tenant_transaction(tenant_id):
        stream = rows.select_for_update().first()
        if stream is None:
            return False
        stream.test_state = StreamTest.FAILED if failure else StreamTest.ACCEPTED
        stream.test_words = str(failure)[:500] if failure else ""
        stream.test_at = clock.now()
        stream.save(update_fields=["test_state", "test_words", "test_at"])
        outcome = f"was not accepted: {stream.test_words}" if failure else "was accepted."
        record_stream(
            stream, SYSTEM, "audit_stream.tested",
            f"A test of the stream {stream.name} to {stream.host} {outcome}",
            is_accepted=failure is None, reason=stream.test_words,
        )  # fmt: skip
    return True


def _batch(stream: AuditStream, at: str) -> Batch:
    ident = new_id()
    body: dict[str, Any] = {
        "v": 2,
        "id": public_id("ev", ident),
        "tenant": public_id("tn", require_tenant_id()),
        "type": TEST_TYPE,
        "at": at,
        "actor": {"kind": SYSTEM.kind, "id": SYSTEM.id, "name": SYSTEM.name},
        "subject": {"type": "audit_stream", "id": stream.public_id, "label": stream.name},
        "summary": f"A test of the stream {stream.name}. It is not in the record.",
        "data": {},
    }
    canonical = canonical_bytes(body)
    ledger = LedgerLog.objects.first()
    event = Exported(canonical, body, 0, leaf_hash(canonical), is_filled=stream.discloses)
    (text,), _ = FORMATS[stream.format].write([event], ledger.origin if ledger else "", None)
    name = f"{stream.public_id}.test-{ident.hex}"
    return Batch(name, stream.public_id, [Line(0, body, text)], is_test=True)
