"""Who has a turn when: what is due is found, growth is a hint, and tenants take turns."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import transaction

from audit.selectors.streams import Start
from audit.services.sequencer import sequence_tenant
from audit.services.stream_claims import claim_batch
from audit.services.stream_delivery import deliver_stream, sweep_streams
from audit.services.streams import (
    ask_for_test,
    pause_stream,
)
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import ALICE, sequenced_tenant
from tests.audit.streaming import (
    make_stream,
)
from tests.conftest import MoveClock
from tests.support.receiver import Receiver

pytestmark = pytest.mark.django_db


def hinted(monkeypatch: pytest.MonkeyPatch, module: str) -> list[tuple[str, UUID]]:
    """What is queued from now on by one module, instead of being sent to the broker."""
    found: list[tuple[str, UUID]] = []

    def keep(name: str, *, stream_id: UUID, tenant_id: UUID) -> None:
        found.append((name, stream_id))

    monkeypatch.setattr(f"{module}.enqueue_on_commit", keep)
    return found


def test_the_sweep_finds_what_is_due_and_tenants_take_turns(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, move_clock: MoveClock
) -> None:
    busy, quiet = sequenced_tenant(2), sequenced_tenant(2)
    first, second = (make_stream(busy, receiver.url, name=name)[0] for name in ("A", "B"))
    idle, _ = make_stream(busy, receiver.url, name="C", start=Start("index", "2"))
    paused, _ = make_stream(busy, receiver.url, name="D")
    only, _ = make_stream(quiet, receiver.url)
    with tenant_transaction(busy):
        pause_stream(actor=ALICE, stream_id=paused.pk)
        ask_for_test(actor=ALICE, stream_id=idle.pk)
    found = hinted(monkeypatch, "audit.services.stream_delivery")
    sweep = "audit.deliver_stream"
    sweep_streams()
    assert found == [(sweep, first.pk), (sweep, only.pk), (sweep, second.pk)]
    found.clear()
    sweep_streams(at_most=2)
    assert found == [(sweep, first.pk), (sweep, only.pk)]
    found.clear()
    with tenant_transaction(busy):
        claim_batch(first.pk)
    sweep_streams()
    assert (sweep, first.pk) not in found
    found.clear()
    move_clock(timedelta(minutes=2))
    sweep_streams()
    assert ("audit.test_stream", idle.pk) in found
    assert (sweep, first.pk) in found


def test_growth_of_the_record_is_a_hint(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant_id = sequenced_tenant(2)
    stream, _ = make_stream(tenant_id, receiver.url)
    taken, _ = make_stream(tenant_id, receiver.url, name="Taken")
    with tenant_transaction(tenant_id):
        claim_batch(taken.pk)
    found = hinted(monkeypatch, "audit.services.stream_hints")
    sequence_tenant(tenant_id=tenant_id)
    assert found == [("audit.deliver_stream", stream.pk)]


def test_when_the_time_is_over_others_have_a_turn(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant_id = sequenced_tenant(3)
    stream, _ = make_stream(tenant_id, receiver.url, at_once=1)
    found = hinted(monkeypatch, "audit.services.stream_delivery")
    with transaction.atomic():
        sent = deliver_stream(tenant_id=tenant_id, stream_id=stream.pk, seconds=0)
    assert (sent, found) == (1, [("audit.deliver_stream", stream.pk)])
