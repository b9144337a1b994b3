"""Whoever owns the database can change the directory; each way of doing so is found."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from audit.models import LedgerLog
from audit.services import directory_verification
from audit.services.directory import _enter, grow_directory
from audit.services.directory_verification import check_against_directory, verify_directory
from audit.services.findings import Verification
from audit.services.sequencer import sequence_tenant
from audit.services.verification import verify_tenant
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import sequenced_tenant, write_events
from tests.audit.conftest import Run
from tests.audit.vouched import Witness, stamp

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def tenant_id(committed: None) -> UUID:
    """Three checkpoints, anchored, the second and third of them cosigned."""
    tenant = sequenced_tenant(3)
    grow_directory()
    witness = Witness()
    for size in (2, 3):
        write_events(tenant, 1)
        sequence_tenant(tenant_id=tenant)
        grow_directory()
        witness.cosign(size)
    return tenant


def kinds() -> list[tuple[str, int | None]]:
    result = verify_directory()
    assert result is not None
    return [(found.kind, found.index) for found in result.findings]


def test_there_may_be_none_yet() -> None:
    assert verify_directory() is None


def test_an_untouched_directory_is_intact(tenant_id: UUID) -> None:
    result = verify_directory()
    assert result is not None
    assert result.findings == []
    assert (result.events, result.size, result.checkpoints) == (3, 3, 3)
    assert verify_tenant(tenant_id=tenant_id).findings == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (
            "UPDATE audit_directoryentry SET text = text || 'x' WHERE \"index\" = 1",
            [("entry", 1), ("checkpoint", 1), ("checkpoint", 2)],
        ),
        ("UPDATE audit_directoryentry SET size = 77 WHERE \"index\" = 1", [("entry", 1)]),
        (
            ("UPDATE audit_directoryentry SET leaf_hash = decode(repeat('00', 32), 'hex')"
            ' WHERE "index" = 2'),
            [("entry", 2)],
        ),
        ("UPDATE audit_directorycheckpoint SET note = note || 'x' WHERE size = 1", [
            ("checkpoint", 0)]),
        (
            ("UPDATE audit_directorycheckpoint SET root = decode(repeat('00', 32), 'hex')"
            " WHERE size = 1"),
            [("checkpoint", 0)],
        ),
        ("DELETE FROM audit_directorycheckpoint WHERE size = 3", [("directory", None)]),
        ("UPDATE audit_directorylog SET frontier = decode(repeat('00', 8), 'hex')", [
            ("directory", None)]),
        (
            ("UPDATE audit_cosignature SET line = replace(line, 'w1', 'w2')"
            " WHERE checkpoint_id = 2"),
            [("cosignature", 1)],
        ),
        (
            "UPDATE audit_cosignature SET witnessed_at = '2020-01-01' WHERE checkpoint_id = 3",
            [("cosignature", 2)],
        ),
        (
            "INSERT INTO audit_directorytile (level, \"index\", data) VALUES (0, 0, '')",
            [("tile", None)],
        ),
    ],
)  # fmt: skip
def test_a_change_is_found_with_its_place(
    forge: Run, tenant_id: UUID, statement: str, found: list[tuple[str, int | None]]
) -> None:
    forge(statement)
    assert kinds() == found


def test_a_missing_entry_is_found(forge: Run, tenant_id: UUID) -> None:
    forge('DELETE FROM audit_directoryentry WHERE "index" = 1')
    assert kinds()[0] == ("entry missing", 1)


def test_a_stamp_that_is_none_is_found(tenant_id: UUID) -> None:
    stamp(2, b"nonsense")
    result = verify_directory()
    assert result is not None
    assert [(each.kind, each.index) for each in result.findings] == [("time stamp", 1)]


def test_a_changed_tile_is_found(forge: Run, tenant_id: UUID) -> None:
    from audit.models import DirectoryLog

    origins = [f"log.govapp.example/{number}" for number in range(300)]
    _enter(
        DirectoryLog.objects.get(),
        [{"origin": each, "size": 1, "note": f"{each}\n1\nx\n\n— a bbbb\n"} for each in origins],
    )
    assert kinds() == []
    forge("UPDATE audit_directorytile SET data = decode(repeat('00', 8192), 'hex')")
    assert kinds() == [("tile", 0)]


def test_a_record_that_was_signed_again_differs_from_what_was_anchored(
    forge: Run, tenant_id: UUID
) -> None:
    forge("UPDATE audit_directoryentry SET text = replace(text, E'\\n4\\n', E'\\n4 \\n')")
    found = [(each.kind, each.index) for each in verify_tenant(tenant_id=tenant_id).findings]
    assert found == [("anchor", 3)]


def test_a_record_that_was_cut_short_lacks_what_was_anchored(forge: Run, tenant_id: UUID) -> None:
    forge("DELETE FROM audit_ledgercheckpoint WHERE size = 5")
    found = [(each.kind, each.index) for each in verify_tenant(tenant_id=tenant_id).findings]
    assert ("anchor", 4) in found


def test_what_was_anchored_is_compared_a_thousand_at_a_time(
    tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def statements() -> int:
        result = Verification(tenant_id=tenant_id)
        with tenant_transaction(tenant_id):
            ledger = LedgerLog.objects.get()
            with CaptureQueriesContext(connection) as seen:
                check_against_directory(ledger, result)
        assert result.findings == []
        return len(seen)

    assert statements() == 3  # entries, checkpoints, and that there are no more entries
    for _ in range(3):
        write_events(tenant_id, 1)
        sequence_tenant(tenant_id=tenant_id)
        grow_directory()
    assert statements() == 3
    monkeypatch.setattr(directory_verification, "_ANCHORED", 4)
    assert statements() == 5


def test_a_directory_shorter_than_what_was_published_is_found(forge: Run, outside: Path) -> None:
    tenant = sequenced_tenant(3)
    grow_directory()
    write_events(tenant, 1)
    sequence_tenant(tenant_id=tenant)
    grow_directory()
    assert kinds() == []
    forge('DELETE FROM audit_directoryentry WHERE "index" = 1')
    forge("DELETE FROM audit_directorycheckpoint WHERE size = 2")
    forge("UPDATE audit_directorylog SET size = 1")
    assert kinds() == [("truncated", 1)]


def test_the_command_verifies_it_and_names_logs_that_are_gone(
    forge: Run, tenant_id: UUID, outside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("verify_ledger")
    assert "intact: directory.govapp.example/" in capsys.readouterr().out
    for table in ("log", "checkpoint", "leaf", "event"):
        forge(f"DELETE FROM audit_ledger{table}")  # noqa: S608 - our own names
    with pytest.raises(SystemExit):
        call_command("verify_ledger")
    assert "log missing: it was anchored, but is not in this database" in capsys.readouterr().out


@pytest.fixture
def witness(settings: Settings) -> Witness:
    made = Witness()
    settings.LEDGER_WITNESSES = [made.setting]
    return made


def run(capsys: pytest.CaptureFixture[str], **options: Any) -> list[str]:
    call_command("anchor_ledger", **options)
    return capsys.readouterr().out.splitlines()


def test_the_command_to_anchor_says_what_a_witness_has_to_know(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(CommandError, match="Nothing is anchored yet"):
        call_command("anchor_ledger")
    sequenced_tenant(3)
    capsys.readouterr()
    lines = run(capsys)
    assert lines[0] == "1 logs have grown and were entered"
    assert lines[1].startswith("origin        directory.govapp.example/")
    assert lines[2].startswith("verifier key  directory.govapp.example/")
    assert lines[-1] == "Nobody is configured to vouch for it (docs/anchoring.md)."


def test_it_fails_while_somebody_does_not_vouch(
    witness: Witness, capsys: pytest.CaptureFixture[str]
) -> None:
    sequenced_tenant(3)
    with pytest.raises(SystemExit):
        call_command("anchor_ledger")
    said = capsys.readouterr().out
    assert "witness witness.example/w1: has vouched for nothing yet" in said.lower()
    assert "failed 1 times, last: The connection failed: ConnectError." in said
    witness.cosign(1)
    assert "vouches for size 1" in run(capsys, status=True)[-2]


def test_malformed_settings_are_said(settings: Settings) -> None:
    settings.LEDGER_WITNESSES = ["nonsense"]
    with pytest.raises(CommandError, match="LEDGER_WITNESSES"):
        call_command("anchor_ledger")
