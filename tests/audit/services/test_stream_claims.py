"""What a stream takes next: with a filter that is searched, only what can be searched already."""

import json
from collections.abc import Iterator
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import AuditStream
from audit.selectors import streams as reading
from audit.services import stream_claims
from audit.services.search_index import index_tenant, rebuild_index
from audit.services.sequencer import sequence_tenant
from audit.services.stream_claims import claim_batch
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import ALICE, PAYER, index_now, write_event
from tests.audit.streaming import deliver, fresh, lines_of, make_stream
from tests.conftest import MoveClock
from tests.support.receiver import Receiver, running_receiver

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An HTTP server on loopback."""
    with running_receiver() as running:
        yield running


@pytest.fixture
def tenant_id() -> UUID:
    """A tenant with three events of a person, three of an agent: all with a place, none indexed."""
    found = new_id()
    for number in range(3):
        write_event(found, summary=f"Alice Archer ate marmalade {number}.", actor=ALICE)
        write_event(found, summary=f"payer paid {number}.", actor=PAYER)
    sequence_tenant(tenant_id=found)
    return found


def said(receiver: Receiver) -> list[str]:
    return [json.loads(line)["summary"] for line in lines_of(receiver.received)]


PAID = ["payer paid 0.", "payer paid 1.", "payer paid 2."]
# That a stream was made is an event as well, which has the words of its filter.
WORDS = {"text": "pai", "kind": "agent"}


@pytest.mark.parametrize("only", [{"kind": "agent"}, WORDS])
def test_what_is_not_indexed_yet_waits_and_is_sent_once(
    tenant_id: UUID, receiver: Receiver, only: dict[str, str]
) -> None:
    stream, _ = make_stream(tenant_id, receiver.url, only=only, discloses=True)
    assert deliver(stream) == 0
    assert fresh(stream).cursor == 0
    index_tenant(tenant_id=tenant_id, batch=4)
    deliver(stream)
    assert fresh(stream).cursor == 4
    index_now(tenant_id)
    deliver(stream)
    assert said(receiver) == PAID
    write_event(tenant_id, summary="payer paid 3.", actor=PAYER)
    sequence_tenant(tenant_id=tenant_id)
    assert deliver(stream) == 0
    index_now(tenant_id)
    assert deliver(stream) == 1
    assert said(receiver) == [*PAID, "payer paid 3."]


def test_an_index_that_is_made_again_loses_nothing(tenant_id: UUID, receiver: Receiver) -> None:
    stream, _ = make_stream(tenant_id, receiver.url, only={"kind": "agent"}, discloses=True)
    index_now(tenant_id)
    assert deliver(stream) == 3
    write_event(tenant_id, summary="payer paid 3.", actor=PAYER)
    sequence_tenant(tenant_id=tenant_id)
    rebuild_index(tenant_id=tenant_id)
    assert deliver(stream) == 0
    index_tenant(tenant_id=tenant_id, batch=3)  # less than what was sent already
    assert deliver(stream) == 0
    index_now(tenant_id)
    assert deliver(stream) == 1
    assert said(receiver) == [*PAID, "payer paid 3."]


def test_a_batch_is_sent_again_as_it_was_when_the_index_is_there_again(
    tenant_id: UUID, receiver: Receiver, move_clock: MoveClock
) -> None:
    stream, _ = make_stream(tenant_id, receiver.url, only=WORDS)
    index_now(tenant_id)
    with tenant_transaction(tenant_id):
        assert claim_batch(stream.pk) is not None  # and its worker dies
    move_clock(stream_claims.LEASE)
    rebuild_index(tenant_id=tenant_id)
    index_tenant(tenant_id=tenant_id, batch=3)
    assert deliver(stream) == 0
    index_now(tenant_id)
    assert deliver(stream) == 3
    assert len(receiver.received) == 1


def test_only_the_leaves_of_the_window_are_looked_up(
    tenant_id: UUID, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "WINDOW", 2)
    stream, _ = make_stream(tenant_id, receiver.url, only=WORDS, at_once=1)
    index_now(tenant_id)

    with CaptureQueriesContext(connection) as captured, tenant_transaction(tenant_id):
        assert claim_batch(stream.pk) is not None
    assert [each["sql"] for each in captured if "door_search" in each["sql"]] == []
    with tenant_transaction(tenant_id):
        AuditStream.objects.update(lease_until=None, sending_until=None)
    assert deliver(stream) == 3
    assert len(receiver.received) == 3


def test_a_text_without_a_word_finds_nothing_and_goes_on(
    tenant_id: UUID, receiver: Receiver
) -> None:
    stream, _ = make_stream(tenant_id, receiver.url, only={"text": "!!!"})
    index_now(tenant_id)
    assert deliver(stream) == 0
    assert fresh(stream).cursor > 6
