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

KILLS = 100


class Sequencers:
    """Starts sequencers as fast as they are killed."""

    def __init__(self, services: Services) -> None:
        environment = os.environ | {
            "GOVAPP_ENV": "test",
            "DJANGO_SETTINGS_MODULE": "govapp.settings.test",
            "DATABASE_URL": services.app_url(DATABASE),
            "REDIS_URL": services.valkey.url,
        }
        self._launcher = subprocess.Popen(
            [sys.executable, "-m", "tests.audit.services.forked_sequencers"],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def tell(self, what: str) -> None:
        """ "start" one, or "kill" the oldest."""
        assert self._launcher.stdin is not None
        assert self._launcher.stdout is not None
        self._launcher.stdin.write(f"{what}\n")
        self._launcher.stdin.flush()
        assert self._launcher.stdout.readline() == "done\n"

    def end(self) -> None:
        """Kill whoever runs; each has worked until it was killed."""
        self._launcher.communicate()
        assert self._launcher.returncode == 0


def leaves(tenants: list[UUID]) -> int:
    total = 0
    for tenant_id in tenants:
        with tenant_transaction(tenant_id):
            total += LedgerLeaf.objects.count()
    return total


def kill_while_it_works(sequencers: Sequencers, tenants: list[UUID]) -> None:
    before = leaves(tenants)
    while leaves(tenants) == before:
        time.sleep(0.01)
    time.sleep(random.random() / 20)  # noqa: S311 - anywhere in a batch
    sequencers.tell("kill")


def test_killed_sequencers_lose_nothing_and_double_nothing(services: Services) -> None:
    tenants, stop, written = [new_id(), new_id()], threading.Event(), [0, 0]

    def write(number: int) -> None:
        from django.db import connection

        while not stop.is_set():
            write_event(tenants[number])
            written[number] += 1
        connection.close()

    writers = [threading.Thread(target=write, args=[number]) for number in (0, 1)]
    sequencers = Sequencers(services)
    sequencers.tell("start")
    for writer in writers:
        writer.start()
    try:
        for _ in range(KILLS):
            sequencers.tell("start")  # two run at a time
            kill_while_it_works(sequencers, tenants)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
        sequencers.end()
    while sequence_all():
        pass
    for tenant_id, count in zip(tenants, (1 + each for each in written), strict=True):
        with tenant_transaction(tenant_id):
            assert LedgerQueueItem.objects.count() == 0
            assert LedgerEvent.objects.count() == LedgerLeaf.objects.count() == count
        result = verify_tenant(tenant_id=tenant_id)
        assert (result.findings, result.events) == ([], count)
        assert count > KILLS
