"""The directory log: a leaf for each log that has grown, in one signed tree."""

import pytest
from django.db import DatabaseError, connection, transaction

from audit.merkle.note import open_checkpoint, text_of
from audit.merkle.proofs import verify_consistency
from audit.merkle.tiles import prove_consistency
from audit.merkle.tree import leaf_hash, root_of
from audit.models import (
    DirectoryCheckpoint,
    DirectoryEntry,
    DirectoryKey,
    DirectoryLog,
    DirectoryTile,
    LedgerCheckpoint,
)
from audit.selectors.directory import directory_key, read_directory_tile
from audit.services.directory import _enter, grow_directory
from audit.services.sequencer import sequence_tenant
from audit.services.signing import LedgerBroken
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import sequenced_tenant, write_event, write_events

pytestmark = pytest.mark.django_db


def note_of(tenant_id: object) -> str:
    with tenant_transaction(tenant_id):  # type: ignore[arg-type]
        return LedgerCheckpoint.objects.order_by("-size")[:1].get().note


def test_each_log_that_has_grown_gets_one_entry_the_text_of_its_newest_note() -> None:
    first, second = sequenced_tenant(3, 2), sequenced_tenant(4)
    assert grow_directory() == 2
    texts = set(DirectoryEntry.objects.values_list("text", flat=True))
    assert texts == {text_of(note_of(first)), text_of(note_of(second))}
    assert sorted(DirectoryEntry.objects.values_list("index", "size")) in (
        [(0, 5), (1, 4)],
        [(0, 4), (1, 5)],
    )


def test_nothing_is_entered_twice_and_what_grows_again_is_entered_again() -> None:
    tenant_id = sequenced_tenant(3)
    assert [grow_directory(), grow_directory()] == [1, 0]
    write_event(tenant_id)
    sequence_tenant(tenant_id=tenant_id)
    assert grow_directory() == 1
    assert list(DirectoryEntry.objects.order_by("index").values_list("size", flat=True)) == [3, 4]
    assert list(DirectoryCheckpoint.objects.order_by("size").values_list("size", flat=True)) == [
        1,
        2,
    ]


def test_the_signed_root_is_that_of_the_entries_and_each_tree_continues_the_last() -> None:
    tenant_id = sequenced_tenant(2)
    for _ in range(3):
        grow_directory()
        write_events(tenant_id, 1)
        sequence_tenant(tenant_id=tenant_id)
    key = directory_key()
    assert key is not None
    entries = DirectoryEntry.objects.order_by("index").values_list("text", flat=True)
    leaves = [leaf_hash(text.encode()) for text in entries]
    rows = list(DirectoryCheckpoint.objects.order_by("size"))
    for row in rows:
        opened = open_checkpoint(row.note, verifier=key)
        assert (opened.size, opened.root) == (row.size, root_of(leaves[: row.size]))
    verify_consistency(
        old_size=1,
        new_size=3,
        old_root=bytes(rows[0].root),
        new_root=bytes(rows[2].root),
        proof=prove_consistency(1, 3, read_directory_tile),
    )


def test_the_entries_name_no_tenant() -> None:
    tenant_id = sequenced_tenant(2)
    grow_directory()
    entry = DirectoryEntry.objects.get()
    assert str(tenant_id) not in entry.text
    assert entry.text.startswith("log.govapp.example/")
    directory = DirectoryLog.objects.get()
    assert directory.origin.startswith("directory.govapp.example/")
    assert directory.origin not in entry.text


def test_full_tiles_are_kept_and_large_trees_have_the_same_root() -> None:
    tenant_id = sequenced_tenant(2)
    for _ in range(2):
        grow_directory()
        write_events(tenant_id, 1)
        sequence_tenant(tenant_id=tenant_id)
    directory = DirectoryLog.objects.get()
    many = [
        {
            "origin": f"log.govapp.example/{number}",
            "size": 1,
            "note": f"o{number}\n1\nx\n\n— a bbbb\n",
        }
        for number in range(600)
    ]

    _enter(directory, many)
    assert list(DirectoryTile.objects.order_by("index").values_list("level", "index")) == [
        (0, 0),
        (0, 1),
    ]
    grow_directory()
    leaves = DirectoryEntry.objects.order_by("index").values_list("leaf_hash", flat=True)
    newest = DirectoryCheckpoint.objects.order_by("-size")[:1].get()
    assert newest.size == 603
    assert bytes(newest.root) == root_of([bytes(leaf) for leaf in leaves])


def test_a_tree_that_is_not_what_was_signed_is_not_continued() -> None:
    tenant_id = sequenced_tenant(2)
    grow_directory()
    DirectoryLog.objects.update(size=0, frontier=bytes(8))
    write_events(tenant_id, 1)
    sequence_tenant(tenant_id=tenant_id)
    with pytest.raises(LedgerBroken):
        grow_directory()


@pytest.mark.parametrize(
    "table",
    [
        "audit_directoryentry",
        "audit_directorytile",
        "audit_directorycheckpoint",
        "audit_cosignature",
        "audit_timestamp",
    ],
)
@pytest.mark.parametrize("verb", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_what_is_written_once_is_refused_to_be_changed(table: str, verb: str) -> None:
    column = "index" if table in ("audit_directoryentry", "audit_directorytile") else "size"
    column = "checkpoint_id" if table in ("audit_cosignature", "audit_timestamp") else column
    statement = verb.format(table, *[f'"{column}"'] * 2)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement)


def test_the_directorys_key_is_written_once() -> None:
    sequenced_tenant(2)
    grow_directory()
    with pytest.raises(DatabaseError, match="is written once"), transaction.atomic():
        DirectoryKey.objects.update(public_key=b"x" * 32)
    for model in (DirectoryLog, DirectoryKey):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            model.objects.all().delete()


def test_a_tenant_without_a_record_is_not_entered() -> None:
    write_events(new_id(), 2)
    assert grow_directory() == 0
    assert DirectoryCheckpoint.objects.count() == 0
