"""Evidence packs: what somebody takes home to check without us. One is an export like any other.

`audit.services.export_jobs` has its life; here is what is asked for, and how its file is written.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from audit.actors import Actor
from audit.models import ExportJob, Report, ReportStatus
from audit.packs.contents import REDACTABLE
from audit.packs.writing import write_pack
from audit.selectors.exports import filter_of
from audit.selectors.pack_rows import PASSES
from audit.selectors.packs import Chosen, pack_contents
from audit.services.export_writing import ExportFile
from govapp.common import clock
from govapp.common.errors import Malformed, NotFound
from govapp.common.ids import parse_public_id, public_id


def check_options(redact: Iterable[str], report_id: UUID | None) -> dict[str, Any]:
    """Return what a job keeps of these choices. Raises `Malformed` and `NotFound`."""
    left_out = set(redact)
    if not left_out <= set(REDACTABLE):
        raise Malformed(f"What may be left out is {', '.join(REDACTABLE)}.")
    options: dict[str, Any] = {"redact": sorted(left_out)}
    if report_id is not None:
        finished = Report.objects.filter(
            pk=report_id, status=ReportStatus.READY, content__isnull=False
        )
        if not finished.exists():
            raise NotFound("There is no finished report of this name.")
        options["report"] = public_id("rep", report_id)
    return options


def chosen_of(job: ExportJob) -> Chosen:
    """Return what was chosen for a pack that was asked for."""
    report = job.options.get("report")
    return Chosen(
        frozenset(job.options.get("redact", ())),
        parse_public_id("rep", report) if report else None,
    )


def write_pack_file(file: ExportFile) -> None:
    """Write the pack of a job, with the same memory for any number of events.

    The event `evidence_pack.made` names the SHA-256 of the pack and of its manifest, so that
    whoever has the pack can ask whether it is the one that was made. Raises
    `audit.services.export_writing.Stopped`, and a `DomainError` when it cannot be made.
    """
    job, pages = file.job, _Pages(file)
    with file.page(is_pressing=True):
        contents, pages.total = pack_contents(
            filter_of(job.query, job.time_zone),
            exporter=Actor("person", job.requested_by_id, job.requested_by_name),
            made_at=clock.now(),
            size=job.ledger_size,
            chosen=chosen_of(job),
            reading=pages.read,
        )
    written = write_pack(file, contents)
    file.finish(
        count=written.counts.get("events", 0),
        event_type="evidence_pack.made",
        told={"counts": written.counts, "manifest_sha256": written.manifest_sha256},
    )


class _Pages:
    """Opens the transaction of each page, and says how far the pack is."""

    def __init__(self, file: ExportFile) -> None:
        self._file, self._done = file, dict.fromkeys(PASSES, 0)
        self.total = 0

    def read(self, words: str, count: int) -> AbstractContextManager[None]:
        """Read up to so many rows: a page of one of the passes, or a tile for a proof."""
        if words not in self._done:
            return self._file.page()
        done = self._done[words] = min(self.total, self._done[words] + count)
        before = PASSES.index(words) * self.total
        return self._file.page(
            step=f"{words}: {done:,} of {self.total:,}",
            progress=(before + done) * 100 // (len(PASSES) * self.total or 1),
        )
