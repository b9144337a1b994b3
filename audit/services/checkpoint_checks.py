"""Opening a kept checkpoint: signed by each key that has to have signed it, and as its row says."""

from audit.merkle.note import Checkpoint, NoteInvalid, open_checkpoint
from audit.models import DirectoryCheckpoint, LedgerCheckpoint
from audit.selectors.proofs import LedgerKeyInfo
from audit.services.findings import Finding, Verification
from audit.services.key_checks import required_of


def opened(
    row: DirectoryCheckpoint | LedgerCheckpoint,
    keys: tuple[LedgerKeyInfo, ...],
    result: Verification,
) -> Checkpoint | None:
    """Return what the note of a row says; None, and a finding, when it is not to be believed."""
    try:
        signed = _signed_by_all(row, keys)
    except NoteInvalid as error:
        what = f"the checkpoint of size {row.size} is not valid: {error}"
        result.found(Finding("checkpoint", what, index=row.size - 1, at=row.signed_at))
        return None
    if (signed.size, signed.root) != (row.size, bytes(row.root or b"")):
        what = f"the row of size {row.size} and its signed note (size {signed.size}) differ"
        result.found(Finding("checkpoint", what, index=row.size - 1, at=row.signed_at))
        return None
    return signed


def _signed_by_all(
    row: DirectoryCheckpoint | LedgerCheckpoint, keys: tuple[LedgerKeyInfo, ...]
) -> Checkpoint:
    notes = [open_checkpoint(row.note or "", verifier=key) for key in required_of(keys, row.size)]
    if not notes:
        raise NoteInvalid("there was no key for this size")
    return notes[0]
