"""The sequencer: every event once, in order, and what is signed is the tree over the bodies."""

import json
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from audit.merkle.note import VerifierKey, open_checkpoint
from audit.merkle.tree import leaf_hash, root_of
from audit.models import (
    LedgerCheckpoint,
    LedgerKey,
    LedgerLeaf,
    LedgerLog,
    LedgerQueueItem,
    LedgerTile,
)
from audit.selectors.proofs import verifier_keys
from audit.services.sequencer import Edges, sequence_all, sequence_tenant
from audit.services.signing import LedgerBroken
from govapp.common.ids import new_id
from govapp.common.sealing import unseal
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import (
    checkpoint_files,
    sequenced_tenant,
    write_event,
    write_events,
)
from tests.support.recorded import read

pytestmark = pytest.mark.django_db


def test_events_get_indexes_in_the_order_of_their_ids() -> None:
    tenant_id = new_id()
    events = write_events(tenant_id, 5)
    assert sequence_tenant(tenant_id=tenant_id) == 6
    with tenant_transaction(tenant_id):
        leaves = LedgerLeaf.objects.order_by("index").values_list("index", "event_id")
        assert list(leaves)[1:] == list(enumerate(events, start=1))
        assert LedgerQueueItem.objects.count() == 0


def test_the_record_begins_with_the_birth_of_its_key() -> None:
    tenant_id = new_id()
    assert sequence_tenant(tenant_id=tenant_id) == 0
    write_events(tenant_id, 2)
    sequence_tenant(tenant_id=tenant_id)
    write_events(tenant_id, 2)
    sequence_tenant(tenant_id=tenant_id)
    with tenant_transaction(tenant_id):
        ledger = LedgerLog.objects.get()
        births = LedgerLeaf.objects.filter(event__type="ledger.key_created")
        (first,) = births.select_related("event")
        body = read(first.event)
        kept = LedgerKey.objects.get()
        sealed = bytes(kept.private_key_sealed)
    assert first.index == 0
    key = VerifierKey(ledger.origin, bytes(kept.public_key))
    assert body["data"] == {"origin": ledger.origin, "verifier": key.encode()}
    assert unseal(sealed).hex() not in str(body)


def test_the_signed_root_is_that_of_the_bodies() -> None:
    tenant_id = sequenced_tenant(3, 300, 1)
    with tenant_transaction(tenant_id):
        bodies = LedgerLeaf.objects.order_by("index").values_list("event__body", flat=True)
        hashes = [leaf_hash(bytes(body)) for body in bodies]
        key = VerifierKey.decode(verifier_keys()[0].vkey)
        sizes = []
        for row in LedgerCheckpoint.objects.order_by("size"):
            opened = open_checkpoint(row.note, verifier=key)
            assert (opened.size, opened.root) == (row.size, bytes(row.root))
            assert opened.root == root_of(hashes[: row.size])
            sizes.append(row.size)
        assert sizes == [3, 303, 304]


def test_only_full_tiles_are_stored() -> None:
    tenant_id = sequenced_tenant(600)
    with tenant_transaction(tenant_id):
        stored = LedgerTile.objects.order_by("level", "index").values_list("level", "index")
        assert list(stored) == [(0, 0), (0, 1)]


def test_the_origin_names_no_tenant() -> None:
    one, two = sequenced_tenant(2), sequenced_tenant(2)
    origins = []
    for tenant_id in (one, two):
        with tenant_transaction(tenant_id):
            origins.append(LedgerLog.objects.get().origin)
            assert tenant_id.hex not in origins[-1]
    assert len(set(origins)) == 2


def test_a_remembered_edge_and_a_fresh_one_sign_the_same_tree() -> None:
    edges = Edges()
    tenant_id = new_id()
    write_event(tenant_id)
    assert sequence_tenant(tenant_id=tenant_id, edges=edges) == 2
    for size in (253, 1, 1, 255, 3):
        write_events(tenant_id, size)
        assert sequence_tenant(tenant_id=tenant_id, edges=edges) == size
    write_events(tenant_id, 2)
    assert sequence_tenant(tenant_id=tenant_id) == 2
    write_events(tenant_id, 2)
    # The first process's memory is now of an older tree: it must notice.
    assert sequence_tenant(tenant_id=tenant_id, edges=edges) == 2


def test_a_batch_takes_no_more_than_its_size_and_the_rest_follows() -> None:
    tenant_id = new_id()
    write_events(tenant_id, 5)
    taken = [sequence_tenant(tenant_id=tenant_id, batch=2) for _ in range(4)]
    assert taken == [2, 2, 2, 0]


def test_all_tenants_that_wait_are_found() -> None:
    first, second = new_id(), new_id()
    write_events(first, 2)
    write_events(second, 3)
    assert sequence_all() == (1 + 2) + (1 + 3)  # with the births of two keys
    assert sequence_all() == 0


def test_a_rolled_back_batch_leaves_everything_queued() -> None:
    tenant_id = new_id()
    write_events(tenant_id, 3)
    with transaction.atomic():
        sequence_tenant(tenant_id=tenant_id)
        transaction.set_rollback(True)
    with tenant_transaction(tenant_id):
        assert (LedgerQueueItem.objects.count(), LedgerLeaf.objects.count()) == (3, 0)


def test_a_changed_frontier_is_not_signed_over() -> None:
    tenant_id = sequenced_tenant(2)
    with tenant_transaction(tenant_id):
        ledger = LedgerLog.objects.get()
        ledger.frontier = bytes(ledger.frontier)[:8] + b"\0" * 32
        ledger.save()
    write_event(tenant_id)
    with pytest.raises(LedgerBroken):
        sequence_tenant(tenant_id=tenant_id)


def test_one_broken_log_does_not_stop_the_others() -> None:
    broken, sound = sequenced_tenant(2), sequenced_tenant(2)
    with tenant_transaction(broken):
        LedgerLog.objects.update(size=1)
    write_event(broken)
    write_events(sound, 4)
    assert sequence_all() == 4


def test_an_event_that_is_queued_twice_stops_no_other_tenant(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken, sound = sequenced_tenant(2), sequenced_tenant(2)
    event = write_event(broken)
    with tenant_transaction(broken):
        LedgerQueueItem.objects.create(event=event)
    write_events(sound, 4)
    assert sequence_all() == 4
    assert caplog.text.count("ledger.not_sequenced") == 1
    assert "IntegrityError" in caplog.text
    assert "leaf_event_once" not in caplog.text
    with tenant_transaction(broken):
        assert (LedgerQueueItem.objects.count(), LedgerLeaf.objects.count()) == (2, 2)


def test_a_queue_that_names_no_event_is_said_once_and_takes_no_lock(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tenant_id = new_id()
    with tenant_transaction(tenant_id):
        LedgerQueueItem.objects.create(event_id=new_id())
    for _ in range(2):
        with CaptureQueriesContext(connection) as seen:
            assert sequence_all() == 0
        assert not any("FOR UPDATE" in query["sql"] for query in seen.captured_queries)
    assert caplog.text.count("ledger.queue_names_no_event") == 1
    with tenant_transaction(tenant_id):
        assert not LedgerLog.objects.exists()
    write_event(tenant_id)
    assert sequence_all() == 2  # with the birth of the key


def test_each_checkpoint_is_published_outside(
    tmp_path: Path, settings: object, django_capture_on_commit_callbacks: object
) -> None:
    settings.LEDGER_CHECKPOINT_DIR = tmp_path / "checkpoints"  # type: ignore[attr-defined]
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        tenant_id = sequenced_tenant(2, 1)
    (file,) = checkpoint_files(tmp_path / "checkpoints")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    with tenant_transaction(tenant_id):
        notes = list(LedgerCheckpoint.objects.order_by("size").values_list("note", flat=True))
    assert [line["note"] for line in lines] == notes


def test_a_disk_that_refuses_does_not_stop_the_record(
    tmp_path: Path, settings: object, django_capture_on_commit_callbacks: object
) -> None:
    (tmp_path / "file").write_text("in the way")
    settings.LEDGER_CHECKPOINT_DIR = tmp_path / "file"  # type: ignore[attr-defined]
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        sequenced_tenant(2)
