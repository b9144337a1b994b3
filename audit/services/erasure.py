"""Erasing a subject from the record: its keys are destroyed, and every proof stays valid."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from audit.actors import Actor, Subject, Words
from audit.models import LedgerErasure, LedgerSubject, LegalHold, Pruning
from audit.selectors.holds import check_not_held
from audit.services.commitments import forget_keys
from audit.services.erased_files import Emptied, empty_files
from audit.services.ledger import record
from audit.services.search_index import forget_subject
from govapp.common import clock
from govapp.common.errors import Conflict
from govapp.common.sealing import seal
from govapp.common.text import ERASED_WORDS


@dataclass(frozen=True)
class Erased:
    """What was done: how many keys were destroyed, and what became of the files."""

    refs: tuple[str, ...]
    keys: int
    emptied: Emptied


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
    Files that were made from the record before are emptied: they can be made again. Those that
    tell of what a legal hold keeps stay until it is released (`audit.services.erased_files`).
    Raises `Conflict` when nothing is left to be erased, or while a hold keeps something of it.
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
    sealed = seal(json.dumps(list(texts)).encode()) if texts else None
    emptied = empty_files(LedgerErasure.objects.create(refs=list(refs), texts_sealed=sealed))
    record(
        event_type="subject.erased",
        actor=actor,
        subject=Subject("subject", ref, ref),
        summary=f"{actor.name} erased {ref} from the record{_but_for(emptied.left)}: {reason}",
        data={
            "refs": list(refs),
            "what": what,
            "keys": keys,
            **emptied.said(),
            "reason": Words(reason, actor.id),
        },
    )
    return Erased(refs, keys, emptied)


def _but_for(files: int) -> str:
    if not files:
        return ""
    return f", but for {files} file{'' if files == 1 else 's'} until a legal hold is released"


def _forget_reasons(refs: Sequence[str]) -> None:
    """What they wrote about holds and prunings is emptied as it is in the record."""
    LegalHold.objects.filter(placed_by_id__in=refs).update(matter=ERASED_WORDS, reason=ERASED_WORDS)
    LegalHold.objects.filter(released_by_id__in=refs).update(release_reason=ERASED_WORDS)
    Pruning.objects.filter(asked_by_id__in=refs).update(reason=ERASED_WORDS)
