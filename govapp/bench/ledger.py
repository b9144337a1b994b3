"""`ledger`: what an event costs beside a bare INSERT, how soon it has its place, and verifying."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache
from signal import SIGTERM
from uuid import UUID

import psycopg

from govapp.bench.figures import Figure, at_least, at_most, missing, note, percentile
from govapp.bench.ground import Ground, as_superuser
from govapp.runtime.processes import spawn, stop_child
from govapp.runtime.state import ROOT

_RAW = (
    "INSERT INTO audit_ledgerevent (id, tenant_id, type, occurred_at, actor_kind, actor_id,"
    " subject_type, subject_id, body)"
    " VALUES (uuidv7(), %s, 'bench.happened', now(), 'system', 'bench', 'report', %s, %s)"
)


def run(ground: Ground) -> Iterator[Figure]:
    """Yield append, merge delay and verification."""
    seconds = ground.seconds(3)
    appended = _rate(_appending(ground), seconds)
    with psycopg.connect(ground.services.app_url, prepare_threshold=1) as connection:
        raw = _rate(_raw(ground, connection), seconds)
        _without_raw(ground)
    yield at_least(
        "append, one hot tenant", appended, raw, unit="/s", name="INSERT+COMMIT", target=0.7
    )
    yield from _merging(ground)
    yield from _verifying(ground)


@cache
def _tenant_of(number: int) -> UUID:
    from govapp.bench.company import make_company

    return make_company(lifetime=timedelta(days=1), slug=f"record{number}", agents=1).tenant_id


def _tenant(_: Ground) -> UUID:
    """A tenant of its own: the floor's copies of events are none, and verifying says so."""
    return _tenant_of(1)


def _appending(ground: Ground) -> Callable[[], None]:
    from audit.actors import SYSTEM, Subject
    from audit.services import record
    from govapp.common.tenancy import tenant_transaction

    subject = Subject("report", "rp_bench", "Benchmark")

    def append() -> None:
        with tenant_transaction(_tenant(ground)):
            record(event_type="bench.happened", actor=SYSTEM, subject=subject, summary="It did.")

    return append


def _raw(ground: Ground, connection: psycopg.Connection[tuple[object, ...]]) -> Callable[[], None]:
    tenant, content = _tenant(ground), b"x" * 330

    def insert() -> None:
        connection.execute("SELECT set_config('app.tenant_id', %s, true)", [str(tenant)])
        connection.execute(_RAW, [tenant, "rp_bench", content])
        connection.commit()

    return insert


def _without_raw(ground: Ground) -> None:
    """Take the bare rows out again: they are no events, and verification would say so."""
    with as_superuser(ground) as connection:
        connection.execute("DELETE FROM audit_ledgerevent WHERE body = %s", [b"x" * 330])


def _rate(work: Callable[[], None], seconds: float) -> float:
    for _ in range(20):
        work()
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        work()
        done += 1
    return done / (time.perf_counter() - began)


def _merging(ground: Ground) -> Iterator[Figure]:
    """Append at a steady pace while the sequencer of `./run` works."""
    from govapp.common import clock

    append = _appending(ground)
    command = [sys.executable, str(ROOT / "manage.py"), "sequence_ledger", "--forever"]
    log = ground.services.directory / "logs" / "sequencer.log"
    with log.open("ab") as output:
        process = spawn(command, env=ground.environment, cwd=ROOT, output=output)
    try:
        _until_sequenced(ground)
        began, since, count = time.monotonic(), clock.now(), 0
        while time.monotonic() - began < ground.seconds(6):
            append()
            count += 1
            time.sleep(0.01)
        _until_sequenced(ground)
    finally:
        stop_child(process, (SIGTERM, 10.0))
    delays = _delays(ground, since)
    yield at_most(
        f"merge delay p99, {count} events",
        percentile(delays, 99) * 1000,
        unit="ms",
        target=2000,
        note=f"p50 {percentile(delays, 50) * 1000:.0f} ms",
    )


def _until_sequenced(ground: Ground) -> None:
    from audit.models import LedgerQueueItem
    from govapp.common.tenancy import tenant_transaction

    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        with tenant_transaction(_tenant(ground)):
            if not LedgerQueueItem.objects.exists():
                return
        time.sleep(0.1)
    raise RuntimeError("The sequencer did not keep up.")


def _delays(ground: Ground, since: datetime) -> list[float]:
    """Return, for each event, the seconds until the first checkpoint that covers it."""
    from django.db import connection

    from govapp.common.tenancy import tenant_transaction

    with tenant_transaction(_tenant(ground)), connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM (SELECT min(signed_at) FROM audit_ledgercheckpoint"
            " WHERE size > l.index) - e.occurred_at)::float8"
            " FROM audit_ledgerevent e JOIN audit_ledgerleaf l ON l.event_id = e.id"
            " WHERE e.occurred_at >= %s",
            [since],
        )
        return [delay for (delay,) in cursor.fetchall() if delay is not None]


_VERIFY = """
import resource, sys, time
from uuid import UUID
import django
django.setup()
from audit.services.verification import verify_tenant
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.process_time()
result = verify_tenant(tenant_id=UUID(sys.argv[1]))
took = time.process_time() - began
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(result.is_intact, result.size, took, (after - before) / 1024)
"""


def _verifying(ground: Ground) -> Iterator[Figure]:
    """Verify in a process of its own; its CPU time is measured, so that neighbours do not count."""
    append = _appending(ground)
    from audit.services.sequencer import sequence_tenant

    for _ in range(ground.size(2_000, 20)):
        append()
    while sequence_tenant(tenant_id=_tenant(ground)):
        pass
    done = subprocess.run(
        [sys.executable, "-c", _VERIFY, str(_tenant(ground))],
        env=ground.environment | {"DJANGO_SETTINGS_MODULE": "govapp.settings.dev"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    words = done.stdout.split()
    if len(words) != 4:
        yield missing("verification", done.stderr.strip().splitlines()[-1][:60])
        return
    intact, size, took, grown = words[0], int(words[1]), float(words[2]), float(words[3])
    if intact != "True":
        raise RuntimeError("The record of the benchmark does not verify.")
    seconds = took / size * 1_000_000
    yield at_most(f"1,000,000 events verified (from {size:,})", seconds, unit="s", target=5)
    yield note("memory that verifying adds", f"{grown:.0f} MB", "target of 10^6 events: 64 MB")
