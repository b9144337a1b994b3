"""`ledger`: what an event costs beside a bare INSERT, how soon it has its place, and explaining."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from signal import SIGTERM
from uuid import UUID

import psycopg

from govapp.bench.appending import Connection, appender, appending, inserter, tenants_of
from govapp.bench.figures import Figure, at_most, percentile
from govapp.bench.ground import Ground
from govapp.bench.verifying import verified
from govapp.runtime.processes import spawn, stop_child
from govapp.runtime.state import ROOT


def run(ground: Ground) -> Iterator[Figure]:
    """Yield append, merge delay, explanation and verification."""
    seconds = ground.seconds(4)
    with psycopg.connect(ground.services.app_url, prepare_threshold=1) as connection:
        yield from appending(connection, seconds)
        yield _end_to_end(ground, connection)
    yield _merging(ground)
    yield _explaining(ground)
    yield from verified(ground)


def _end_to_end(ground: Ground, connection: Connection) -> Figure:
    """Append while the sequencer of `./run` works, until all is under a signed checkpoint."""
    tenants = tenants_of("end", 1)
    append, count = appender(tenants), ground.size(4_000, 40)
    raw = inserter(connection, tenants_of("raw", 1))
    with _sequencing(ground, tenants):
        began = time.perf_counter()
        for _ in range(count):
            append()
        _until_sequenced(tenants)
        taken = time.perf_counter() - began
    began = time.perf_counter()
    for _ in range(count):
        raw()
    bare = count / (time.perf_counter() - began)
    rate = count / taken
    return Figure(
        f"append until signed, {count:,} events",
        f"{rate:,.0f} /s",
        f"{bare:,.0f} (INSERT+COMMIT)",
        rate / bare,
    )


def _merging(ground: Ground) -> Figure:
    """Append at a steady pace while the sequencer works."""
    from govapp.common import clock

    tenants = tenants_of("append", 1)
    append = appender(tenants)
    with _sequencing(ground, tenants):
        began, since, count = time.monotonic(), clock.now(), 0
        while time.monotonic() - began < ground.seconds(6):
            append()
            count += 1
            time.sleep(0.01)
        _until_sequenced(tenants)
    delays = _delays(tenants[0], since)
    return at_most(
        f"merge delay p99, {count} events",
        percentile(delays, 99) * 1000,
        unit="ms",
        target=2000,
        note=f"p50 {percentile(delays, 50) * 1000:.0f} ms",
    )


@contextmanager
def _sequencing(ground: Ground, tenants: Sequence[UUID]) -> Iterator[None]:
    """Run the sequencer as `./run` does; what waits already is done with first."""
    command = [sys.executable, str(ROOT / "manage.py"), "sequence_ledger", "--forever"]
    log = ground.services.directory / "logs" / "sequencer.log"
    with log.open("ab") as output:
        process = spawn(command, env=ground.environment, cwd=ROOT, output=output)
    try:
        appender(tenants)()
        _until_sequenced(tenants)
        yield
    finally:
        stop_child(process, (SIGTERM, 10.0))


def _until_sequenced(tenants: Sequence[UUID]) -> None:
    from audit.models import LedgerQueueItem
    from govapp.common.tenancy import tenant_transaction

    limit = time.monotonic() + 120
    for tenant in tenants:
        while time.monotonic() < limit:
            with tenant_transaction(tenant):
                if not LedgerQueueItem.objects.exists():
                    break
            time.sleep(0.02)
        else:
            raise RuntimeError("The sequencer did not keep up.")


def _delays(tenant_id: UUID, since: datetime) -> list[float]:
    """Return, for each event, the seconds until the first checkpoint that covers it."""
    from django.db import connection

    from govapp.common.tenancy import tenant_transaction

    with tenant_transaction(tenant_id), connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM (SELECT min(signed_at) FROM audit_ledgercheckpoint"
            " WHERE size > l.index) - e.occurred_at)::float8"
            " FROM audit_ledgerevent e JOIN audit_ledgerleaf l ON l.event_id = e.id"
            " WHERE e.occurred_at >= %s",
            [since],
        )
        return [delay for (delay,) in cursor.fetchall() if delay is not None]


def _explaining(ground: Ground) -> Figure:
    """Explain a decision that a person took, for the officer."""
    from audit.explain.building import explain_request
    from govapp.bench.cycle import vote
    from govapp.common.ids import public_id
    from govapp.common.tenancy import tenant_transaction

    company = ground.company
    asked = company.submit()
    vote(company, {"id": public_id("ar", asked.pk), "payload_digest": asked.payload_digest})
    times = []
    for _ in range(ground.size(50, 3)):
        began = time.perf_counter()
        with tenant_transaction(company.tenant_id):
            said = explain_request(asked.pk)
        times.append((time.perf_counter() - began) * 1000)
    if not said.sections:
        raise RuntimeError("The decision was not explained.")
    return at_most(
        "explanation of one decision, p50", percentile(times, 50), unit="ms", target=100,
        note=f"p99 {percentile(times, 99):.0f} ms",
    )  # fmt: skip
