"""Files that were made from the record hold what was disclosed then: an erasure empties them.

Those that tell of what a legal hold keeps stay as they are until it is released; then they go, and
with that the erasure is done. Files that are being written meanwhile begin again in any case.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from audit.actors import SYSTEM, Subject
from audit.models import ExportJob, ExportPiece, LedgerErasure, LegalHold, Report, ReportStatus
from audit.selectors.held_files import HeldFiles, held_files
from audit.services.export_restarts import restart_exports, restart_reports
from audit.services.ledger import record
from govapp.common import clock

_REMOVED: Final = "Its file was removed when somebody was erased."


@dataclass(frozen=True)
class Emptied:
    """How many files were emptied, how many are left for now, and which holds keep those."""

    files: int
    left: int
    holds: tuple[LegalHold, ...]

    def said(self) -> dict[str, Any]:
        """Return what an event says of it."""
        if not self.left:
            return {"files": self.files}
        names = [each.public_id for each in self.holds]
        return {"files": self.files, "files_left": self.left, "holds": names}


def empty_files(erasure: LedgerErasure) -> Emptied:
    """Empty every file that was made from the record, but for those that a hold keeps.

    Inside the transaction that erases, which has locked keeping: no hold comes in between.
    """
    restart_reports()
    restart_exports()
    held = held_files()
    reports, exports = _made_reports(), _made_exports()
    ident = str(erasure.pk)
    kept: list[Report | ExportJob] = [each for each in reports if each.pk in held.reports]
    kept += [each for each in exports if each.pk in held.exports]
    left = [each for each in kept if ident not in each.erasures_waiting]
    for each in left:
        each.erasures_waiting = [*each.erasures_waiting, ident]
        each.save(update_fields=["erasures_waiting"])
    gone = _empty(reports, exports, held)
    return Emptied(gone, len(left), held.holds if left else ())


def finish_erasures(hold: LegalHold) -> None:
    """Empty what erasures have left for a hold that is released now, unless another keeps it."""
    held = held_files()
    reports = [each for each in _made_reports() if each.erasures_waiting]
    exports = [each for each in _made_exports() if each.erasures_waiting]
    counts = Counter(
        ident
        for rows, kept in ((reports, held.reports), (exports, held.exports))
        for each in rows
        if each.pk not in kept
        for ident in each.erasures_waiting
    )
    _empty(reports, exports, held)
    for erasure in LedgerErasure.objects.filter(pk__in=list(counts)).order_by("made_at", "id"):
        _record(erasure, hold, counts[str(erasure.pk)])


def _made_reports() -> list[Report]:
    return list(Report.objects.filter(content__isnull=False).defer("content").order_by("pk"))


def _made_exports() -> list[ExportJob]:
    # Each that may have a piece is locked first: whoever removes a file does so in that order.
    rows = ExportJob.objects.filter(removed_at=None).order_by("pk").select_for_update()
    return [each for each in rows if each.status == ReportStatus.READY]


def _empty(reports: Sequence[Report], exports: Sequence[ExportJob], held: HeldFiles) -> int:
    """Empty those of these files that are not held; return how many there were."""
    gone = _others(reports, held.reports)
    Report.objects.filter(pk__in=gone).update(content=None, failure=_REMOVED, erasures_waiting=[])
    jobs = _others(exports, held.exports)
    ExportPiece.objects.filter(job_id__in=jobs).delete()
    ExportJob.objects.filter(pk__in=jobs).update(removed_at=clock.now(), erasures_waiting=[])
    return len(gone) + len(jobs)


def _others(rows: Sequence[Report] | Sequence[ExportJob], kept: Collection[UUID]) -> list[UUID]:
    return [each.pk for each in rows if each.pk not in kept]


def _record(erasure: LedgerErasure, hold: LegalHold, files: int) -> None:
    ref = erasure.refs[0]
    record(
        event_type="subject.erased_again",
        actor=SYSTEM,
        subject=Subject("subject", ref, ref),
        summary=(
            f"{files} file{'' if files == 1 else 's'} that a legal hold kept when {ref} was erased"
            f" {'was' if files == 1 else 'were'} emptied: it was released."
        ),
        data={
            "refs": erasure.refs,
            "keys": 0,
            "rows": 0,
            "files": files,
            "released": hold.public_id,
        },
    )
