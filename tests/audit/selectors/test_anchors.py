"""Which anchor a record is shown with, and that a verifier of others accepts it."""

from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from pytest_django.fixtures import Settings

from audit.merkle.note import VerifierKey, open_checkpoint, text_of
from audit.merkle.proofs import verify_inclusion
from audit.merkle.tree import leaf_hash
from audit.models import DirectoryCheckpoint
from audit.selectors.anchors import Anchor, Anchoring, anchor_of, read_anchoring
from audit.services.directory import grow_directory
from audit.services.sequencer import sequence_tenant
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import sequenced_tenant, write_events
from tests.audit.others import Others
from tests.audit.vouched import Witness, stamp

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant_id() -> UUID:
    """Four checkpoints of 3 to 6 events, anchored at directory sizes 1 to 4."""
    tenant = sequenced_tenant(3)
    grow_directory()
    for _ in range(3):
        write_events(tenant, 1)
        sequence_tenant(tenant_id=tenant)
        grow_directory()
    return tenant


def anchor(tenant_id: UUID, size: int) -> Anchor | None:
    with tenant_transaction(tenant_id):
        return anchor_of(size)


def anchoring(tenant_id: UUID) -> Anchoring:
    with tenant_transaction(tenant_id):
        return read_anchoring()


def directory_size(found: Anchor | None) -> int:
    assert found is not None
    return open_checkpoint(
        found.directory_note, verifier=VerifierKey.decode(found.directory_vkey)
    ).size


def test_an_anchor_leads_from_the_tenants_note_to_the_directorys_signed_root(
    tenant_id: UUID,
) -> None:
    witness = Witness()
    witness.cosign(4)
    stamp(4, b"der")
    found = anchor(tenant_id, 6)
    assert found is not None
    assert (found.tenant_size, found.index, directory_size(found)) == (6, 3, 4)
    assert found.entry.decode() == text_of(found.tenant_note)
    signed = open_checkpoint(
        found.directory_note, verifier=VerifierKey.decode(found.directory_vkey)
    )
    verify_inclusion(
        leaf=leaf_hash(found.entry),
        index=found.index,
        size=signed.size,
        proof=found.path,
        root=signed.root,
    )
    assert found.witness_vkeys == (witness.vkey,)
    assert found.directory_note.endswith(f"{witness.line(found.directory_note)}\n")
    assert found.time_stamps == (b"der",)
    assert found.at == DirectoryCheckpoint.objects.get(size=4).signed_at


def test_a_verifier_of_others_accepts_it_with_its_cosignature(
    tenant_id: UUID, others: Others, tmp_path: Path
) -> None:
    witness = Witness()
    witness.cosign(4)
    found = anchor(tenant_id, 6)
    assert found is not None
    (tmp_path / "entry").write_bytes(found.entry)
    (tmp_path / "note").write_text(found.directory_note)
    (tmp_path / "proof").write_text("".join(f"{b64encode(p).decode()}\n" for p in found.path))
    keys = ["--log-key", found.directory_vkey, "--witness-key", witness.vkey, "--quorum", "1"]
    checked = others.tlog("verify-checkpoint", "--note", tmp_path / "note", *keys)
    assert checked.returncode == 0, checked.stderr
    signed = text_of(found.directory_note).split("\n")
    command: list[str | Path] = [
        "verify-inclusion",
        "--leaf",
        tmp_path / "entry",
        "--index",
        str(found.index),
    ]
    command += ["--size", signed[1], "--root", signed[2], "--proof", tmp_path / "proof"]
    included = others.tlog(*command)
    assert included.returncode == 0, included.stdout + included.stderr
    (tmp_path / "entry").write_bytes(found.entry + b" ")
    assert others.tlog(*command).returncode != 0
    keys[3] = Witness().vkey
    assert others.tlog("verify-checkpoint", "--note", tmp_path / "note", *keys).returncode != 0


@pytest.mark.parametrize(
    ("cosigned", "stamped", "size", "wanted"),
    [
        ([], [], 6, (6, 4)),  # nobody vouches: the newest at all
        ([2], [], 6, (4, 2)),  # the newest that somebody vouches for
        ([2, 3, 4], [], 4, (4, 2)),  # under the first that vouches for it
        ([1, 2, 3, 4], [3], 3, (3, 3)),  # or the first that is stamped as well
        ([1, 2], [4], 5, (5, 4)),  # a stamp is better than nothing
        ([4], [], 5, (5, 4)),  # a record cut at an earlier size
        ([4], [], 100, (6, 4)),
    ],
)
def test_the_newest_anchor_with_the_most_to_say_is_taken(
    tenant_id: UUID,
    cosigned: list[int],
    stamped: list[int],
    size: int,
    wanted: tuple[int, int],
) -> None:
    witness = Witness()
    for each in cosigned:
        witness.cosign(each)
    for each in stamped:
        stamp(each)
    found = anchor(tenant_id, size)
    assert found is not None
    assert (found.tenant_size, directory_size(found)) == wanted


def test_there_is_none_before_the_first_checkpoint(tenant_id: UUID) -> None:
    assert anchor(tenant_id, 2) is None
    assert anchor(new_id(), 100) is None


def test_another_tenants_anchor_is_not_ours(tenant_id: UUID) -> None:
    other = sequenced_tenant(50)
    grow_directory()
    ours, theirs = anchor(tenant_id, 100), anchor(other, 100)
    assert ours is not None
    assert theirs is not None
    assert (ours.tenant_size, theirs.tenant_size) == (6, 50)
    assert ours.entry.split(b"\n")[0] != theirs.entry.split(b"\n")[0]


def test_how_far_each_vouches_is_said_in_the_tenants_own_count(
    tenant_id: UUID, settings: Settings
) -> None:
    first, second = Witness(), Witness("witness.example/w2")
    settings.LEDGER_WITNESSES = [first.setting, second.setting]
    first.cosign(2)
    found = anchoring(tenant_id)
    assert found.size == 6
    assert found.at == DirectoryCheckpoint.objects.get(size=4).signed_at
    assert [(each.name, each.size) for each in found.vouchers] == [
        ("witness.example/w1", 4),
        ("witness.example/w2", 0),
    ]
    assert found.vouched == found.vouchers[0]
    assert found.vouchers[0].at == datetime.fromtimestamp(1_800_000_000, UTC)
    assert not found.is_failing


def test_nothing_is_anchored_where_nothing_is_recorded(settings: Settings) -> None:
    settings.LEDGER_WITNESSES = [Witness().setting]
    found = anchoring(new_id())
    assert (found.size, found.at, found.vouched) == (0, None, None)
