"""Evidence packs: what somebody takes home to check without us. Taking one is recorded."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from tempfile import TemporaryFile
from typing import IO
from uuid import UUID

from audit.actors import Actor, Subject
from audit.packs.contents import REDACTABLE
from audit.packs.writing import Written, write_pack
from audit.selectors.events import EventFilter
from audit.selectors.packs import pack_contents
from audit.services.ledger import record
from govapp.common import clock
from govapp.common.errors import Malformed
from govapp.common.ids import new_id, public_id


@dataclass(frozen=True)
class PackExport:
    """A pack as an open file at its beginning; `manifest_sha256` names every byte in it."""

    file: IO[bytes]
    count: int
    size_bytes: int
    sha256: str
    manifest_sha256: str


def make_pack(
    *,
    actor: Actor,
    wanted: EventFilter,
    redact: Iterable[str] = (),
    report_id: UUID | None = None,
) -> PackExport:
    """Write an evidence pack of the events of a filter to a file on disk, and record that.

    `redact` are kinds of personal values to leave out (`audit.packs.contents.REDACTABLE`). Runs
    inside the caller's transaction, and needs none when it returns; the caller closes the file.
    The event names the SHA-256 of the pack and of its manifest, so that whoever has the pack can
    ask whether it is the one that was made. Raises `Malformed` for a filter or kind that makes no
    sense, `Conflict` when nothing is signed yet, `NotFound` without that report.
    """
    left_out = frozenset(redact)
    if not left_out <= set(REDACTABLE):
        raise Malformed(f"What may be left out is {', '.join(REDACTABLE)}.")
    contents = pack_contents(
        wanted, exporter=actor, made_at=clock.now(), redact=left_out, report_id=report_id
    )
    file: IO[bytes] = TemporaryFile()  # noqa: SIM115 - handed on
    try:
        written = write_pack(file, contents)
        size = file.tell()
        file.seek(0)
        digest = sha256()
        while chunk := file.read(1 << 20):
            digest.update(chunk)
        file.seek(0)
        count = written.counts.get("events", 0)
        export = PackExport(file, count, size, digest.hexdigest(), written.manifest_sha256)
        _record_pack(actor, wanted, left_out, export, written, contents.size)
    except BaseException:
        file.close()
        raise
    return export


def _record_pack(
    actor: Actor,
    wanted: EventFilter,
    left_out: frozenset[str],
    export: PackExport,
    written: Written,
    ledger_size: int,
) -> None:
    chosen = wanted.chosen()
    words = ", ".join(f"{name} {value}" for name, value in chosen.items()) or "no filter"
    record(
        event_type="evidence_pack.made",
        actor=actor,
        subject=Subject("export", public_id("ex", new_id()), "Evidence pack"),
        summary=f"{actor.name} took an evidence pack of {export.count} events home ({words}).",
        data={
            "format": "evidence pack",
            "query": chosen,
            "time_zone": wanted.zone,
            "redacted": sorted(left_out),
            "counts": written.counts,
            "ledger_size": ledger_size,
            "bytes": export.size_bytes,
            "sha256": export.sha256,
            "manifest_sha256": export.manifest_sha256,
        },
    )
