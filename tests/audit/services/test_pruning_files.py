"""What was made of the record beside a pruning: packs, exports, reports, entries, receipts."""

from pathlib import Path
from uuid import UUID

import pytest

from audit.merkle.paths import ENTRIES, Place
from audit.models import ExportJob, ExportPiece, Report
from audit.packs.verifier.main import verify_pack
from audit.packs.verifier.verdict import Verdict
from audit.selectors.events import EventFilter
from audit.selectors.proofs import latest_checkpoint
from audit.selectors.receipts import receipt_of
from audit.selectors.tiles import served_entries
from govapp.common.errors import Gone
from govapp.common.tenancy import tenant_transaction
from tests.audit.keeping import NOW, WORDS, events_at, old_tenant, prune
from tests.audit.packs.forging import unpacked
from tests.audit.packs.taking import asked, made, taken, written

pytestmark = pytest.mark.usefixtures("committed", "kept_a_year")


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
