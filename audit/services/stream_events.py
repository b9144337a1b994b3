"""What happens to a stream, as the record keeps it. Single deliveries are not events: each would
have to be delivered in turn."""

from audit.actors import Actor, Subject
from audit.models import AuditStream
from audit.services.ledger import record


def record_stream(
    stream: AuditStream, actor: Actor, event_type: str, summary: str, **data: object
) -> None:
    """Record an event about a stream. Its address is kept without path: that may be a secret."""
    record(
        event_type=event_type,
        actor=actor,
        subject=Subject("audit_stream", stream.public_id, f"Stream {stream.name}"),
        summary=summary,
        data={
            "name": stream.name,
            "kind": stream.kind,
            "host": stream.host,
            "format": stream.format,
            "discloses": stream.discloses,
            **data,
        },
    )
