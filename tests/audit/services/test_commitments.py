"""Keys of subjects: made once, never asked for, never lost, and destroyed for good."""

import json
from contextlib import AbstractContextManager, suppress

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from audit.actors import SYSTEM, Actor, Content, Subject, Words
from audit.models import LedgerDisclosure, LedgerEvent, LedgerSubject
from audit.selectors.disclosures import disclosures_of
from audit.selectors.subjects import what_is_held
from audit.services import Entry, record, record_many
from audit.services.erasure import erase_subject
from govapp.common import clock
from govapp.common.errors import Conflict
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from govapp.common.writing import unit_of_work
from tests.audit.books import ALICE, write_event, write_events
from tests.support.committed import CommittedDatabase
from tests.support.recorded import read

OFFICER = Actor("person", "mem_officer", "Olga")


def refs() -> list[str]:
    return sorted(LedgerSubject.objects.values_list("ref", flat=True))


def test_one_key_serves_every_later_event_of_a_process(committed_db: CommittedDatabase) -> None:
    tenant_id = new_id()
    first, second = (write_event(tenant_id) for _ in range(2))
    with tenant_transaction(tenant_id):
        assert refs() == ["mem_alice"]
        keys = LedgerDisclosure.objects.values_list("event_id", "subject_key_id").order_by("id")
        assert [ident for ident, _ in keys] == [first.pk, second.pk]
        assert len({key for _, key in keys}) == 1
        assert read(second)["summary"] == "Alice Archer renamed the agent payer."


def test_a_known_key_costs_no_statement_and_an_unknown_one_neither(
    committed_db: CommittedDatabase,
) -> None:
    tenant_id, counts = new_id(), []
    for _ in range(2):
        with tenant_transaction(tenant_id):
            at = clock.now()
            with CaptureQueriesContext(connection) as seen, unit_of_work():
                record_many([Entry("x.happened", ALICE, Subject("x", "y", "z"), "It did.", at=at)])
            counts.append(len(seen))
    assert counts == [1, 1]


def undo(block: AbstractContextManager[None], entries: list[Entry]) -> None:
    """Record in a block that raises."""
    with suppress(RuntimeError), block:
        record_many(entries)
        raise RuntimeError


@pytest.mark.parametrize("count", [1, 30])
def test_a_key_that_was_undone_is_written_again(
    count: int, committed_db: CommittedDatabase
) -> None:
    tenant_id = new_id()
    entries = [Entry("x.happened", ALICE, Subject("x", "y", "z"), "Alice Archer did.")] * count
    with tenant_transaction(tenant_id):
        undo(transaction.atomic(), entries)
        with unit_of_work():
            undo(unit_of_work(), entries)
        record_many(entries)
    write_event(tenant_id)
    with tenant_transaction(tenant_id):
        events = list(LedgerEvent.objects.all())
        assert len(events) == count + 1
        assert {read(each)["actor"]["name"] for each in events} == {"Alice Archer"}


@pytest.mark.django_db
def test_what_is_erased_reads_so_and_the_bytes_stay() -> None:
    tenant_id = new_id()
    event = write_event(
        tenant_id, data={"reason": Words("I dislike it", "mem_alice"), "n": 1},
        summary="Alice Archer refused: I dislike it",
    )  # fmt: skip
    with tenant_transaction(tenant_id):
        assert b"Alice" not in bytes(event.body)
        assert [(each.number, each.of) for each in disclosures_of([event.pk])] == [
            (1, "mem_alice"),
            (2, "mem_alice"),
        ]
        assert what_is_held(["mem_alice"]).events == 1
        erased = erase_subject(actor=OFFICER, ref="mem_alice", reason="She asked for it")
        assert (erased.refs, erased.emptied.files) == (("mem_alice",), 0)
        assert list(disclosures_of([event.pk])) == []
        said = read(event)
        assert said["summary"] == "an erased person refused: [erased]"
        assert said["data"] == {"reason": "[erased]", "n": 1}
        assert bytes(LedgerEvent.objects.get(pk=event.pk).body) == bytes(event.body)
        held = what_is_held(["mem_alice"])
        assert (held.events, held.erased_at is None) == (0, False)
        kept = read(LedgerEvent.objects.get(type="subject.erased"))
        assert kept["summary"] == "Olga erased mem_alice from the record: She asked for it"
        with pytest.raises(Conflict):
            erase_subject(actor=OFFICER, ref="mem_alice", reason="Once more")


@pytest.mark.django_db
def test_a_request_is_erased_without_the_people_who_decided_on_it() -> None:
    with tenant_transaction(new_id()):
        recorded = record(
            event_type="vote.cast", actor=ALICE,
            subject=Subject("action_request", "ar_1", "Pay Bob 5"),
            summary="Alice Archer approved “Pay Bob 5”",
            data={"payload": Content('{"to":"Bob"}', "ar_1")},
        )  # fmt: skip
        event = LedgerEvent.objects.get(pk=recorded.pk)
        erase_subject(actor=SYSTEM, ref="ar_1", reason="The customer asked for it")
        assert read(event)["summary"] == "Alice Archer approved “[erased]”"
        assert read(event)["data"] == {"payload": "[erased]"}


@pytest.mark.django_db
def test_a_key_can_become_empty_and_nothing_else() -> None:
    tenant_id = new_id()
    write_event(tenant_id)
    with tenant_transaction(tenant_id):
        keys = LedgerSubject.objects.filter(ref="mem_alice")
        for change in ({"key_sealed": b"another"}, {"ref": "mem_bob"}):
            with pytest.raises(DatabaseError), transaction.atomic():
                keys.update(**change)
        with pytest.raises(DatabaseError), transaction.atomic():
            keys.delete()
        with pytest.raises(DatabaseError), transaction.atomic():
            LedgerDisclosure.objects.update(sealed=b"")
        keys.update(key_sealed=None)
        with pytest.raises(DatabaseError), transaction.atomic():
            keys.update(key_sealed=b"back")


@pytest.mark.django_db
def test_events_of_version_1_are_read_as_they_are() -> None:
    tenant_id = new_id()
    with tenant_transaction(tenant_id):
        old = {"v": 1, "actor": {"name": "Alice ⟦1⟧"}, "summary": "⟦0⟧"}
        event = LedgerEvent.objects.create(
            type="x.happened", occurred_at=clock.now(), actor_kind="person", actor_id="mem_1",
            subject_type="x", subject_id="y", body=json.dumps(old, ensure_ascii=False).encode(),
        )  # fmt: skip
        assert read(event) == old


@pytest.mark.django_db
def test_disclosures_cost_one_query_however_many_events() -> None:
    tenant_id = new_id()
    idents = write_events(tenant_id, 5)
    with tenant_transaction(tenant_id):
        for some in (idents[:1], idents):
            with CaptureQueriesContext(connection) as seen:
                assert len(list(disclosures_of(some))) == len(some)
            assert len(seen) == 1
