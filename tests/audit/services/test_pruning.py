"""What is over age goes; every proof made before and after stays valid, and one more is found."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import Error, connection

from audit.merkle.note import VerifierKey, open_checkpoint
from audit.merkle.paths import ENTRIES, Place
from audit.merkle.proofs import verify_consistency, verify_inclusion
from audit.merkle.tree import leaf_hash
from audit.models import (
    ExportJob,
    ExportPiece,
    LedgerDisclosure,
    LedgerEvent,
    LedgerLeaf,
    Pruning,
    PruningStatus,
    Report,
)
from audit.packs.verifier.main import verify_pack
from audit.packs.verifier.verdict import Verdict
from audit.prune import delete_pruned
from audit.selectors.events import EventFilter, events_of_request
from audit.selectors.proofs import latest_checkpoint, prove_event, prove_growth
from audit.selectors.pruned import find_pruned, pruned_ranges, pruned_upto
from audit.selectors.receipts import receipt_of
from audit.selectors.retention import Minimum, Retention
from audit.selectors.tiles import served_entries
from audit.services.pruning import run_pruning
from audit.services.sequencer import sequence_tenant
from audit.services.verification import verify_tenant
from govapp.common.errors import Gone
from govapp.common.ids import new_id, public_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import subject_of_request, write_event
from tests.audit.conftest import Run
from tests.audit.keeping import NOW, WORDS, ask_and_confirm, old_tenant, prune, said
from tests.audit.packs.forging import unpacked
from tests.audit.packs.taking import asked, made, taken, written
from tests.support.tables import TABLES

pytestmark = pytest.mark.usefixtures("committed", "kept_a_year")


def kinds(tenant_id: UUID) -> list[tuple[str, int | None]]:
    return [(found.kind, found.index) for found in verify_tenant(tenant_id=tenant_id).findings]


def events_at(tenant_id: UUID) -> dict[int, UUID]:
    with tenant_transaction(tenant_id):
        rows = LedgerLeaf.objects.order_by("index")
        return dict(rows.values_list("index", "event_id"))


def pruned_event(tenant_id: UUID) -> tuple[int, dict[str, Any]]:
    """The newest `ledger.pruned`: its index, and what it says."""
    with tenant_transaction(tenant_id):
        row = LedgerLeaf.objects.filter(event__type="ledger.pruned").order_by("-index")
        index, body = row.values_list("index", "event__body")[0]
    return index, json.loads(bytes(body))["data"]


def test_pruning_a_year_leaves_every_older_proof_valid() -> None:
    tenant_id = old_tenant(300, 40)
    ids = events_at(tenant_id)
    with tenant_transaction(tenant_id):
        before = latest_checkpoint()
        proofs = {index: prove_event(ids[index]) for index in (1, 150, 300, 320)}
        bodies = dict(LedgerEvent.objects.values_list("pk", "body"))
    assert before is not None
    assert prune(tenant_id) == 300
    with tenant_transaction(tenant_id):
        after = latest_checkpoint()
        assert after is not None
        assert after.size > before.size
        growth = prove_growth(before.size, after.size)
        again = {index: prove_event(ids[index]) for index in (1, 150, 300, 320)}
        assert LedgerDisclosure.objects.filter(event_id=ids[1]).count() == 0
    for index, old in proofs.items():
        new = again[index]
        assert old is not None
        assert new is not None
        for each in (old, new):
            signed = open_checkpoint(
                each.checkpoint.note, verifier=VerifierKey.decode(each.checkpoint.vkey)
            )
            verify_inclusion(
                leaf=leaf_hash(bytes(bodies[ids[index]])),
                index=index,
                size=signed.size,
                proof=each.path,
                root=signed.root,
            )
    verify_consistency(
        old_size=before.size,
        new_size=after.size,
        old_root=before.root,
        new_root=after.root,
        proof=growth,
    )
    result = verify_tenant(tenant_id=tenant_id)
    assert (result.findings, result.pruned) == ([], 300)
    index, data = pruned_event(tenant_id)
    assert data["ranges"] == [{"first": 1, "last": 300}]
    assert (data["count"], data["before"]) == (300, "2025-03-10T00:00:00Z")
    assert index > 300


def test_the_words_are_in_no_table(forge: Run) -> None:
    tenant_id = old_tenant(20, 3)
    assert tables_with(forge, WORDS) == {"audit_ledgerevent"}
    prune(tenant_id)
    assert tables_with(forge, WORDS) == set()


def tables_with(forge: Run, words: str) -> set[str]:
    """Every table of the database that holds these words, in any column, plain or as bytes."""
    tables = [name for (name,) in forge(TABLES)]
    return {
        table
        for table in tables
        if forge(
            f'SELECT 1 FROM "{table}" AS each'  # noqa: S608 - from the catalogue
            " WHERE position(%s in each::text) > 0 OR position(%s in each::text) > 0 LIMIT 1",
            words,
            words.encode().hex(),
        )
    }


def test_one_more_that_is_deleted_is_found(forge: Run) -> None:
    tenant_id = old_tenant(10, 10)
    prune(tenant_id)
    assert kinds(tenant_id) == []
    forge("DELETE FROM audit_ledgerevent WHERE id = %s", events_at(tenant_id)[13])
    assert kinds(tenant_id) == [("event deleted", 13)]


def test_the_one_before_what_was_pruned_is_found_when_it_goes(forge: Run) -> None:
    tenant_id = old_tenant(10, 10)
    prune(tenant_id)
    forge("DELETE FROM audit_ledgerevent WHERE id = %s", events_at(tenant_id)[0])
    assert kinds(tenant_id) == [("event deleted", 0)]


def pruned_but_one(forge: Run, old: int, index: int) -> UUID:
    """A tenant of which all that is old is pruned; then the event at this index is put back."""
    tenant_id = old_tenant(old, 5)
    columns = (
        "id, tenant_id, type, occurred_at, actor_kind, actor_id, subject_type, subject_id,"
        " request_id, body"
    )
    forge(f"CREATE TEMP TABLE kept AS SELECT {columns} FROM audit_ledgerevent WHERE id = %s",  # noqa: S608
          events_at(tenant_id)[index])  # fmt: skip
    prune(tenant_id)
    forge(f"INSERT INTO audit_ledgerevent ({columns}) SELECT {columns} FROM kept")  # noqa: S608
    return tenant_id


def test_what_is_said_to_be_pruned_and_is_there_is_found(forge: Run) -> None:
    tenant_id = pruned_but_one(forge, 5, 3)
    (finding,) = verify_tenant(tenant_id=tenant_id).findings
    assert str(finding) == "pruning: 1 events are there that the record says were pruned"


def test_what_is_there_is_counted_also_when_a_leaf_is_missing(forge: Run) -> None:
    tenant_id = pruned_but_one(forge, 600, 3)
    forge("DELETE FROM audit_ledgerleaf WHERE event_id = %s", events_at(tenant_id)[400])
    found = verify_tenant(tenant_id=tenant_id).findings
    assert [str(each).partition(" (")[0] for each in found] == [
        "leaf missing: the leaves 400 to 400 are gone",
        "pruning: 1 events are there that the record says were pruned",
        "pruning: the leaves that it names are not those of the events that were pruned",
    ]


@pytest.mark.parametrize(
    ("statement", "places"),
    [
        ("UPDATE audit_prunedrange SET last = last + 3 WHERE first = 1", [1, 11]),
        ("UPDATE audit_prunedrange SET pruned_at = pruned_at - interval '1 day'", [1, 11]),
        ("UPDATE audit_prunedrange SET event_id = tenant_id", [1, 11]),
        ("DELETE FROM audit_prunedrange", [11]),
    ],
)
def test_rows_of_ranges_that_are_not_those_of_the_record_are_found(
    forge: Run, statement: str, places: list[int]
) -> None:
    tenant_id = old_tenant(5, 5)
    prune(tenant_id)
    assert pruned_event(tenant_id)[0] == 11
    forge(statement)
    assert kinds(tenant_id) == [("pruning", place) for place in places]


def test_a_range_of_which_the_record_says_nothing_is_found(forge: Run) -> None:
    tenant_id = old_tenant(5, 5)
    prune(tenant_id)
    forge(
        "INSERT INTO audit_prunedrange (id, tenant_id, pruning_id, event_id, first, last,"
        " first_at, last_at, pruned_at) SELECT gen_random_uuid(), tenant_id, pruning_id, event_id,"
        " 7, 8, first_at, last_at, pruned_at FROM audit_prunedrange"
    )
    (finding,) = verify_tenant(tenant_id=tenant_id).findings
    assert (finding.kind, finding.index) == ("pruning", 7)
    assert finding.what == "a row says that 7 to 8 were pruned, the record does not"


@pytest.mark.parametrize("length", [0, 31, 64])
def test_a_pruned_leaf_that_is_no_hash_is_found(forge: Run, length: int) -> None:
    tenant_id = old_tenant(299, 10)
    prune(tenant_id)
    forge("UPDATE audit_ledgerleaf SET leaf_hash = %s WHERE event_id = %s",
          bytes(length), events_at(tenant_id)[4])  # fmt: skip
    assert kinds(tenant_id) == [("leaf", 4)]


def test_a_pruned_leaf_that_names_another_event_is_found(forge: Run) -> None:
    tenant_id = old_tenant(10, 10)
    prune(tenant_id)
    index, _ = pruned_event(tenant_id)
    forge("UPDATE audit_ledgerleaf SET event_id = %s WHERE event_id = %s",
          new_id(), events_at(tenant_id)[4])  # fmt: skip
    assert kinds(tenant_id) == [("pruning", index)]
    assert [found.kind for found in verify_tenant(tenant_id=tenant_id, from_size=11).findings] == []


def test_pruned_leaves_that_change_places_are_found(forge: Run) -> None:
    tenant_id = old_tenant(10, 10)
    prune(tenant_id, batch=4)
    ids = events_at(tenant_id)
    index = min(at for at, ident in ids.items() if ident in naming(tenant_id))
    for ident, other in ((ids[2], new_id()), (ids[3], ids[2])):
        forge("UPDATE audit_ledgerleaf SET event_id = %s WHERE event_id = %s", other, ident)
    forge('UPDATE audit_ledgerleaf SET event_id = %s WHERE "index" = 2 AND tenant_id = %s',
          ids[3], tenant_id)  # fmt: skip
    assert kinds(tenant_id) == [("pruning", index)]


def naming(tenant_id: UUID) -> set[UUID]:
    """The events that name what was pruned."""
    with tenant_transaction(tenant_id):
        return set(LedgerEvent.objects.filter(type="ledger.pruned").values_list("pk", flat=True))


@pytest.mark.parametrize(("first", "last"), [(1, 11), (0, 10), (1, 400)])
def test_a_range_that_was_made_larger_is_not_believed(forge: Run, first: int, last: int) -> None:
    tenant_id = old_tenant(10, 10)
    prune(tenant_id)
    index, _ = pruned_event(tenant_id)
    event_id = events_at(tenant_id)[index]
    ((body,),) = forge("SELECT body FROM audit_ledgerevent WHERE id = %s", event_id)
    forged = json.loads(body)
    forged["data"]["ranges"] = [{"first": first, "last": last}]
    line = json.dumps(forged, separators=(",", ":"), ensure_ascii=False, sort_keys=True).encode()
    forge("UPDATE audit_ledgerevent SET body = %s WHERE id = %s", line, event_id)
    found = kinds(tenant_id)
    assert ("pruning", index) in found
    assert ("event changed", index) in found
    assert [place for kind, place in found if kind == "event deleted"] == list(range(1, 11))
    # With its leaf: then the leaf does not lead to the signed root.
    forge("UPDATE audit_ledgerleaf SET leaf_hash = %s WHERE event_id = %s",
          leaf_hash(line), event_id)  # fmt: skip
    found = kinds(tenant_id)
    assert ("pruning", index) in found
    assert ("checkpoint", 11) not in found
    assert [kind for kind, _ in found if kind == "checkpoint"] == ["checkpoint"]


def test_a_pruning_that_is_not_in_the_tree_is_not_believed(forge: Run) -> None:
    tenant_id = old_tenant(10, 10)
    write_event(
        tenant_id,
        event_type="ledger.pruned",
        data={"ranges": [{"first": 4, "last": 4}], "reason": "none"},
    )
    forge("DELETE FROM audit_ledgerevent WHERE id = %s", events_at(tenant_id)[4])
    assert kinds(tenant_id) == [("event deleted", 4)]


def test_a_pruning_of_what_comes_later_is_not_believed(forge: Run) -> None:
    tenant_id = old_tenant(10, 10)
    data = {"ranges": [{"first": 4, "last": 40}], "reason": "none"}
    write_event(tenant_id, event_type="ledger.pruned", data=data)
    sequence_tenant(tenant_id=tenant_id)
    forge("DELETE FROM audit_ledgerevent WHERE id = %s", events_at(tenant_id)[4])
    assert kinds(tenant_id) == [("pruning", 21), ("event deleted", 4)]


def test_only_what_the_signed_record_names_can_be_deleted() -> None:
    tenant_id = old_tenant(10, 10)
    waiting = write_event(
        tenant_id,
        event_type="ledger.pruned",
        at=datetime(2026, 3, 9, tzinfo=UTC),
        data={
            "ranges": [{"first": 4, "last": 4}],
            "reason": "none",
            "before": "2025-03-10T00:00:00Z",
        },
    )
    with pytest.raises(Error, match="no signed event"), tenant_transaction(tenant_id):
        delete_pruned(waiting.pk)
    other = old_tenant(3, 0)
    sequence_tenant(tenant_id=tenant_id)
    with pytest.raises(Error, match="no signed event"), tenant_transaction(other):
        delete_pruned(waiting.pk)
    with pytest.raises(Error, match="no signed event"), tenant_transaction(tenant_id):
        delete_pruned(events_at(tenant_id)[5])
    with tenant_transaction(tenant_id):
        assert delete_pruned(waiting.pk) == 1
    with pytest.raises(Error, match="permission denied"), tenant_transaction(tenant_id):
        connection.cursor().execute("DELETE FROM audit_ledgerevent")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"ranges": [{"first": 4, "last": 4}], "before": "2025-03-10T00:00:00Z"}, "a reason"),
        ({"ranges": [{"first": 4, "last": 14}], "reason": "r"}, "said to be old"),
        ({"ranges": [{"first": 4, "last": 14}], "before": None, "reason": "r"}, "said to be old"),
        (
            {"ranges": [{"first": 0, "last": 4}], "before": "2027-03-10T00:00:00Z", "reason": "r"},
            "never pruned",
        ),
        (
            {"ranges": [{"first": 4, "last": 14}], "before": "2025-03-10T00:00:00Z", "reason": "r"},
            "too young",
        ),
    ],
)
def test_nothing_goes_without_a_reason_nor_what_never_goes(data: dict[str, Any], why: str) -> None:
    tenant_id = old_tenant(10, 10)
    event = write_event(tenant_id, event_type="ledger.pruned", data=data)
    sequence_tenant(tenant_id=tenant_id)
    with pytest.raises(Error, match=why), tenant_transaction(tenant_id):
        delete_pruned(event.pk)
    assert verify_tenant(tenant_id=tenant_id).events == 22


def test_setting_the_switch_by_hand_opens_nothing() -> None:
    tenant_id = old_tenant(3, 0)
    switched = "SELECT set_config('govapp.pruning', 'on', true); DELETE FROM audit_ledgerevent"
    with pytest.raises(Error, match="permission denied"), tenant_transaction(tenant_id):
        connection.cursor().execute(switched)


def test_what_says_why_something_is_gone_never_goes() -> None:
    tenant_id = new_id()
    old = datetime(2024, 5, 2, tzinfo=UTC)
    for kind in ("agent.changed", "hold.placed", "subject.erased", "ledger.pruned", "agent.paused"):
        write_event(tenant_id, event_type=kind, at=old, data={"ranges": []})
    sequence_tenant(tenant_id=tenant_id)
    assert prune(tenant_id) == 2
    with tenant_transaction(tenant_id):
        assert pruned_ranges() == (range(1, 2), range(5, 6))
        kept = list(LedgerEvent.objects.filter(occurred_at=old).values_list("type", flat=True))
    assert sorted(kept) == ["hold.placed", "ledger.pruned", "subject.erased"]
    assert verify_tenant(tenant_id=tenant_id).findings == []


def test_small_batches_do_the_same_and_a_second_pruning_goes_on() -> None:
    tenant_id = old_tenant(25, 5)
    assert prune(tenant_id, batch=4) == 25
    with tenant_transaction(tenant_id):
        assert pruned_ranges() == (range(1, 26),)
        assert LedgerEvent.objects.filter(type="ledger.pruned").count() == 7
        row = Pruning.objects.get()
        assert (row.events, row.status) == (25, PruningStatus.DONE)
    result = verify_tenant(tenant_id=tenant_id)
    assert (result.findings, result.pruned) == ([], 25)


def test_verification_that_begins_later_knows_what_was_pruned_before() -> None:
    tenant_id = old_tenant(300, 10)
    prune(tenant_id)
    for size in (1, 301, 311):
        result = verify_tenant(tenant_id=tenant_id, from_size=size if size != 1 else 0)
        assert (result.findings, size, result.pruned) == ([], size, 300 if size == 1 else 0)


def test_a_pruned_event_is_still_known_by_its_leaf() -> None:
    tenant_id = old_tenant(5, 2)
    ids = events_at(tenant_id)
    with tenant_transaction(tenant_id):
        assert (find_pruned(ids[3]), pruned_upto()) == (None, None)
    prune(tenant_id)
    index, _ = pruned_event(tenant_id)
    name = public_id("ev", events_at(tenant_id)[index])
    with tenant_transaction(tenant_id):
        found, upto = find_pruned(ids[3]), pruned_upto()
        assert find_pruned(ids[0]) is None
        assert find_pruned(new_id()) is None
    assert found is not None
    assert upto is not None
    assert (found.index, found.by_event, found.pruned_at) == (3, name, upto.at)
    assert (upto.index, upto.by_event) == (5, name)


def test_nothing_goes_any_more_when_the_time_of_keeping_became_longer() -> None:
    tenant_id = old_tenant(5, 2)
    pruning = ask_and_confirm(tenant_id)
    said["retention"] = Retention(days=365, minimums=(Minimum(3_000, "a law"),))
    assert run_pruning(tenant_id=tenant_id, pruning_id=pruning.pk) == 0
    said["retention"] = Retention()
    assert run_pruning(tenant_id=tenant_id, pruning_id=pruning.pk) == 0
    with tenant_transaction(tenant_id):
        assert Pruning.objects.get().status == PruningStatus.DONE
        assert LedgerEvent.objects.filter(occurred_at__lt=NOW - timedelta(days=365)).count() == 5


def test_what_a_request_said_is_gone_and_what_is_left_is_whole() -> None:
    tenant_id, request_id = new_id(), new_id()
    subject = subject_of_request(request_id)
    for at in (datetime(2024, 5, 2, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC)):
        write_event(tenant_id, subject=subject, request_id=request_id, at=at)
    sequence_tenant(tenant_id=tenant_id)
    prune(tenant_id)
    with tenant_transaction(tenant_id):
        (left,) = events_of_request(request_id)
    assert left.body["subject"]["label"] == "Pay EUR 48,200 to Northwind"


def packed(tenant_id: UUID, wanted: EventFilter) -> bytes:
    return taken(made(tenant_id, wanted))


def verdict_of(pack: bytes, tenant_id: UUID, path: Path) -> Verdict:
    with tenant_transaction(tenant_id):
        checkpoint = latest_checkpoint()
    assert checkpoint is not None
    path.write_bytes(pack)
    return verify_pack(path, [checkpoint.vkey], [], [], "")


@pytest.mark.parametrize("until", ["2026-03-09", "2024-12-31"])
def test_packs_made_before_and_after_are_valid(until: str, tmp_path: Path) -> None:
    tenant_id = old_tenant(20, 5)
    wanted = EventFilter(since="2024-05-01", until=until)
    before = packed(tenant_id, wanted)
    assert prune(tenant_id) == 20
    after = packed(tenant_id, wanted)
    old = verdict_of(before, tenant_id, tmp_path / "before.zip")
    new = verdict_of(after, tenant_id, tmp_path / "after.zip")
    assert (old.refusals, new.refusals) == ([], [])
    gone = "Events pruned under a recorded retention rule, whose hashes are here: 20."
    assert (gone in old.withheld, gone in new.withheld) == (False, True)
    last = 25 if until == "2026-03-09" else 20
    complete = f"Nothing is missing from index 1 to {last}: each event is here or its hash is."
    assert (complete in old.checked, complete in new.checked) == (True, True)
    holding = [
        [name for name, content in unpacked(pack).items() if WORDS.encode() in content]
        for pack in (before, after)
    ]
    assert holding == [["events.jsonl"], []]


def test_an_export_that_is_being_written_begins_again() -> None:
    tenant_id = old_tenant(5, 2)
    job = asked(tenant_id, EventFilter())
    with tenant_transaction(tenant_id):
        ExportJob.objects.update(status="running", started_at=NOW, beat_at=NOW)
        ExportPiece.objects.create(job=job, number=0, data=b"what goes")
    prune(tenant_id)
    with tenant_transaction(tenant_id):
        left = ExportJob.objects.values_list("status", "started_at").get(pk=job.pk)
        assert (left, ExportPiece.objects.count()) == (("queued", None), 0)
    job = written(job)
    assert (job.status, job.told["counts"]["pruned"]) == ("ready", 5)


def test_a_report_that_is_being_made_begins_again() -> None:
    tenant_id = old_tenant(5, 2)
    with tenant_transaction(tenant_id):
        report = Report.objects.create(
            kind="oversight", status="running", started_at=NOW, progress=40,
            requested_by_id="mem_carl", requested_by_name="Carl",
        )  # fmt: skip
    prune(tenant_id)
    with tenant_transaction(tenant_id):
        left = Report.objects.values_list("status", "started_at", "progress").get(pk=report.pk)
    assert left == ("queued", None, 0)


def test_entries_are_gone_and_receipts_stay() -> None:
    tenant_id = old_tenant(5, 2)
    ids = events_at(tenant_id)
    whole = Place(ENTRIES, 0, 8)
    with tenant_transaction(tenant_id):
        assert len(served_entries(whole)) > 1000
    prune(tenant_id)
    with tenant_transaction(tenant_id):
        with pytest.raises(Gone):
            served_entries(whole)
        assert served_entries(Place(ENTRIES, 0, 1)) != b""
        receipt = receipt_of(ids[3])
    assert receipt is not None
    assert receipt.inclusion.index == 3
