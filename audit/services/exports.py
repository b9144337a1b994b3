"""What is taken out of the record, exports and proofs: taking it is itself recorded."""

from dataclasses import dataclass
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from typing import IO, Final
from uuid import UUID

from audit.actors import Actor, Subject
from audit.selectors.events import EventFilter, select_events
from audit.selectors.proofs import Inclusion, prove_event
from audit.services.ledger import record
from govapp.common.errors import Conflict
from govapp.common.ids import new_id, public_id

_IN_MEMORY: Final = 4 * 1024 * 1024


@dataclass(frozen=True)
class Export:
    """What was taken from the record: an open file at its beginning, its lines and its digest."""

    file: IO[bytes]
    count: int
    size_bytes: int
    sha256: str


def make_export(*, actor: Actor, wanted: EventFilter) -> Export:
    """Write the events of a filter to a file, oldest first, one canonical line each; record that.

    Runs inside the caller's transaction, and needs none when it returns: whoever sends the file
    holds neither a tenant nor a connection. The caller closes the file. The event says how many
    lines the file has and its SHA-256. Raises `Malformed` for a filter that makes no sense.
    """
    rows = select_events(wanted).order_by("occurred_at", "id").values_list("body", flat=True)
    file: IO[bytes] = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - handed on
    try:
        count, digest = 0, sha256()
        for body in rows.iterator(chunk_size=1000):
            line = bytes(body) + b"\n"
            file.write(line)
            digest.update(line)
            count += 1
        export = Export(file, count, file.tell(), digest.hexdigest())
        file.seek(0)
        _record_export(actor, wanted, export)
    except BaseException:
        file.close()
        raise
    return export


def take_proof(*, actor: Actor, event_id: UUID) -> Inclusion:
    """Return the inclusion proof of one event, and record who took it.

    Raises `Conflict` while the event has no place in the tree yet.
    """
    inclusion = prove_event(event_id)
    if inclusion is None:
        raise Conflict("The event gets its place in the tree within seconds; try again.")
    name = public_id("ev", event_id)
    record(
        event_type="proof.downloaded",
        actor=actor,
        subject=Subject("event", name, f"Event {name}"),
        summary=f"{actor.name} downloaded the inclusion proof of event {name}.",
        data={"event": name, "leaf_hash": inclusion.leaf.hex()},
    )
    return inclusion


def _record_export(actor: Actor, wanted: EventFilter, export: Export) -> None:
    chosen = wanted.chosen()
    words = ", ".join(f"{name} {value}" for name, value in chosen.items()) or "no filter"
    record(
        event_type="export.made",
        actor=actor,
        subject=Subject("export", public_id("ex", new_id()), "Events as JSONL"),
        summary=f"{actor.name} exported {export.count} events of the record ({words}).",
        data={
            "format": "jsonl",
            "query": chosen,
            "time_zone": wanted.zone,
            "count": export.count,
            "bytes": export.size_bytes,
            "sha256": export.sha256,
        },
    )
