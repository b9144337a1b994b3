"""Writing events: one or many, the same bytes."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from audit.actors import SYSTEM, Actor, Subject
from audit.merkle.canonical import CanonicalError
from audit.models import LedgerEvent, LedgerQueueItem
from audit.services import Entry, record, record_many
from govapp.common import clock
from govapp.common.ids import new_id, public_id
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tests.support.committed import CommittedDatabase

SUBJECT = Subject("action_request", "ar_1", "Pay")
PERSON = Actor("person", "mem_1", "Alice")


def entries(count: int, **fields: Any) -> list[Entry]:
    return [Entry("timer.reminded", SYSTEM, SUBJECT, f"No. {n}", **fields) for n in range(count)]


def nameless(event: LedgerEvent) -> bytes:
    """The body without the id and the commitments, which differ each time."""
    body = bytes(event.body).replace(public_id("ev", event.pk).encode(), b"")
    return re.sub(rb'"hmac":"[0-9a-f]{64}"', b"", body)


@pytest.mark.django_db
@pytest.mark.parametrize("count", [0, 1, 8, 9, 100])
def test_any_number_is_written_in_order_with_a_place_in_the_queue_each(count: int) -> None:
    with tenant_transaction(new_id()):
        record_many(entries(count))
        written = list(LedgerEvent.objects.order_by("pk"))
        places = LedgerQueueItem.objects.order_by("pk").values_list("event_id", flat=True)
        assert [f'"summary":"No. {n}"'.encode() in each.body for n, each in enumerate(written)] == (
            [True] * count
        )
        assert list(places) == [each.pk for each in written]
        assert len({each.occurred_at for each in written}) == min(count, 1)


@pytest.mark.django_db
def test_many_are_written_with_the_bytes_and_columns_of_one() -> None:
    fields: dict[str, Any] = {
        "data": {"n": 1, "deep": [{"ö": "e\u0301"}]},
        "request_id": new_id(),
        "on_behalf_of": PERSON,
    }
    with tenant_transaction(new_id()):
        at = clock.now() - timedelta(hours=1)
        one = record(
            event_type="timer.reminded",
            actor=SYSTEM,
            subject=SUBJECT,
            summary="No. 0",
            at=at,
            **fields,
        )
        record_many([entries(1, at=at, **fields)[0]] * 20)
        seen = {
            (
                nameless(each),
                each.type,
                each.occurred_at,
                each.actor_kind,
                each.actor_id,
                each.subject_type,
                each.subject_id,
                each.request_id,
            )
            for each in LedgerEvent.objects.all()
        }
        assert len(seen) == 1
        assert LedgerEvent.objects.count() == 21
        assert LedgerEvent.objects.get(pk=one.pk).occurred_at == at


@pytest.mark.django_db
def test_many_cost_no_more_statements_than_few() -> None:
    with tenant_transaction(new_id()):
        at = clock.now()
        counts = []
        for count in (9, 300):
            with CaptureQueriesContext(connection) as seen:
                record_many(entries(count, at=at))
            counts.append(len(seen))
    assert counts == [1, 1]


@pytest.mark.django_db
@pytest.mark.parametrize("count", [3, 30])
def test_when_one_cannot_be_written_none_is(count: int) -> None:
    with tenant_transaction(new_id()):
        with pytest.raises(CanonicalError):
            record_many([*entries(count), *entries(1, data={"cost": 0.5})])
        assert LedgerEvent.objects.count() == 0


@pytest.mark.parametrize("count", [1, 30])
def test_an_event_belongs_to_a_change(count: int, committed_db: CommittedDatabase) -> None:
    with bind_tenant(new_id()), pytest.raises(transaction.TransactionManagementError):
        record_many(entries(count))
