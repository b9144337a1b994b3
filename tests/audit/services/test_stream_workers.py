"""Streams with several workers: one at a time, killed in the middle, and events that are gone."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

from audit.models import LedgerLeaf
from audit.services.sequencer import sequence_tenant
from audit.services.stream_claims import LEASE
from govapp.common.clock import shift_clock
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import sequenced_tenant, write_events
from tests.audit.conftest import Run
from tests.audit.streaming import (
    deliver,
    fresh,
    hashed_lines,
    indexes_of,
    lines_of,
    make_stream,
    recorded,
)
from tests.conftest import DATABASE
from tests.support.committed import CommittedDatabase
from tests.support.receiver import Receiver, running_receiver
from tests.support.services import ROOT, Services

_WORKER = """
import sys
from uuid import UUID
import django
django.setup()
from audit.services.stream_delivery import deliver_stream
deliver_stream(tenant_id=UUID(sys.argv[1]), stream_id=UUID(sys.argv[2]))
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An HTTP server on loopback."""
    with running_receiver() as running:
        yield running


def test_two_workers_keep_the_order_and_send_nothing_twice(
    committed_db: CommittedDatabase, receiver: Receiver
) -> None:
    tenant_id = sequenced_tenant(30)
    stream, _ = make_stream(tenant_id, receiver.url, at_once=2)
    for _ in range(3):
        write_events(tenant_id, 9)
        sequence_tenant(tenant_id=tenant_id)
        sent = committed_db.at_once([partial(deliver, stream)] * 4)
        assert [each for each in sent if isinstance(each, Exception)] == []
        deliver(stream)  # what came when the first had just found nothing more
    assert lines_of(receiver.received) == hashed_lines(tenant_id)
    batches = indexes_of(receiver.received)
    assert [first for first, _ in batches[1:]] == [last + 1 for _, last in batches[:-1]]


def test_a_worker_killed_while_it_sends_loses_nothing(
    committed: None, services: Services, receiver: Receiver
) -> None:
    tenant_id = sequenced_tenant(5)
    stream, _ = make_stream(tenant_id, receiver.url, at_once=3)
    receiver.held = threading.Event()
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER, str(tenant_id), str(stream.pk)],
        cwd=ROOT,
        env=os.environ
        | {
            "GOVAPP_ENV": "test",
            "DJANGO_SETTINGS_MODULE": "govapp.settings.test",
            "DATABASE_URL": services.app_url(DATABASE),
            "REDIS_URL": services.valkey.url,
        },
    )
    while not receiver.received and worker.poll() is None:
        time.sleep(0.02)
    worker.send_signal(signal.SIGKILL)
    assert worker.wait() == -signal.SIGKILL
    receiver.held.set()
    assert fresh(stream).cursor == 0
    assert deliver(stream) == 0
    shift_clock(LEASE)
    assert deliver(stream) == 5
    lost, again, rest = receiver.received
    assert (lost.headers["webhook-id"], lost.body) == (again.headers["webhook-id"], again.body)
    assert indexes_of([again, rest]) == [(0, 2), (3, 4)]
    assert lines_of([again, rest]) == hashed_lines(tenant_id)


def test_what_was_pruned_before_it_was_sent_is_said(
    receiver: Receiver, committed: None, forge: Run
) -> None:
    tenant_id = sequenced_tenant(6)
    with tenant_transaction(tenant_id):
        gone = list(LedgerLeaf.objects.filter(index__in=[1, 2]).values_list("event_id", flat=True))
    for table in ("audit_ledgerdisclosure WHERE event_id", "audit_ledgerevent WHERE id"):
        forge(f"DELETE FROM {table} = ANY(%s)", gone)  # noqa: S608 - two words of ours
    stream, _ = make_stream(tenant_id, receiver.url)
    assert deliver(stream) == 4
    assert fresh(stream).passed_over == 2
    assert [data for kind, data in recorded(tenant_id) if kind.endswith("passed_over")] == [
        {
            "name": "SIEM", "kind": "webhook", "host": f"http://127.0.0.1:{receiver.port}",
            "format": "jsonl", "discloses": False, "from_index": 0, "until_index": 6, "count": 2,
        }
    ]  # fmt: skip
