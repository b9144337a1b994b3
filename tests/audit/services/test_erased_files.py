"""Whoever erases leaves the files that tell of what a legal hold keeps, until its release."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from audit.actors import Actor
from audit.models import ExportJob, ExportPiece, HoldKind, LegalHold, Report
from audit.selectors.held_files import files_words, held_files
from audit.services.erased_files import Emptied
from audit.services.erasing_again import OPEN_FOR, erase_again
from audit.services.erasure import erase_subject
from audit.services.export_jobs import KEPT, remove_exports
from audit.services.holds import Scope, place_hold, release_hold
from audit.services.sequencer import sequence_tenant
from govapp.common.ids import new_id, public_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import ALICE, subject_of_request, write_event
from tests.audit.keeping import CARL, OLIVIA
from tests.audit.streaming import recorded
from tests.support.committed import CommittedDatabase

ZELDA = Actor("person", "mem_zelda", "Zelda Quist")
HELD, OTHER = UUID(int=71), UUID(int=72)
MAY, JUNE, JULY = (datetime(2024, month, 1, tzinfo=UTC) for month in (5, 6, 7))
GONE = "Its file was removed when somebody was erased."


@pytest.fixture
def tenant_id(committed_db: CommittedDatabase) -> UUID:
    """Alice decided on one request in May; Zelda on another one in June."""
    tenant = new_id()
    for actor, request, at in ((ALICE, HELD, MAY), (ZELDA, OTHER, JUNE)):
        write_event(
            tenant, actor=actor, subject=subject_of_request(request), request_id=request,
            at=at + timedelta(days=3),
        )  # fmt: skip
    sequence_tenant(tenant_id=tenant)
    return tenant


def hold(tenant_id: UUID, scope: Scope | None = None) -> LegalHold:
    wanted = scope or Scope(HoldKind.REQUEST, public_id("ar", HELD))
    with tenant_transaction(tenant_id):
        return place_hold(actor=CARL, scope=wanted, matter="Archer v. Acme", reason="Told to.")


def release(placed: LegalHold) -> None:
    with tenant_transaction(placed.tenant_id):
        release_hold(actor=OLIVIA, hold_id=placed.pk, reason="Settled.")


def report(tenant_id: UUID, start: datetime | None, end: datetime | None, **more: Any) -> UUID:
    with tenant_transaction(tenant_id):
        return Report.objects.create(
            kind="oversight", period_start=start, period_end=end, requested_by_id=CARL.id,
            requested_by_name=CARL.name, status="ready", content=b"with Zelda Quist in it", **more,
        ).pk  # fmt: skip


def export(tenant_id: UUID, options: dict[str, str] | None = None, **query: str) -> UUID:
    with tenant_transaction(tenant_id):
        job = ExportJob.objects.create(
            format="csv", query=query, options=options or {}, time_zone="UTC", status="ready",
            requested_by_id=CARL.id, requested_by_name=CARL.name, finished_at=JULY,
        )  # fmt: skip
        ExportPiece.objects.create(job_id=job.pk, number=0, data=b"with Zelda Quist in it")
        return job.pk


def erase(tenant_id: UUID, ref: str = ZELDA.id) -> Emptied:
    with tenant_transaction(tenant_id):
        return erase_subject(actor=CARL, ref=ref, reason="She asked.").emptied


def kept(tenant_id: UUID) -> set[UUID]:
    """The reports and exports whose file is there."""
    with tenant_transaction(tenant_id):
        reports = Report.objects.filter(content__isnull=False).values_list("pk", flat=True)
        return {*reports, *ExportPiece.objects.values_list("job_id", flat=True)}


def test_what_tells_of_something_held_stays_and_everything_else_goes(tenant_id: UUID) -> None:
    stays = {
        report(tenant_id, MAY, JULY),
        report(tenant_id, JUNE, JULY, is_compared=True),
        report(tenant_id, None, None, request_id=HELD),
        export(tenant_id),
        export(tenant_id, request=public_id("ar", HELD)),
        export(tenant_id, text="anything"),
    }
    stays.add(export(tenant_id, {"report": public_id("rep", min(stays))}, actor=ZELDA.id))
    report(tenant_id, JUNE, JULY)
    report(tenant_id, None, None, request_id=OTHER)
    export(tenant_id, since="2024-06-01")
    export(tenant_id, text="anything", since="2024-06-01")
    placed = hold(tenant_id)
    emptied = erase(tenant_id)
    assert (emptied.files, emptied.left, emptied.holds) == (4, 7, (placed,))
    assert kept(tenant_id) == stays


def test_the_event_says_what_was_left_and_the_release_finishes_it(tenant_id: UUID) -> None:
    first = report(tenant_id, MAY, JULY)
    export(tenant_id, since="2024-06-01")
    placed = hold(tenant_id)
    erase(tenant_id)
    (_, said) = recorded(tenant_id, "subject.erased")[0]
    assert (said["files"], said["files_left"], said["holds"]) == (1, 1, [placed.public_id])
    release(placed)
    assert kept(tenant_id) == set()
    with tenant_transaction(tenant_id):
        row = Report.objects.get(pk=first)
        assert (row.failure, row.erasures_waiting, row.status) == (GONE, [], "ready")
    again = {
        "refs": [ZELDA.id], "keys": 0, "rows": 0, "files": 1, "released": placed.public_id,
    }  # fmt: skip
    assert recorded(tenant_id, "subject.erased_again") == [("subject.erased_again", again)]


def test_files_that_no_erasure_waits_for_stay_at_a_release(tenant_id: UUID) -> None:
    made = report(tenant_id, MAY, JULY)
    release(hold(tenant_id))
    assert kept(tenant_id) == {made}
    assert recorded(tenant_id, "subject.") == []


def test_what_two_holds_keep_goes_with_the_second_for_every_erasure(tenant_id: UUID) -> None:
    write_event(tenant_id, actor=OLIVIA, at=JUNE)
    sequence_tenant(tenant_id=tenant_id)
    made = report(tenant_id, MAY, JULY)
    one = hold(tenant_id)
    two = hold(
        tenant_id,
        Scope(HoldKind.PERIOD, starts_at=MAY, ends_at=MAY + timedelta(days=7)),
    )
    assert erase(tenant_id).holds == (one, two)
    erase(tenant_id, OLIVIA.id)
    release(one)
    assert kept(tenant_id) == {made}
    release(two)
    assert kept(tenant_id) == set()
    finished = [data["refs"] for _, data in recorded(tenant_id, "subject.erased_again")]
    assert finished == [[ZELDA.id], [OLIVIA.id]]


def test_looking_again_leaves_them_as_well_and_says_so_once(
    committed_db: CommittedDatabase, tenant_id: UUID
) -> None:
    placed = hold(tenant_id)
    made = report(tenant_id, MAY, JULY)
    erase(tenant_id)
    later = report(tenant_id, MAY, JULY)
    committed_db.move_clock(OPEN_FOR + timedelta(seconds=1))
    erase_again()
    assert kept(tenant_id) == {made, later}
    ((_, said),) = recorded(tenant_id, "subject.erased_again")
    assert (said["files"], said["files_left"], said["holds"]) == (0, 1, [placed.public_id])
    release(placed)
    assert kept(tenant_id) == set()


def test_housekeeping_removes_only_exports_that_could_be_made_again(
    committed_db: CommittedDatabase, tenant_id: UUID
) -> None:
    hold(tenant_id)
    left = export(tenant_id)
    erase(tenant_id)
    export(tenant_id)
    committed_db.move_clock(KEPT + timedelta(days=1))
    assert remove_exports() == 1
    assert kept(tenant_id) == {left}


def test_a_hold_and_an_erasure_at_once_empty_all_or_leave_what_is_held(
    committed_db: CommittedDatabase,
) -> None:
    for _ in range(4):
        tenant = new_id()
        write_event(tenant, actor=ALICE, subject=subject_of_request(HELD), request_id=HELD, at=MAY)
        write_event(tenant, actor=ZELDA, at=JUNE)
        sequence_tenant(tenant_id=tenant)
        made = [report(tenant, MAY, JULY), export(tenant)]
        calls: list[Any] = [partial(erase, tenant), partial(hold, tenant)]
        outcomes: list[Any] = committed_db.at_once(calls)
        emptied, placed = outcomes
        assert (emptied.files, emptied.left) in {(2, 0), (0, 2)}
        assert kept(tenant) == (set(made) if emptied.left else set())
        release(placed)
        assert kept(tenant) == set()


def test_files_are_counted_in_words(tenant_id: UUID) -> None:
    assert [files_words(*each) for each in ((0, 0), (1, 0), (0, 2), (2, 1))] == [
        "", "1 report", "2 exports", "2 reports and 1 export",
    ]  # fmt: skip
    with tenant_transaction(tenant_id):
        assert held_files().holds == ()
