"""Erasing a subject from the record: its keys are destroyed, and every proof stays valid."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from audit.actors import Actor, Subject, Words
from audit.models import (
    ExportJob,
    ExportPiece,
    LedgerErasure,
    LedgerSubject,
    LegalHold,
    Pruning,
    Report,
    ReportStatus,
)
from audit.selectors.holds import check_not_held
from audit.services.commitments import forget_keys
from audit.services.export_restarts import restart_exports, restart_reports
from audit.services.ledger import record
from audit.services.search_index import forget_subject
from govapp.common import clock
from govapp.common.errors import Conflict
from govapp.common.sealing import seal
from govapp.common.text import ERASED_WORDS

# Files that were made from the record, and hold what was disclosed then. Each empties its own for
# the bound tenant and returns how many there were.
FileEraser = Callable[[], int]
_file_erasers: Final[list[FileEraser]] = []


@dataclass(frozen=True)
class Erased:
    """What was done: how many keys were destroyed, and how many files were emptied."""

    refs: tuple[str, ...]
    keys: int
    files: int


def register_file_eraser(empty: FileEraser) -> None:
    """Have `empty` called whenever somebody is erased."""
    if empty not in _file_erasers:
        _file_erasers.append(empty)


def erase_subject(
    *,
    actor: Actor,
    ref: str,
    reason: str,
    also: Sequence[str] = (),
    what: str = "The subject",
    texts: Sequence[tuple[str, str]] = (),
) -> Erased:
    """Destroy every key of a subject, and those of `also`; record that.

    Called inside the transaction that erases the rest. `ref` is a public id: of a member, or of
    a request (its content). `texts` are names that the caller has taken out of the tables, each
    with what stands in its place: `audit.services.erasing_again` looks for them once more. From
    then on their texts read as erased; the hashed bytes, and so all proofs, are what they were.
    Files that were made from the record before are emptied: they can be made again. Raises
    `Conflict` when nothing is left to be erased, or while a legal hold keeps something of it.
    """
    refs = (ref, *also)
    check_not_held(refs)
    for each in refs:
        forget_keys(each)
    keys = LedgerSubject.objects.filter(ref__in=refs, key_sealed__isnull=False).update(
        key_sealed=None, erased_at=clock.now()
    )
    if not keys:
        raise Conflict("The record holds nothing of it that could be erased.", code="erased")
    for each in refs:
        forget_subject(each)
    _forget_reasons(refs)
    files = empty_files()
    sealed = seal(json.dumps(list(texts)).encode()) if texts else None
    LedgerErasure.objects.create(refs=list(refs), texts_sealed=sealed)
    record(
        event_type="subject.erased",
        actor=actor,
        subject=Subject("subject", ref, ref),
        summary=f"{actor.name} erased {ref} from the record: {reason}",
        data={
            "refs": list(refs),
            "what": what,
            "keys": keys,
            "files": files,
            "reason": Words(reason, actor.id),
        },
    )
    return Erased(refs, keys, files)


def _forget_reasons(refs: Sequence[str]) -> None:
    """What they wrote about holds and prunings is emptied as it is in the record."""
    LegalHold.objects.filter(placed_by_id__in=refs).update(matter=ERASED_WORDS, reason=ERASED_WORDS)
    LegalHold.objects.filter(released_by_id__in=refs).update(release_reason=ERASED_WORDS)
    Pruning.objects.filter(asked_by_id__in=refs).update(reason=ERASED_WORDS)


def empty_files() -> int:
    """Empty every file that was made from the record; return how many there were."""
    return sum(empty() for empty in _file_erasers)


def _empty_exports() -> int:
    """What is being written begins again; what was written is asked for again."""
    restart_exports()
    # Each that may have a piece is locked first: whoever removes a file does so in that order.
    list(ExportJob.objects.filter(removed_at=None).order_by("pk").select_for_update())
    ExportPiece.objects.all().delete()
    made = ExportJob.objects.filter(status=ReportStatus.READY, removed_at=None)
    return made.update(removed_at=clock.now())


def _empty_reports() -> int:
    """A report's page and its SHA-256 stay; the file can be made again from the record."""
    restart_reports()
    made = Report.objects.filter(content__isnull=False)
    return made.update(content=None, failure="Its file was removed when somebody was erased.")


register_file_eraser(_empty_reports)
register_file_eraser(_empty_exports)
