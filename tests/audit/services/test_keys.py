"""A key takes over from another: the tree says so, and the old one vouches for it."""

import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from audit.actors import SYSTEM
from audit.merkle.note import LogKey, NoteInvalid, VerifierKey, open_checkpoint
from audit.models import LedgerCheckpoint, LedgerKey, LedgerLeaf
from audit.selectors.proofs import LedgerKeyInfo, latest_checkpoint, verifier_keys
from audit.services.keys import OVERLAP, rotate_key
from audit.services.sequencer import sequence_tenant
from audit.services.verification import verify_tenant
from govapp.common.clock import shift_clock
from govapp.common.errors import Conflict, Malformed, NotFound
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import ALICE, sequenced_tenant, write_event, write_events
from tests.audit.conftest import Run

pytestmark = pytest.mark.usefixtures("committed")


def rotated_tenant(overlap: timedelta = OVERLAP) -> UUID:
    """Sizes 3, 4 (where the new key is named) and 5."""
    tenant_id = sequenced_tenant(3)
    rotate_key(actor=ALICE, tenant_id=tenant_id, reason="Once a year.", overlap=overlap)
    write_event(tenant_id)
    sequence_tenant(tenant_id=tenant_id)
    return tenant_id


def keys_of(tenant_id: UUID) -> tuple[LedgerKeyInfo, ...]:
    with tenant_transaction(tenant_id):
        return verifier_keys()


def signers(tenant_id: UUID) -> dict[int, list[int]]:
    """Size of each checkpoint → which of the keys, in their order, have signed it."""
    keys = keys_of(tenant_id)

    def signed(note: str, key: LedgerKeyInfo) -> bool:
        try:
            open_checkpoint(note, verifier=VerifierKey.decode(key.vkey))
        except NoteInvalid:
            return False
        return True

    with tenant_transaction(tenant_id):
        rows = LedgerCheckpoint.objects.order_by("size").values_list("size", "note")
        return {
            size: [number for number, key in enumerate(keys) if signed(note, key)]
            for size, note in rows
        }


def kinds(tenant_id: UUID) -> list[str]:
    return [finding.kind for finding in verify_tenant(tenant_id=tenant_id).findings]


def test_both_keys_sign_for_a_while_and_then_the_new_one_alone() -> None:
    tenant_id = rotated_tenant()
    shift_clock(OVERLAP + timedelta(minutes=1))
    for _ in range(2):
        write_event(tenant_id)
        while sequence_tenant(tenant_id=tenant_id):
            pass
    assert signers(tenant_id) == {3: [0], 4: [0, 1], 5: [0, 1], 6: [1], 7: [1], 8: [1]}
    old, new = keys_of(tenant_id)
    assert [(old.from_size, old.until_size), (new.from_size, new.until_size)] == [(1, 5), (4, None)]
    assert kinds(tenant_id) == []
    with tenant_transaction(tenant_id):
        kept = list(LedgerKey.objects.order_by("from_size"))
        assert [bool(bytes(key.private_key_sealed)) for key in kept] == [False, True]
        signed = latest_checkpoint()
        retired = LedgerLeaf.objects.get(event__type="ledger.key_retired")
    assert (signed and signed.vkey, retired.index) == (new.vkey, 6)


def test_the_event_that_names_the_new_key_stands_before_its_first_checkpoint() -> None:
    tenant_id = sequenced_tenant(3)
    write_events(tenant_id, 2)
    key = rotate_key(actor=ALICE, tenant_id=tenant_id, reason="It may have leaked.")
    (old, new) = keys_of(tenant_id)
    assert key == new == LedgerKeyInfo(new.vkey, 4)
    with tenant_transaction(tenant_id):
        leaf = LedgerLeaf.objects.select_related("event").get(index=3)
        body = json.loads(bytes(leaf.event.body))
    assert body["type"] == "ledger.key_rotated"
    assert (body["data"]["verifier"], body["data"]["former_verifier"]) == (new.vkey, old.vkey)
    assert signers(tenant_id) == {3: [0], 6: [0, 1]}


def test_a_key_that_leaked_signs_nothing_but_its_successor() -> None:
    tenant_id = rotated_tenant(overlap=timedelta(0))
    assert signers(tenant_id) == {3: [0], 4: [0, 1], 5: [1]}
    assert kinds(tenant_id) == []


def test_whoever_pinned_the_old_key_outside_still_verifies(outside: Path) -> None:
    tenant_id = rotated_tenant()
    (file,) = outside.glob("*.jsonl")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    old, new = keys_of(tenant_id)
    assert [line["vkey"] for line in lines] == [old.vkey, new.vkey, new.vkey]
    assert kinds(tenant_id) == []
    file.write_text(json.dumps(lines[0]) + "\n")
    assert kinds(tenant_id) == []


def test_a_key_that_the_record_does_not_name_is_found(forge: Run) -> None:
    tenant_id = rotated_tenant()
    stranger = LogKey.generate("log.govapp.example/x").verifier.public_key
    forge("UPDATE audit_ledgerkey SET public_key = %s WHERE from_size = 4", stranger)
    assert kinds(tenant_id) == ["key", "checkpoint", "checkpoint"]


def test_a_key_for_which_none_has_vouched_is_found(forge: Run) -> None:
    tenant_id = rotated_tenant()
    forge("UPDATE audit_ledgerkey SET until_size = 3 WHERE from_size = 1")
    assert kinds(tenant_id) == ["key"]


def test_a_checkpoint_without_one_of_two_signatures_is_found(forge: Run) -> None:
    tenant_id = rotated_tenant()
    ((note,),) = forge("SELECT note FROM audit_ledgercheckpoint WHERE size = 5")
    first = note.rstrip("\n").rpartition("\n")[0] + "\n"
    forge("UPDATE audit_ledgercheckpoint SET note = %s WHERE size = 5", first)
    assert kinds(tenant_id) == ["checkpoint"]


def test_what_cannot_be_rotated_is_refused() -> None:
    with pytest.raises(NotFound):
        rotate_key(actor=SYSTEM, tenant_id=new_id(), reason="Nothing there.")
    tenant_id = rotated_tenant()
    with pytest.raises(Conflict):
        rotate_key(actor=SYSTEM, tenant_id=tenant_id, reason="Twice at once.")
    with pytest.raises(Malformed):
        rotate_key(actor=SYSTEM, tenant_id=tenant_id, reason=" ")
