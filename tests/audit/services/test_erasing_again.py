"""Somebody writes a name while it is being erased: it is found, and erased as well."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread
from uuid import UUID

import pytest
from django.db import connections
from django.db.models import Q

from audit.actors import Actor, Subject
from audit.models import LedgerErasure, LedgerEvent, LedgerSubject, Report
from audit.selectors.events import EventFilter, list_events
from audit.services import record
from audit.services.commitments import forget_keys
from audit.services.erasing_again import OPEN_FOR, erase_again
from audit.services.erasure import erase_subject
from audit.services.sequencer import sequence_tenant
from audit.services.verification import verify_tenant
from govapp.common.sealing import unseal
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import sequenced_tenant, write_event
from tests.support.committed import CommittedDatabase

NAME, ADDRESS = "Zelda Quist", "zelda.quist@acme.example"
ZELDA = Actor("person", "mem_zelda", NAME)
CARL = Actor("person", "mem_carl", "Carl")
GONE = "an erased person"


@pytest.fixture
def tenant_id(committed_db: CommittedDatabase) -> UUID:
    """A record in which she is named already."""
    tenant = sequenced_tenant(2)
    write_event(tenant, actor=ZELDA, summary=f"{NAME} came.")
    return tenant


@contextmanager
def another_writer(tenant_id: UUID) -> Iterator[None]:
    """Another process has written her name, and commits when the block ends."""
    has_written, may_commit, failed = Event(), Event(), []

    def write() -> None:
        try:
            with tenant_transaction(tenant_id):
                # A process that has never written about her knows none of her keys.
                forget_keys(ZELDA.id)
                record(
                    event_type="vote.cast", actor=ZELDA, subject=Subject("x", "x_1", "It"),
                    summary=f"{NAME} approved it.",
                )  # fmt: skip
                Report.objects.create(
                    kind="oversight", requested_by_id=ZELDA.id, requested_by_name=NAME
                )
                has_written.set()
                assert may_commit.wait(60)
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            has_written.set()
            connections.close_all()

    thread = Thread(target=write)
    thread.start()
    try:
        assert has_written.wait(60)
        yield
    finally:
        may_commit.set()
        thread.join(60)
    assert failed == []


def erase(tenant_id: UUID) -> None:
    with tenant_transaction(tenant_id):
        erase_subject(
            actor=CARL, ref=ZELDA.id, reason="She asked.", texts=[(ADDRESS, GONE), (NAME, GONE)]
        )


def names_read(tenant_id: UUID) -> list[str]:
    """Who acted, as the pages read it, newest first."""
    with tenant_transaction(tenant_id):
        rows = list_events(EventFilter(actor=ZELDA.id)).rows
    return [row.body["actor"]["name"] for row in rows]


def found_again(tenant_id: UUID) -> list[dict[str, object]]:
    with tenant_transaction(tenant_id):
        rows = LedgerEvent.objects.filter(type="subject.erased_again").order_by("id")
        return [json.loads(bytes(body))["data"] for body in rows.values_list("body", flat=True)]


def test_what_was_written_meanwhile_is_erased_by_the_next_look(
    committed_db: CommittedDatabase, tenant_id: UUID
) -> None:
    with another_writer(tenant_id):
        erase(tenant_id)
        assert names_read(tenant_id) == [GONE]
        assert erase_again() == 0  # nothing of it can be seen yet
    assert names_read(tenant_id) == [NAME, GONE]  # the race: this is what has to be found
    assert erase_again() == 1
    assert names_read(tenant_id) == [GONE, GONE]
    assert found_again(tenant_id) == [{"refs": [ZELDA.id], "keys": 1, "rows": 0, "files": 0}]
    assert erase_again() == 0
    committed_db.move_clock(OPEN_FOR + timedelta(seconds=1))
    # Now no such writer can be left: the tables are looked through once more.
    assert erase_again() == 1
    with tenant_transaction(tenant_id):
        (report,) = Report.objects.all()
        (erasure,) = LedgerErasure.objects.all()
        assert not LedgerSubject.objects.filter(ref=ZELDA.id, key_sealed__isnull=False).exists()
    assert report.requested_by_name == GONE
    assert (erasure.texts_sealed, erasure.closed_at is not None) == (None, True)
    assert [each["rows"] for each in found_again(tenant_id)] == [0, 1]
    while sequence_tenant(tenant_id=tenant_id):
        pass
    assert verify_tenant(tenant_id=tenant_id).findings == []


def test_the_name_is_kept_sealed_until_then_and_no_longer(
    committed_db: CommittedDatabase, tenant_id: UUID
) -> None:
    erase(tenant_id)
    with tenant_transaction(tenant_id):
        (kept,) = LedgerErasure.objects.all()
    sealed = bytes(kept.texts_sealed or b"")
    assert NAME.encode() not in sealed
    assert json.loads(unseal(sealed)) == [[ADDRESS, GONE], [NAME, GONE]]
    committed_db.move_clock(OPEN_FOR + timedelta(seconds=1))
    assert erase_again() == 0
    assert found_again(tenant_id) == []
    with tenant_transaction(tenant_id):
        assert LedgerErasure.objects.filter(Q(texts_sealed=None), ~Q(closed_at=None)).count() == 1


def test_files_that_were_made_meanwhile_go_in_the_end(
    committed_db: CommittedDatabase, tenant_id: UUID
) -> None:
    erase(tenant_id)
    with tenant_transaction(tenant_id):
        Report.objects.create(
            kind="oversight", requested_by_id=CARL.id, requested_by_name=CARL.name,
            status="ready", content=NAME.encode(),
        )  # fmt: skip
    committed_db.move_clock(OPEN_FOR + timedelta(seconds=1))
    erase_again()
    with tenant_transaction(tenant_id):
        assert Report.objects.get().content is None
    assert [each["files"] for each in found_again(tenant_id)] == [1]


def test_one_that_cannot_be_closed_leaves_the_others_alone(
    committed_db: CommittedDatabase, tenant_id: UUID
) -> None:
    other = sequenced_tenant(2)
    with tenant_transaction(other):
        broken = LedgerErasure.objects.create(refs=["mem_other"], texts_sealed=b"not sealed")
    erase(tenant_id)
    committed_db.move_clock(OPEN_FOR + timedelta(seconds=1))
    erase_again()
    with tenant_transaction(tenant_id):
        assert LedgerErasure.objects.filter(closed_at=None).count() == 0
    with tenant_transaction(other):
        assert LedgerErasure.objects.filter(closed_at=None).get() == broken


def test_who_comes_back_later_under_the_same_address_keeps_what_is_new(
    committed_db: CommittedDatabase, tenant_id: UUID
) -> None:
    erase(tenant_id)
    committed_db.move_clock(OPEN_FOR + timedelta(seconds=1))
    write_event(tenant_id, actor=ZELDA, summary=f"{NAME} came back.")
    assert erase_again() == 0
    assert names_read(tenant_id) == [NAME, GONE]
    erase(tenant_id)  # and may be erased again
    assert names_read(tenant_id) == [GONE, GONE]


def test_two_who_look_at_once_find_it_once(
    committed_db: CommittedDatabase, tenant_id: UUID
) -> None:
    with another_writer(tenant_id):
        erase(tenant_id)
    assert sorted(committed_db.at_once([erase_again] * 4)) == [0, 0, 0, 1]  # type: ignore[type-var]
    assert len(found_again(tenant_id)) == 1


def test_writers_and_erasures_at_the_same_moment_leave_no_name(
    committed_db: CommittedDatabase, tenant_id: UUID
) -> None:
    def write() -> None:
        with tenant_transaction(tenant_id):
            forget_keys(ZELDA.id)
            record(
                event_type="vote.cast", actor=ZELDA, subject=Subject("x", "x_1", "It"),
                summary=f"{NAME} approved it.",
            )  # fmt: skip

    outcomes = committed_db.at_once([write, write, lambda: erase(tenant_id), write, write])
    assert outcomes == [None] * 5
    erase_again()
    assert names_read(tenant_id) == [GONE] * 5
