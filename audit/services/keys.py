"""A new key for a tenant's log: the old one vouches for it, and both sign for a while."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from audit.actors import Actor, Subject
from audit.models import LedgerKey, LedgerLog
from audit.selectors.proofs import LedgerKeyInfo, verifier_keys
from audit.services.bodies import Entry
from audit.services.ledger import record_first
from audit.services.sequencer import take_now
from audit.services.signing import create_key
from govapp.common import clock
from govapp.common.errors import Conflict, Malformed, NotFound
from govapp.common.tenancy import tenant_transaction

OVERLAP: Final = timedelta(days=30)
"""So long whoever has pinned the old key may take to learn of the new one."""


def rotate_key(
    *, actor: Actor, tenant_id: UUID, reason: str, overlap: timedelta = OVERLAP
) -> LedgerKeyInfo:
    """Make a new key for the tenant's log and return it; it signs from now on.

    The event that names it becomes the next entry of the tree, and the checkpoint over it is
    signed by both keys: so the old key vouches for the new. Both go on signing for `overlap`;
    then the old private key is destroyed. With an overlap of zero (the old one leaked) it signs
    only that one checkpoint. Raises `NotFound` before anything is recorded, `Conflict` while an
    earlier change of keys is under way, `Malformed` without a reason.
    """
    if not reason.strip():
        raise Malformed("Say why the key is changed.")
    with tenant_transaction(tenant_id):
        ledger = LedgerLog.objects.select_for_update().first()
        if ledger is None or not ledger.size:
            raise NotFound("Nothing has been recorded yet.")
        old = _only_key_in_use()
        old.retires_at = clock.now() + overlap
        old.save(update_fields=["retires_at"])
        _rotate(ledger, actor, reason.strip())
        return verifier_keys()[-1]


def _only_key_in_use() -> LedgerKey:
    rows = list(LedgerKey.objects.filter(until_size=None))
    if len(rows) != 1:
        raise Conflict("The key before the present one still signs: one change after the other.")
    return rows[0]


def _rotate(ledger: LedgerLog, actor: Actor, reason: str) -> None:
    former = verifier_keys()[-1].vkey
    verifier = create_key(ledger, from_size=ledger.size + 1).encode()
    record_first(
        Entry(
            event_type="ledger.key_rotated",
            actor=actor,
            subject=Subject("ledger", ledger.origin, ledger.origin),
            summary=f"{actor.name} gave the record a new key, {verifier}, in place of {former}.",
            data={
                "origin": ledger.origin,
                "verifier": verifier,
                "former_verifier": former,
                "reason": reason,
            },
        )
    )
    take_now(ledger)
