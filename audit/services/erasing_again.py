"""Erasures looked at again: what somebody wrote who had read the name just before it went.

A transaction that began before an erasure may write the name after it, under a key of its own
making, or into a table. Nobody waits for a lock because of that. Instead each erasure stays open
until no such transaction can be left, and what comes to light meanwhile is erased as well.
"""

import json
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from audit.actors import SYSTEM, Subject
from audit.doors import erasures_to_look_at
from audit.models import LedgerErasure, LedgerSubject
from audit.selectors.holds import lock_keeping
from audit.services.commitments import forget_keys
from audit.services.erased_files import Emptied, empty_files
from audit.services.ledger import record
from audit.services.search_index import forget_subject
from govapp.common import clock
from govapp.common.alone import tried
from govapp.common.forgetting import forget_text
from govapp.common.sealing import unseal
from govapp.common.tenancy import tenant_transaction

log = structlog.get_logger(__name__)

OPEN_FOR: Final = timedelta(minutes=10)
"""Longer than any request or task that writes people's names may take in one transaction."""
_AT_ONCE: Final = 100


def erase_again() -> int:
    """Look at each open erasure, and close those that are old enough; return what was found.

    Keys are looked for each time, names in the tables once, when an erasure is closed.
    """
    found = 0
    for row in erasures_to_look_at.call(_AT_ONCE):
        found += tried("subject.not_erased_again", _look, **row) or 0
    return found


def _look(tenant_id: UUID, erasure_id: UUID) -> int:
    with tenant_transaction(tenant_id):
        lock_keeping()  # what begins to be written beside this is waited for, and begins again
        rows = LedgerErasure.objects.select_for_update(skip_locked=True)
        row = rows.filter(pk=erasure_id, closed_at=None).first()
        if row is None:
            return 0  # somebody else looks at it
        now = clock.now()
        keys, texts = _erase_keys(row), 0
        is_over = now >= row.made_at + OPEN_FOR
        if is_over:
            texts = _close(row)
        # In the end in any case: a name that is gone again may stand in a file.
        emptied = empty_files(row) if keys or is_over else Emptied(0, 0, ())
        if keys or texts or emptied.files or emptied.left:
            _record(row, keys, texts, emptied)
        return keys + texts


def _erase_keys(row: LedgerErasure) -> int:
    """Destroy the keys that were made at about the time of the erasure.

    Later ones belong to a person who has come back under the same address.
    """
    for ref in row.refs:
        forget_keys(ref)
    late = LedgerSubject.objects.filter(
        ref__in=row.refs, key_sealed__isnull=False, made_at__lt=row.made_at + OPEN_FOR
    )
    erased = late.update(key_sealed=None, erased_at=clock.now())
    if erased:
        for ref in row.refs:
            forget_subject(ref)
    return erased


def _close(row: LedgerErasure) -> int:
    """Take the names out of the tables once more, and forget them; return how many rows had one."""
    texts = json.loads(unseal(bytes(row.texts_sealed))) if row.texts_sealed else []
    found = sum(forget_text(text, instead=instead) for text, instead in texts)
    row.texts_sealed, row.closed_at = None, clock.now()
    row.save(update_fields=["texts_sealed", "closed_at"])
    return found


def _record(row: LedgerErasure, keys: int, texts: int, emptied: Emptied) -> None:
    ref = row.refs[0]
    log.info("subject.erased_again", keys=keys, rows=texts, files=emptied.files)
    record(
        event_type="subject.erased_again",
        actor=SYSTEM,
        subject=Subject("subject", ref, ref),
        summary=f"What was written about {ref} while it was being erased was erased as well.",
        data={"refs": row.refs, "keys": keys, "rows": texts, **emptied.said()},
    )
