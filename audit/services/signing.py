"""The keys that sign a tenant's checkpoints, and their signatures. Inside the log's lock only."""

from collections.abc import Sequence
from datetime import datetime

from audit.actors import SYSTEM, Subject
from audit.merkle.note import Checkpoint, LogKey, VerifierKey, sign_checkpoint
from audit.models import LedgerCheckpoint, LedgerKey, LedgerLog
from audit.models.keys import DESTROYED
from audit.services.ledger import record
from govapp.common import clock
from govapp.common.sealing import seal, unseal


class LedgerBroken(RuntimeError):
    """The stored tree is not what was signed: nothing more is signed until somebody looked."""


def create_key(ledger: LedgerLog, *, from_size: int) -> VerifierKey:
    """Make a key that signs every checkpoint of `from_size` events or more.

    The caller records, at index `from_size - 1`, the event that names it.
    """
    key = LogKey.generate(ledger.origin)
    LedgerKey.objects.create(
        log=ledger,
        public_key=key.verifier.public_key,
        private_key_sealed=seal(key.seed),
        from_size=from_size,
    )
    return key.verifier


def sign_growth(
    ledger: LedgerLog, *, size: int, root: bytes
) -> tuple[LedgerCheckpoint, VerifierKey]:
    """Sign the tree with every key in use; return the checkpoint and the newest key.

    A key whose time is over is destroyed first, and signs this checkpoint no more.
    """
    now = clock.now()
    rows = _in_use(ledger, now)
    keys = [_opened(ledger, row) for row in rows]
    if not keys:
        raise LedgerBroken(f"{ledger.origin} has no key to sign with")
    note = sign_checkpoint(Checkpoint(ledger.origin, size, root), key=keys[0], also=keys[1:])
    row = LedgerCheckpoint.objects.create(size=size, root=root, note=note, signed_at=now)
    return row, keys[-1].verifier


def _in_use(ledger: LedgerLog, now: datetime) -> Sequence[LedgerKey]:
    """Return the keys that sign now, oldest first; the newest never retires by itself."""
    rows = list(LedgerKey.objects.filter(until_size=None).order_by("from_size"))
    for row in rows[:-1]:
        # A key that has not signed the tree in which its successor stands has not vouched for it.
        if row.retires_at and row.retires_at <= now and rows[-1].from_size <= ledger.size:
            _retire(ledger, row)
            rows.remove(row)
    return rows


def _retire(ledger: LedgerLog, row: LedgerKey) -> None:
    row.until_size, row.private_key_sealed = ledger.size, DESTROYED
    row.save(update_fields=["until_size", "private_key_sealed"])
    verifier = VerifierKey(ledger.origin, bytes(row.public_key)).encode()
    record(
        event_type="ledger.key_retired",
        actor=SYSTEM,
        subject=Subject("ledger", ledger.origin, ledger.origin),
        summary=f"The key {verifier} signed its last checkpoint at size {ledger.size}.",
        data={"origin": ledger.origin, "verifier": verifier, "until_size": ledger.size},
    )


def _opened(ledger: LedgerLog, row: LedgerKey) -> LogKey:
    key = LogKey.from_seed(ledger.origin, unseal(bytes(row.private_key_sealed)))
    if key.verifier.public_key != bytes(row.public_key):
        raise LedgerBroken(f"the signing key of {ledger.origin} is not the published one")
    return key
