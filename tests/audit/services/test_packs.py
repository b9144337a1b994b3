"""Packs made from a tenant's record are accepted by the verifier, and recorded."""

import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from audit.models import ExportJob, ExportPiece, LedgerEvent, Report
from audit.packs.verifier.main import verify_pack
from audit.packs.verifier.verdict import Verdict
from audit.selectors import pack_rows
from audit.selectors.events import EventFilter
from audit.selectors.proofs import latest_checkpoint
from audit.services import export_writing
from audit.services.erasure import erase_subject
from audit.services.export_jobs import (
    cancel_export,
)
from audit.services.keys import rotate_key
from audit.services.sequencer import sequence_tenant
from govapp.common.errors import Malformed, NotFound
from govapp.common.ids import new_id, public_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import PAYER, sequenced_tenant, write_event, write_events
from tests.audit.packs.forging import unpacked
from tests.audit.packs.taking import AUDREY, asked, made, taken, written
from tests.audit.packs.world import START

pytestmark = pytest.mark.django_db

Take = Callable[..., tuple[ExportJob, Path]]


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """Have a pack made and put it into a file."""

    def make(tenant_id: UUID, wanted: EventFilter, **options: Any) -> tuple[ExportJob, Path]:
        job = made(tenant_id, wanted, **options)
        content = taken(job)
        path = tmp_path / f"{job.sha256[:8]}.zip"
        path.write_bytes(content)
        return job, path

    return make


def vkey_of(tenant_id: UUID) -> str:
    with tenant_transaction(tenant_id):
        checkpoint = latest_checkpoint()
    assert checkpoint is not None
    return checkpoint.vkey


def verified(path: Path, tenant_id: UUID, digest: str = "") -> Verdict:
    verdict = verify_pack(path, [vkey_of(tenant_id)], [], [], digest)
    assert verdict.refusals == []
    assert verdict.trust == "pinned"
    return verdict


def test_a_pack_of_everything_shows_that_nothing_is_missing(take: Take) -> None:
    tenant_id = sequenced_tenant(3, 300, 10)
    write_events(tenant_id, 2)  # these have no place yet
    pack, path = take(tenant_id, EventFilter())
    verdict = verified(path, tenant_id, pack.told["manifest_sha256"])
    assert (
        "Nothing is missing from index 0 to 312: each event is here or its hash is."
        in verdict.checked
    )
    assert verdict.withheld == [
        "No directory, witness or time-stamping authority vouches for this checkpoint."
    ]
    files = unpacked(path.read_bytes())
    with tenant_transaction(tenant_id):
        rows = LedgerEvent.objects.filter(leaf_rows__isnull=False).order_by("leaf_rows__index")
        bodies = b"".join(bytes(body) + b"\n" for body in rows.values_list("body", flat=True))
    assert files["events.jsonl"] == bodies
    assert sha256(path.read_bytes()).hexdigest() == pack.sha256


def test_a_period_has_every_event_between_its_ends(take: Take) -> None:
    tenant_id = new_id()
    for day in range(6):
        write_event(tenant_id, summary=f"Day {day}.", at=START + timedelta(days=day))
    sequence_tenant(tenant_id=tenant_id)
    wanted = EventFilter(since="2026-03-03", until="2026-03-05")
    _, path = take(tenant_id, wanted)
    verdict = verified(path, tenant_id)
    # The birth of the key goes along: it stands first, and nobody asked for it.
    assert "Nothing is missing from index 2 to 4: each event is here or its hash is." in (
        verdict.checked
    )
    assert verdict.withheld[:2] == [
        "Earlier events of the record that are not in the pack: 1.",
        "Later events of the record that are not in the pack: 2.",
    ]


def test_a_selection_is_one_and_says_its_instants(take: Take) -> None:
    tenant_id = new_id()
    for number in range(8):
        write_event(
            tenant_id,
            actor=PAYER,
            event_type="vote.cast" if number % 2 else "agent.changed",
            at=START + timedelta(hours=number),
        )
    sequence_tenant(tenant_id=tenant_id)
    wanted = EventFilter(
        type="vote.cast", since="2026-03-02", until="2026-03-02", zone="Europe/Zurich"
    )
    pack, path = take(tenant_id, wanted)
    verdict = verified(path, tenant_id)
    assert pack.count == 4
    assert verdict.withheld[0].startswith("This is a selection: 4 of 9 events.")
    manifest = json.loads(unpacked(path.read_bytes())["manifest.json"])
    assert manifest["scope"] == {
        "kind": "selection",
        "from": "2026-03-01T23:00:00.000000Z",
        "until": "2026-03-02T23:00:00.000000Z",
    }
    assert manifest["supporting"] == [0]


def test_a_query_that_finds_nothing_is_answered_with_an_empty_pack(take: Take) -> None:
    tenant_id = sequenced_tenant(5)
    pack, path = take(tenant_id, EventFilter(type="nothing.like_this"))
    verdict = verified(path, tenant_id)
    assert pack.count == 0
    assert verdict.withheld[0].startswith("This is a selection: 0 of 5 events.")


def test_taking_a_pack_is_recorded(take: Take) -> None:
    tenant_id = sequenced_tenant(5)
    pack, _ = take(tenant_id, EventFilter(actor="mem_alice"), redact=[])
    with tenant_transaction(tenant_id):
        events = LedgerEvent.objects.filter(subject_id=pack.public_id).order_by("id")
        kinds = list(events.values_list("type", "actor_kind"))
        recorded = events.get(type="evidence_pack.made")
    assert kinds == [
        ("export.requested", "person"),
        ("evidence_pack.made", "system"),
        ("export.taken", "person"),
    ]
    assert json.loads(bytes(recorded.body))["data"] == {
        "format": "evidence-pack",
        "query": {"actor": "mem_alice"},
        "time_zone": "UTC",
        "redacted": [],
        "report": "",
        "count": 4,
        "counts": {"events": 4, "supporting": 1, "disclosed": 4},
        "ledger_size": 5,
        "bytes": pack.size_bytes,
        "sha256": pack.sha256,
        "manifest_sha256": pack.told["manifest_sha256"],
    }


def test_what_cannot_be_made_is_refused_and_leaves_nothing() -> None:
    tenant_id = sequenced_tenant(3)
    for wanted, options, error in (
        (EventFilter(), {"redact": ["everything"]}, Malformed),
        (EventFilter(since="soon"), {}, Malformed),
        (EventFilter(), {"report_id": new_id()}, NotFound),
    ):
        with pytest.raises(error):
            asked(tenant_id, wanted, **options)
    with tenant_transaction(tenant_id):
        assert ExportJob.objects.count() == 0
        assert LedgerEvent.objects.filter(subject_type="export").count() == 0


def test_before_anything_is_signed_it_fails_in_words() -> None:
    job = made(new_id(), EventFilter())
    assert (job.status, job.failure) == (
        "failed",
        "Nothing stands in the record yet; try again in a few seconds.",
    )


def test_a_report_that_is_gone_when_it_is_written_is_said() -> None:
    tenant_id = sequenced_tenant(3)
    with tenant_transaction(tenant_id):
        report = Report.objects.create(
            kind="oversight", requested_by_id="mem_a", requested_by_name="A", status="ready",
            content=b"%PDF-",
        )  # fmt: skip
    job = asked(tenant_id, EventFilter(), report_id=report.pk)
    with tenant_transaction(tenant_id):
        Report.objects.filter(pk=report.pk).update(content=None)
    job = written(job)
    assert (job.status, job.failure) == ("failed", "There is no finished report of this name.")
    with tenant_transaction(tenant_id):
        assert ExportPiece.objects.count() == 0


def test_it_is_written_in_pieces_a_page_at_a_time_and_says_how_far_it_is(
    take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_writing, "PIECE_BYTES", 2_000)
    monkeypatch.setattr(pack_rows, "AT_ONCE", 10)
    said: list[tuple[str, int | None]] = []
    beat = export_writing.ExportFile._beat

    def noted(self: export_writing.ExportFile, step: str, progress: int | None) -> None:
        said.append((step, progress))
        beat(self, step, progress)

    monkeypatch.setattr(export_writing.ExportFile, "_beat", noted)
    tenant_id = sequenced_tenant(20, 5)
    job, path = take(tenant_id, EventFilter())
    verified(path, tenant_id, job.told["manifest_sha256"])
    assert [each for each in said if each[0]] == [
        ("Writing events: 10 of 25", 13),
        ("Writing events: 20 of 25", 26),
        ("Writing events: 25 of 25", 33),
        ("Writing hashes: 10 of 25", 46),
        ("Writing hashes: 20 of 25", 60),
        ("Writing hashes: 25 of 25", 66),
        ("Opening personal values: 10 of 25", 80),
        ("Opening personal values: 20 of 25", 93),
        ("Opening personal values: 25 of 25", 100),
        ("Finishing", 99),
    ]
    with tenant_transaction(tenant_id):
        sizes = [len(bytes(row.data)) for row in ExportPiece.objects.order_by("number")]
    assert (max(sizes), len(sizes) > 3) == (2_000, True)


@pytest.mark.parametrize("act", ["cancel", "erase"])
def test_who_cancels_or_erases_stops_the_writer(monkeypatch: pytest.MonkeyPatch, act: str) -> None:
    monkeypatch.setattr(pack_rows, "AT_ONCE", 10)
    tenant_id = sequenced_tenant(30)
    job, read = asked(tenant_id, EventFilter()), pack_rows.with_bodies
    pages = 0

    def interrupted(*args: Any) -> Any:
        nonlocal pages
        pages += 1
        if pages == 2 and act == "cancel":
            cancel_export(actor=AUDREY, job_id=job.pk)
        elif pages == 2:
            erase_subject(actor=AUDREY, ref="mem_alice", reason="She asked for it.")
        return read(*args)

    monkeypatch.setattr(pack_rows, "with_bodies", interrupted)
    job = written(job)
    assert (job.status, pages) == ("cancelled" if act == "cancel" else "queued", 2)
    with tenant_transaction(tenant_id):
        assert ExportPiece.objects.count() == 0
    if act == "erase":  # it is begun again, without her
        job = written(job)
        assert (job.status, job.told["counts"]["erased"] >= 29) == ("ready", True)


def test_the_pack_of_one_request_has_its_events(take: Take) -> None:
    tenant_id, request_id = new_id(), new_id()
    write_event(tenant_id, request_id=request_id, event_type="vote.cast")
    write_event(tenant_id)
    sequence_tenant(tenant_id=tenant_id)
    pack, path = take(tenant_id, EventFilter(request=public_id("ar", request_id)))
    verified(path, tenant_id)
    assert pack.count == 1


def disclosures(path: Path) -> list[dict[str, Any]]:
    lines = unpacked(path.read_bytes())["disclosures.jsonl"].split(b"\n")[:-1]
    return [json.loads(line) for line in lines]


def test_a_redacted_pack_has_no_names_and_is_intact(take: Take) -> None:
    tenant_id = sequenced_tenant(5)
    _, whole = take(tenant_id, EventFilter())
    _, path = take(tenant_id, EventFilter(), redact=["name"])
    assert {each["value"] for each in disclosures(whole)} == {"Alice Archer"}
    assert b"Alice" in unpacked(whole.read_bytes())["disclosures.jsonl"]
    files = unpacked(path.read_bytes())
    assert [name for name, content in files.items() if b"Alice" in content] == []
    verdict = verified(path, tenant_id)
    assert "Personal values left out by whoever made the pack (name): 4." in verdict.withheld


def test_who_was_erased_is_in_no_later_pack(take: Take) -> None:
    tenant_id = sequenced_tenant(5)
    _, before = take(tenant_id, EventFilter())
    with tenant_transaction(tenant_id):
        erase_subject(actor=AUDREY, ref="mem_alice", reason="She asked for it.")
    _, path = take(tenant_id, EventFilter())
    files = unpacked(path.read_bytes())
    assert [name for name, content in files.items() if b"Alice" in content] == []
    verdict = verified(path, tenant_id)
    assert any(each.startswith("Personal values erased") for each in verdict.withheld)
    verified(before, tenant_id)  # what was taken before is as intact as it was


@pytest.mark.parametrize("overlap", [timedelta(0), timedelta(days=30)])
def test_whoever_knows_the_former_key_trusts_the_new_one(take: Take, overlap: timedelta) -> None:
    tenant_id = sequenced_tenant(5)
    former = vkey_of(tenant_id)
    rotate_key(actor=AUDREY, tenant_id=tenant_id, reason="Every year.", overlap=overlap)
    for _ in range(2):
        write_events(tenant_id, 3)
        sequence_tenant(tenant_id=tenant_id)
    _, path = take(tenant_id, EventFilter(type="agent.changed"))
    verdict = verify_pack(path, [former], [], [])
    assert (verdict.refusals, verdict.trust) == ([], "pinned" if overlap else "handed-over")
    assert verified(path, tenant_id).trust == "pinned"
