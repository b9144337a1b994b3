"""The directory's key: another takes over, both sign for a while, and the tree says so."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from audit.merkle.note import NoteInvalid, VerifierKey, open_checkpoint
from audit.models import DirectoryCheckpoint, DirectoryEntry, DirectoryKey
from audit.packs.verifier.main import verify_pack
from audit.selectors.directory import anchored_origins, directory_key, directory_keys
from audit.selectors.events import EventFilter
from audit.selectors.proofs import LedgerKeyInfo
from audit.services.directory import grow_directory
from audit.services.directory_rotation import rotate_directory_key
from audit.services.directory_verification import verify_directory
from audit.services.export_jobs import read_export, request_export, write_export
from audit.services.keys import OVERLAP
from audit.services.sequencer import sequence_tenant
from audit.services.vouching import ask_voucher
from govapp.common.clock import shift_clock
from govapp.common.errors import Conflict, NotFound
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import ALICE, sequenced_tenant, write_event
from tests.audit.conftest import Run
from tests.audit.others import Others
from tests.audit.others.witness import running_witness
from tests.audit.vouched import Witness

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def tenant_id(committed: None) -> UUID:
    """One anchored checkpoint."""
    tenant = sequenced_tenant(3)
    grow_directory()
    return tenant


def grow(tenant_id: UUID) -> None:
    write_event(tenant_id)
    sequence_tenant(tenant_id=tenant_id)
    assert grow_directory() == 1


def signers() -> dict[int, list[int]]:
    """Size of each checkpoint → which of the keys, in their order, have signed it."""

    def signed(note: str, key: LedgerKeyInfo) -> bool:
        try:
            open_checkpoint(note, verifier=VerifierKey.decode(key.vkey))
        except NoteInvalid:
            return False
        return True

    keys = directory_keys()
    rows = DirectoryCheckpoint.objects.order_by("size").values_list("size", "note")
    return {
        size: [number for number, key in enumerate(keys) if signed(note, key)]
        for size, note in rows
    }


def findings() -> list[tuple[str, int | None]]:
    result = verify_directory()
    assert result is not None
    return [(each.kind, each.index) for each in result.findings]


def pack_of(tenant_id: UUID, path: Path) -> Path:
    with tenant_transaction(tenant_id):
        job = request_export(actor=ALICE, wanted=EventFilter(), export_format="evidence-pack")
    write_export(tenant_id=tenant_id, job_id=job.pk)
    path.write_bytes(b"".join(read_export(tenant_id=tenant_id, job_id=job.pk)))
    return path


def test_both_keys_sign_for_a_while_and_then_the_new_one_alone(tenant_id: UUID) -> None:
    key = rotate_directory_key()
    grow(tenant_id)
    shift_clock(OVERLAP + timedelta(minutes=1))
    grow(tenant_id)
    assert signers() == {1: [0], 2: [0, 1], 3: [0, 1], 4: [1]}
    old, new = directory_keys()
    assert (old.from_size, old.until_size, new) == (1, 3, LedgerKeyInfo(key.vkey, 2))
    kept = DirectoryKey.objects.order_by("from_size").values_list("private_key_sealed", flat=True)
    assert [bool(bytes(sealed)) for sealed in kept] == [False, True]
    assert findings() == []


def test_the_entry_that_names_it_is_no_checkpoint_and_of_no_tenant(tenant_id: UUID) -> None:
    key = rotate_directory_key()
    entry = DirectoryEntry.objects.get(index=1)
    origin = key.vkey.split("+")[0]
    assert entry.text == f"{origin}\n2\nkey {key.vkey}\n"
    assert origin not in anchored_origins()
    with pytest.raises(NoteInvalid):
        open_checkpoint(f"{entry.text}\n— x AAAA\n", verifier=VerifierKey.decode(key.vkey))


def test_a_key_that_leaked_signs_only_what_names_its_successor(tenant_id: UUID) -> None:
    rotate_directory_key(overlap=timedelta(0))
    grow(tenant_id)
    assert signers() == {1: [0], 2: [0, 1], 3: [1]}
    assert findings() == []


def test_one_change_after_the_other(tenant_id: UUID) -> None:
    rotate_directory_key()
    with pytest.raises(Conflict):
        rotate_directory_key()


def test_before_anything_is_anchored_there_is_no_key_to_change() -> None:
    with pytest.raises(NotFound):
        rotate_directory_key()
    with pytest.raises(CommandError, match="Nothing is anchored yet"):
        call_command("rotate_directory_key")


def test_the_command_says_the_new_key_and_anchoring_both(
    tenant_id: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    (old,) = directory_keys()
    call_command("rotate_directory_key", overlap_days=3)
    new = directory_keys()[-1]
    assert capsys.readouterr().out == f"{new.vkey} signs from size 2\n"
    call_command("anchor_ledger", status=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:3] == [
        f"verifier key  {new.vkey}",
        f"former key    {old.vkey}, which still signs as well",
    ]
    with pytest.raises(CommandError, match="0 or more"):
        call_command("rotate_directory_key", overlap_days=-1)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        # Whoever owns the database puts a key of their own in the place of the new one.
        (
            (
                "UPDATE audit_directorykey SET public_key = decode(repeat('07', 32), 'hex')"
                " WHERE from_size = 2"
            ),
            [("key", 1), ("checkpoint", 1), ("checkpoint", 2)],
        ),
        # A key that nothing introduces.
        (
            (
                "INSERT INTO audit_directorykey"
                " (from_size, public_key, private_key_sealed, created_at)"
                " VALUES (3, decode(repeat('07', 32), 'hex'), '', now())"
            ),
            [("key", 2), ("checkpoint", 2)],
        ),
        ("DELETE FROM audit_directorykey WHERE from_size = 2", [("key", 1)]),
        # The old key has not vouched for the new one.
        (
            "UPDATE audit_directorykey SET until_size = 1 WHERE from_size = 1",
            [("key", 1)],
        ),
    ],
)
def test_a_key_that_the_directory_does_not_name_is_found(
    forge: Run, tenant_id: UUID, statement: str, found: list[tuple[str, int | None]]
) -> None:
    rotate_directory_key()
    grow(tenant_id)
    forge(statement)
    assert findings() == found


def test_a_key_known_outside_may_be_a_former_one(outside: Path) -> None:
    tenant = sequenced_tenant(3)
    grow_directory()
    rotate_directory_key()
    grow(tenant)
    assert findings() == []


def test_packs_carry_the_key_that_signed_what_is_in_them(tenant_id: UUID, tmp_path: Path) -> None:
    witness = Witness()
    witness.cosign(1)
    before = pack_of(tenant_id, tmp_path / "before.zip")
    rotate_directory_key(overlap=timedelta(0))
    late = pack_of(tenant_id, tmp_path / "late.zip")  # the newest that somebody vouches for
    grow(tenant_id)
    witness.cosign(3)
    after = pack_of(tenant_id, tmp_path / "after.zip")
    for path in (before, late, after):
        verdict = verify_pack(path, [], [witness.vkey], [])
        assert (verdict.refusals, verdict.trust) == ([], "witnessed")


def test_a_witness_that_knows_the_old_key_cosigns_through_the_overlap(
    others: Others, tenant_id: UUID, tmp_path: Path, settings: Settings
) -> None:
    key = directory_key()
    assert key is not None
    with running_witness(others, tmp_path / "w1", key) as witness:
        settings.LEDGER_WITNESSES = [witness.setting]
        assert ask_voucher(name=witness.vkey).startswith("vouches for size 1, ")
        rotate_directory_key()
        assert ask_voucher(name=witness.vkey, is_pressing=True).startswith("vouches for size 2, ")
        grow(tenant_id)
        assert ask_voucher(name=witness.vkey, is_pressing=True).startswith("vouches for size 3, ")
