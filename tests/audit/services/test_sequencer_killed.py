"""Sequencers killed with -9 again and again under load: nothing lost, nothing twice."""

import os
import random
import subprocess
import sys
import threading
import time
from uuid import UUID

import pytest

from audit.models import LedgerEvent, LedgerLeaf, LedgerQueueItem
from audit.services.sequencer import sequence_all
from audit.services.verification import verify_tenant
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import write_event
from tests.conftest import DATABASE
from tests.support.services import ROOT, Services

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.life]

KILLS = 20


def start_sequencer(services: Services) -> "subprocess.Popen[bytes]":
    environment = os.environ | {
        "GOVAPP_ENV": "test",
        "DJANGO_SETTINGS_MODULE": "govapp.settings.test",
        "DATABASE_URL": services.app_url(DATABASE),
        "REDIS_URL": services.valkey.url,
    }
    return subprocess.Popen(
        [sys.executable, ROOT / "manage.py", "sequence_ledger", "--forever"],
        env=environment,
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )


def leaves(tenants: list[UUID]) -> int:
    total = 0
    for tenant_id in tenants:
        with tenant_transaction(tenant_id):
            total += LedgerLeaf.objects.count()
    return total


def kill_while_it_works(victim: "subprocess.Popen[bytes]", tenants: list[UUID]) -> None:
    before = leaves(tenants)
    while leaves(tenants) == before:
        time.sleep(0.01)
    time.sleep(random.random() / 20)  # noqa: S311 - anywhere in a batch
    victim.kill()
    victim.wait()


def test_killed_sequencers_lose_nothing_and_double_nothing(services: Services) -> None:
    tenants, stop, written = [new_id(), new_id()], threading.Event(), [0, 0]

    def write(number: int) -> None:
        from django.db import connection

        while not stop.is_set():
            write_event(tenants[number])
            written[number] += 1
        connection.close()

    writers = [threading.Thread(target=write, args=[number]) for number in (0, 1)]
    running = [start_sequencer(services), start_sequencer(services)]
    for writer in writers:
        writer.start()
    try:
        for kill in range(KILLS):
            kill_while_it_works(running.pop(0), tenants)
            if kill < KILLS - 2:
                running.append(start_sequencer(services))
    finally:
        stop.set()
        for writer in writers:
            writer.join()
        for process in running:
            process.kill()
            process.wait()
    while sequence_all():
        pass
    for tenant_id, count in zip(tenants, (1 + each for each in written), strict=True):
        with tenant_transaction(tenant_id):
            assert LedgerQueueItem.objects.count() == 0
            assert LedgerEvent.objects.count() == LedgerLeaf.objects.count() == count
        result = verify_tenant(tenant_id=tenant_id)
        assert (result.findings, result.events) == ([], count)
        assert count > KILLS
