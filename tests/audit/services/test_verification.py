"""Whoever owns the database can change it; here each way of doing so is found, with its place."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from audit.doors import tenants_with_a_log
from audit.merkle.note import Checkpoint, LogKey, sign_checkpoint
from audit.merkle.tree import leaf_hash
from audit.models import LedgerCheckpoint, LedgerEvent
from audit.services.sequencer import sequence_tenant
from audit.services.verification import verify_tenant
from govapp.common.clock import shift_clock
from govapp.common.ids import new_id, public_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import sequenced_tenant, write_event, write_events
from tests.audit.conftest import Run

pytestmark = pytest.mark.usefixtures("committed")


def kinds(tenant_id: UUID) -> list[tuple[str, int | None]]:
    return [(found.kind, found.index) for found in verify_tenant(tenant_id=tenant_id).findings]


def event_at(forge: Run, tenant_id: UUID, index: int) -> UUID:
    ((event_id,),) = forge(
        'SELECT event_id FROM audit_ledgerleaf WHERE tenant_id = %s AND "index" = %s',
        tenant_id,
        index,
    )
    assert isinstance(event_id, UUID)
    return event_id


def test_an_untouched_record_is_intact() -> None:
    tenant_id = sequenced_tenant(3, 600, 1)
    write_events(tenant_id, 2)
    result = verify_tenant(tenant_id=tenant_id)
    assert result.findings == []
    figures = (result.events, result.size, result.checkpoints, result.tiles, result.queued)
    assert figures == (604, 604, 3, 2, 2)


@pytest.mark.parametrize("field", ["summary", "data"])
def test_an_edited_body_is_found(forge: Run, field: str) -> None:
    tenant_id = sequenced_tenant(5, 5)
    event_id = event_at(forge, tenant_id, 6)
    ((body,),) = forge("SELECT body FROM audit_ledgerevent WHERE id = %s", event_id)
    changed = json.dumps(json.loads(body) | {field: "nothing happened"}).encode()
    forge("UPDATE audit_ledgerevent SET body = %s WHERE id = %s", changed, event_id)
    (finding,) = verify_tenant(tenant_id=tenant_id).findings
    assert (finding.kind, finding.index) == ("event changed", 6)
    assert finding.event_id == public_id("ev", event_id)
    assert finding.at is not None


def test_an_edited_body_with_its_leaf_is_found_between_checkpoints(forge: Run) -> None:
    tenant_id = sequenced_tenant(5, 5, 5)
    event_id = event_at(forge, tenant_id, 7)
    ((body,),) = forge("SELECT body FROM audit_ledgerevent WHERE id = %s", event_id)
    changed = body.replace(b" changed agent", b" praised agent")
    forge("UPDATE audit_ledgerevent SET body = %s WHERE id = %s", changed, event_id)
    forge(
        "UPDATE audit_ledgerleaf SET leaf_hash = %s WHERE event_id = %s",
        leaf_hash(changed),
        event_id,
    )
    findings = verify_tenant(tenant_id=tenant_id).findings
    assert [(f.kind, f.index) for f in findings] == [("checkpoint", 5), ("checkpoint", 10)]
    assert "between index 5 and 9" in findings[0].what


def test_an_edited_body_with_its_leaf_is_found_exactly_by_its_tile(forge: Run) -> None:
    tenant_id = sequenced_tenant(300)
    event_id = event_at(forge, tenant_id, 77)
    ((body,),) = forge("SELECT body FROM audit_ledgerevent WHERE id = %s", event_id)
    changed = body.replace(b" changed agent", b" praised agent")
    forge("UPDATE audit_ledgerevent SET body = %s WHERE id = %s", changed, event_id)
    forge(
        "UPDATE audit_ledgerleaf SET leaf_hash = %s WHERE event_id = %s",
        leaf_hash(changed),
        event_id,
    )
    assert kinds(tenant_id) == [("tile", 77), ("checkpoint", 0)]


def test_a_deleted_event_is_found(forge: Run) -> None:
    tenant_id = sequenced_tenant(10)
    event_id = event_at(forge, tenant_id, 4)
    forge("DELETE FROM audit_ledgerevent WHERE id = %s", event_id)
    (finding,) = verify_tenant(tenant_id=tenant_id).findings
    assert (finding.kind, finding.index) == ("event deleted", 4)
    assert finding.event_id == public_id("ev", event_id)


def test_a_deleted_event_with_its_leaf_is_found(forge: Run) -> None:
    tenant_id = sequenced_tenant(10)
    event_id = event_at(forge, tenant_id, 4)
    forge("DELETE FROM audit_ledgerleaf WHERE event_id = %s", event_id)
    forge("DELETE FROM audit_ledgerevent WHERE id = %s", event_id)
    assert kinds(tenant_id) == [("leaf missing", 4)]


def test_a_leaf_without_its_event_in_the_tree_is_found(forge: Run) -> None:
    tenant_id = sequenced_tenant(10)
    event_id = event_at(forge, tenant_id, 4)
    forge("DELETE FROM audit_ledgerleaf WHERE event_id = %s", event_id)
    assert kinds(tenant_id) == [("leaf missing", 4), ("not in the tree", None)]


@pytest.mark.parametrize("length", [0, 31, 64])
@pytest.mark.parametrize("index", [3, 299])
def test_a_leaf_that_is_no_hash_is_found(forge: Run, length: int, index: int) -> None:
    tenant_id = sequenced_tenant(300)
    event_id = event_at(forge, tenant_id, index)
    forge("UPDATE audit_ledgerleaf SET leaf_hash = %s WHERE event_id = %s", bytes(length), event_id)
    (finding,) = verify_tenant(tenant_id=tenant_id).findings
    assert (finding.kind, finding.index) == ("leaf", index)
    assert finding.what == f"its hash has {length} bytes instead of 32"


def test_a_tail_cut_off_is_found(forge: Run) -> None:
    tenant_id = sequenced_tenant(5, 5)
    for index in range(8, 10):
        event_id = event_at(forge, tenant_id, index)
        forge("DELETE FROM audit_ledgerleaf WHERE event_id = %s", event_id)
        forge("DELETE FROM audit_ledgerevent WHERE id = %s", event_id)
    (finding,) = verify_tenant(tenant_id=tenant_id).findings
    assert (finding.kind, finding.index) == ("leaf missing", 8)
    assert finding.what == "the leaves 8 to 9 are gone"


def test_leaves_that_are_gone_across_blocks_are_one_finding(forge: Run) -> None:
    tenant_id = sequenced_tenant(600)
    forge(
        'DELETE FROM audit_ledgerleaf WHERE tenant_id = %s AND "index" >= 250 AND "index" < 520',
        tenant_id,
    )
    findings = verify_tenant(tenant_id=tenant_id).findings
    assert [(f.kind, f.index) for f in findings if f.kind != "not in the tree"] == [
        ("leaf missing", 250)
    ]
    assert "the leaves 250 to 519 are gone" in [f.what for f in findings]


def test_two_leaves_at_one_index_are_found(forge: Run) -> None:
    tenant_id = sequenced_tenant(300)
    moved = event_at(forge, tenant_id, 8)
    move = 'UPDATE audit_ledgerleaf SET "index" = %s WHERE event_id = %s'
    with several_leaves_at_one_index(forge):
        forge(move, 7, moved)
        assert kinds(tenant_id) == [("leaf", 7), ("leaf missing", 8)]
        forge(move, 8, moved)


def test_any_number_of_leaves_at_one_index_hides_nothing(forge: Run) -> None:
    tenant_id = sequenced_tenant(5, 595, 600)
    event_id = event_at(forge, tenant_id, 255)
    forge("UPDATE audit_ledgerevent SET actor_id = 'mem_mallory' WHERE id = %s", event_id)
    with several_leaves_at_one_index(forge):
        forge(
            'UPDATE audit_ledgerleaf SET "index" = 5 WHERE tenant_id = %s AND "index" >= 600',
            tenant_id,
        )
        # Which of them comes first, and so whether roots agree as well, is chance.
        assert {("leaf", 5), ("columns", 255), ("leaf missing", 600)} <= set(kinds(tenant_id))


@contextmanager
def several_leaves_at_one_index(forge: Run) -> Iterator[None]:
    forge("ALTER TABLE audit_ledgerleaf DROP CONSTRAINT leaf_index_once")
    try:
        yield
    finally:
        forge("TRUNCATE audit_ledgerleaf")
        forge(
            "ALTER TABLE audit_ledgerleaf ADD CONSTRAINT leaf_index_once"
            ' UNIQUE (tenant_id, "index")'
        )


def cut_off_with_every_trace(forge: Run, tenant_id: UUID, size: int) -> None:
    """Bring the database back to an earlier, once signed size, as if nothing had followed."""
    forge(
        "DELETE FROM audit_ledgerevent WHERE id IN (SELECT event_id FROM audit_ledgerleaf"
        ' WHERE tenant_id = %s AND "index" >= %s)',
        tenant_id,
        size,
    )
    forge('DELETE FROM audit_ledgerleaf WHERE tenant_id = %s AND "index" >= %s', tenant_id, size)
    forge("DELETE FROM audit_ledgercheckpoint WHERE tenant_id = %s AND size > %s", tenant_id, size)
    from audit.services.retraced_tiles import frontier_at

    with tenant_transaction(tenant_id):
        frontier = frontier_at(size).to_bytes()
    forge(
        "UPDATE audit_ledgerlog SET size = %s, frontier = %s WHERE tenant_id = %s",
        size,
        frontier,
        tenant_id,
    )


def test_a_tail_cut_off_with_every_trace_shows_only_outside(forge: Run) -> None:
    tenant_id = sequenced_tenant(5, 5)
    cut_off_with_every_trace(forge, tenant_id, 5)
    assert kinds(tenant_id) == []


def test_a_tail_cut_off_with_every_trace_is_found_outside(forge: Run, outside: Path) -> None:
    tenant_id = sequenced_tenant(5, 5)
    cut_off_with_every_trace(forge, tenant_id, 5)
    (finding,) = verify_tenant(tenant_id=tenant_id).findings
    assert (finding.kind, finding.index) == ("truncated", 5)
    assert "the last 5 were cut off" in finding.what


def test_a_tail_rewritten_after_the_cut_is_found_outside(forge: Run, outside: Path) -> None:
    tenant_id = sequenced_tenant(5, 5)
    (file,) = outside.glob("*.jsonl")
    kept = file.read_text()
    cut_off_with_every_trace(forge, tenant_id, 5)
    write_events(tenant_id, 7)
    assert sequence_tenant(tenant_id=tenant_id) == 7
    file.write_text(kept)  # what was shipped to another machine before
    assert [found.kind for found in verify_tenant(tenant_id=tenant_id).findings] == [
        "outside checkpoint"
    ]


def test_two_events_that_changed_places_are_found(forge: Run) -> None:
    tenant_id = sequenced_tenant(5, 5)
    one, two = event_at(forge, tenant_id, 6), event_at(forge, tenant_id, 8)
    swap = (
        'UPDATE audit_ledgerleaf SET "index" = CASE "index" WHEN 6 THEN 8 ELSE 6 END'
        " WHERE event_id IN (%s, %s)"
    )
    forge("ALTER TABLE audit_ledgerleaf DROP CONSTRAINT leaf_index_once")
    try:
        forge(swap, one, two)
        assert kinds(tenant_id) == [("checkpoint", 5)]
        forge(swap, one, two)
    finally:
        forge(
            "ALTER TABLE audit_ledgerleaf ADD CONSTRAINT leaf_index_once"
            ' UNIQUE (tenant_id, "index")'
        )


def test_a_replaced_root_is_found(forge: Run) -> None:
    tenant_id = sequenced_tenant(3, 3)
    forge("UPDATE audit_ledgercheckpoint SET root = %s WHERE size = 3", b"\1" * 32)
    assert kinds(tenant_id) == [("checkpoint", 2)]


def test_a_checkpoint_signed_by_another_key_is_found(forge: Run) -> None:
    tenant_id = sequenced_tenant(3, 3)
    ((origin,),) = forge("SELECT origin FROM audit_ledgerlog WHERE tenant_id = %s", tenant_id)
    root = b"\1" * 32
    note = sign_checkpoint(Checkpoint(origin, 3, root), key=LogKey.generate(origin))
    forge("UPDATE audit_ledgercheckpoint SET root = %s, note = %s WHERE size = 3", root, note)
    assert kinds(tenant_id) == [("checkpoint", 2)]


def test_a_deleted_last_checkpoint_is_found(forge: Run) -> None:
    tenant_id = sequenced_tenant(3, 3)
    forge("DELETE FROM audit_ledgercheckpoint WHERE size = 6")
    assert kinds(tenant_id) == [("checkpoint missing", 3)]


def test_a_replaced_key_is_found_outside(forge: Run, outside: Path) -> None:
    tenant_id = sequenced_tenant(3)
    ((origin, root),) = forge(
        "SELECT l.origin, c.root FROM audit_ledgerlog l JOIN audit_ledgercheckpoint c"
        " USING (tenant_id)"
    )
    key = LogKey.generate(origin)
    note = sign_checkpoint(Checkpoint(origin, 3, root), key=key)
    forge("UPDATE audit_ledgerkey SET public_key = %s", key.verifier.public_key)
    forge("UPDATE audit_ledgercheckpoint SET note = %s", note)
    assert kinds(tenant_id) == [("key replaced", None), ("checkpoint", 2)]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("type", "vote.cast"),
        ("actor_id", "mem_mallory"),
        ("actor_kind", "agent"),
        ("subject_id", "ag_other"),
        ("subject_type", "member"),
        ("occurred_at", "2020-01-01T00:00:00Z"),
        ("occurred_at", "infinity"),
        ("occurred_at", "-infinity"),
        ("occurred_at", "20000-01-01T00:00:00Z"),
        ("request_id", "0191b0aa-0000-7000-8000-000000000001"),
    ],
)
def test_an_edited_search_column_is_found(forge: Run, column: str, value: str) -> None:
    tenant_id = sequenced_tenant(5)
    event_id = event_at(forge, tenant_id, 2)
    forge(f"UPDATE audit_ledgerevent SET {column} = %s WHERE id = %s", value, event_id)  # noqa: S608
    assert kinds(tenant_id) == [("columns", 2)]


def test_an_event_that_was_slipped_in_is_found(forge: Run) -> None:
    tenant_id = sequenced_tenant(3)
    event = write_event(tenant_id)
    forge("DELETE FROM audit_ledgerqueueitem WHERE event_id = %s", event.pk)
    (finding,) = verify_tenant(tenant_id=tenant_id).findings
    assert (finding.kind, finding.event_id) == ("not in the tree", public_id("ev", event.pk))


def test_a_queued_event_that_was_deleted_is_found(forge: Run) -> None:
    tenant_id = sequenced_tenant(3)
    event = write_event(tenant_id)
    forge("DELETE FROM audit_ledgerevent WHERE id = %s", event.pk)
    assert kinds(tenant_id) == [("queue", None)]


def test_an_event_that_nobody_sequences_is_found() -> None:
    tenant_id = sequenced_tenant(3)
    write_event(tenant_id)
    assert kinds(tenant_id) == []
    shift_clock(timedelta(minutes=11))
    assert kinds(tenant_id) == [("queue", None)]


@pytest.mark.parametrize("level", [0, 1])
def test_a_changed_tile_is_found(forge: Run, level: int) -> None:
    tenant_id = sequenced_tenant(300)
    if level:
        forge("DELETE FROM audit_ledgertile WHERE tenant_id = %s", tenant_id)
    else:
        forge("UPDATE audit_ledgertile SET data = set_byte(data, 40, 255 - get_byte(data, 40))")
    assert kinds(tenant_id) == [("tile", 0 if level else 1)]


def test_nothing_at_all_is_an_error() -> None:
    assert kinds(new_id()) == [("empty", None)]


def test_a_deleted_log_is_found(forge: Run) -> None:
    tenant_id = sequenced_tenant(3)
    forge("DELETE FROM audit_ledgerlog WHERE tenant_id = %s", tenant_id)
    assert kinds(tenant_id) == [("empty", None)]


def test_the_rows_of_another_tenant_are_an_error(forge: Run) -> None:
    tenant_id = sequenced_tenant(3)
    other = new_id()
    for table in ("event", "leaf", "log", "key", "checkpoint"):
        forge(f"UPDATE audit_ledger{table} SET tenant_id = %s", other)  # noqa: S608
    assert kinds(tenant_id) == [("empty", None)]
    assert kinds(other) == [("columns", 0), ("columns", 1), ("columns", 2)]


@pytest.mark.parametrize("size", [3, 256, 303, 600])
def test_verification_resumes_from_a_checkpoint(forge: Run, size: int) -> None:
    tenant_id = sequenced_tenant(3, 253, 47, 297, 500)
    result = verify_tenant(tenant_id=tenant_id, from_size=size)
    assert (result.findings, result.events) == ([], 1100 - size)
    event_id = event_at(forge, tenant_id, 1000)
    forge("UPDATE audit_ledgerevent SET body = body || ' ' WHERE id = %s", event_id)
    (finding,) = verify_tenant(tenant_id=tenant_id, from_size=size).findings
    assert (finding.kind, finding.index) == ("event changed", 1000)


def test_the_command_says_where_and_fails(
    forge: Run, capsys: pytest.CaptureFixture[str], outside: Path
) -> None:
    sound, broken = sequenced_tenant(3), sequenced_tenant(3)
    call_command("verify_ledger", tenant=str(sound))
    assert "intact: log.govapp.example/" in capsys.readouterr().out
    event_id = event_at(forge, broken, 1)
    forge("UPDATE audit_ledgerevent SET body = body || ' ' WHERE id = %s", event_id)
    with pytest.raises(SystemExit, match="1"):
        call_command("verify_ledger")
    out = capsys.readouterr().out
    place = f"(index 1, event {public_id('ev', event_id)}, at "
    assert f"event changed: its body is not what was sequenced {place}" in out
    assert out.count("intact: ") == 1


def test_the_command_misses_a_log_that_was_published(
    forge: Run, outside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone, _ = sequenced_tenant(3), sequenced_tenant(3)
    forge("DELETE FROM audit_ledgerlog WHERE tenant_id = %s", gone)
    assert len(tenants_with_a_log.call()) == 1
    with pytest.raises(SystemExit, match="1"):
        call_command("verify_ledger")
    assert "log missing: it was published, but is not in this database" in capsys.readouterr().out


def test_the_command_refuses_an_empty_database() -> None:
    with pytest.raises(CommandError, match="nothing was verified"):
        call_command("verify_ledger")


def test_the_command_accepts_a_plain_note(forge: Run, outside: Path, tmp_path: Path) -> None:
    tenant_id = sequenced_tenant(3, 3)
    (file,) = outside.glob("*.jsonl")
    entry = json.loads(file.read_text().splitlines()[-1])
    note = tmp_path / "checkpoint.txt"
    note.write_text(entry["note"])
    file.unlink()
    options = {"tenant": str(tenant_id), "checkpoint": note, "vkey": entry["vkey"]}
    call_command("verify_ledger", **options)
    cut_off_with_every_trace(forge, tenant_id, 3)
    with pytest.raises(SystemExit, match="1"):
        call_command("verify_ledger", **options)


def test_the_record_of_each_checkpoint_is_kept() -> None:
    tenant_id = sequenced_tenant(2, 2)
    with tenant_transaction(tenant_id):
        assert (LedgerCheckpoint.objects.count(), LedgerEvent.objects.count()) == (2, 4)
