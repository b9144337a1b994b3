"""`timers`: many due at once among many pending, by one sweeper and by two, beside bare SQL.

What is measured is seen from outside: a look at the table every few milliseconds says how many
are left. What the rows say of when they were closed is when their batch began.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import psycopg

from govapp.bench.copies import copy_pending
from govapp.bench.figures import Figure, at_least, at_most, note, percentile
from govapp.bench.ground import Ground, as_superuser
from govapp.runtime.state import ROOT

_SWEEP = """
import gc, time, django
django.setup()
import govapp.celery
from approvals.services.timers import sweep
sweep()  # opens the connection and compiles what is compiled once
gc.collect(); gc.freeze()  # as the steady process does
print("ready", flush=True)
input()
idle = 0
while idle < 3:
    if sweep(at_most=500):
        idle = 0
    else:
        idle += 1
        time.sleep(0.05)
"""
_BARE = """
UPDATE approvals_timer SET status = 'fired', closed_at = now() WHERE id IN (
  SELECT id FROM approvals_timer
  WHERE tenant_id = %s AND status = 'armed' AND kind = 'remind' AND due_at <= govapp_now()
  LIMIT 1000 FOR UPDATE SKIP LOCKED)
"""
_MAKE_DUE = """
UPDATE approvals_timer SET due_at = govapp_now() WHERE id IN (
  SELECT id FROM approvals_timer
  WHERE tenant_id = %s AND status = 'armed' AND kind = 'remind' AND due_at > govapp_now()
  LIMIT %s)
"""
_LEFT = """
SELECT count(*) FROM approvals_timer
WHERE status = 'armed' AND kind = 'remind' AND due_at <= %s
"""
_TARGET = 0.21  # 10,000 a second where the bare sweep closes 47,700 (docs/benchmarks.md)
_LOOK = 0.02  # seconds between two looks
_PATIENCE = 300  # seconds


@dataclass(frozen=True)
class _Seen:
    """How many were done at one look, so long after the sweepers were let loose."""

    seconds: float
    done: int


def run(ground: Ground) -> Iterator[Figure]:
    """Yield fired per second for one and two sweepers, and how late they were."""
    due = ground.size(10_000, 6)
    pending = ground.size(50_000, 24)  # requests, each with a reminder and a deadline
    copy_pending(ground, pending)
    with as_superuser(ground) as connection:
        connection.execute("ANALYZE")
        row = connection.execute("SELECT count(*) FROM approvals_timer WHERE status = 'armed'")
        yield note("pending timers", f"{(row.fetchone() or [0])[0]:,}")
    bare = _bare(ground, due)
    for sweepers in (1, 2):
        seen = _sweep(ground, sweepers, due)
        who = f"{sweepers} sweeper{'s' if sweepers > 1 else ''}"
        rate = due / seen[-1].seconds
        what = f"{due:,} reminders due at once, {who}"
        yield at_least(what, rate, bare, unit="/s", name="bare SQL", target=_TARGET)
        late = _lateness(seen)
        yield note(f"lateness p50, the same, {who}", f"{percentile(late, 50):.1f} s")
        yield at_most(f"lateness p99, the same, {who}", percentile(late, 99), unit="s", target=1)


def _make_due(ground: Ground, count: int) -> datetime:
    """Put so many reminders of what is pending to this moment, and return the moment."""
    # Whose time is part of the row is kept by a trigger: they are made due as the owner.
    with as_superuser(ground) as connection:
        made = connection.execute(_MAKE_DUE, [ground.company.tenant_id, count])
        if made.rowcount != count:
            raise RuntimeError(f"{made.rowcount} of {count} reminders could be made due.")
        row = connection.execute("SELECT govapp_now()").fetchone()
    if row is None or not isinstance(row[0], datetime):
        raise RuntimeError("The database does not say what time it is.")
    return row[0]


def _bare(ground: Ground, count: int) -> float:
    """Return how many reminders a bare UPDATE of 1,000 at a time closes in a second."""
    from django.db import connection

    from govapp.common.tenancy import tenant_transaction

    _make_due(ground, count)
    began, done = time.perf_counter(), 0
    while True:
        with tenant_transaction(ground.company.tenant_id), connection.cursor() as cursor:
            cursor.execute(_BARE, [ground.company.tenant_id])
            if not cursor.rowcount:
                break
            done += cursor.rowcount
    return done / (time.perf_counter() - began)


def _sweep(ground: Ground, count: int, due: int) -> list[_Seen]:
    """Let so many sweepers loose on so many reminders; return what was seen of them."""
    environment = ground.environment | {"DJANGO_SETTINGS_MODULE": "govapp.settings.dev"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _SWEEP],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    try:
        for process in processes:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                raise RuntimeError("A sweeper did not start.")
        at = _make_due(ground, due)
        with as_superuser(ground) as connection:
            for process in processes:
                if process.stdin is not None:
                    process.stdin.write("\n")
                    process.stdin.flush()
            return _watch(connection, at, due)
    finally:
        for process in processes:
            process.communicate()


def _watch(
    connection: psycopg.Connection[tuple[object, ...]], at: datetime, due: int
) -> list[_Seen]:
    """Look at what is left until nothing is."""
    began = time.perf_counter()
    seen: list[_Seen] = []
    while not seen or seen[-1].done < due:
        row = connection.execute(_LEFT, [at]).fetchone()
        connection.commit()
        seconds = time.perf_counter() - began
        if row is None or seconds > _PATIENCE:
            raise RuntimeError(f"Not every reminder fired within {_PATIENCE} seconds.")
        seen.append(_Seen(seconds, due - int(str(row[0]))))
        time.sleep(_LOOK)
    return seen


def _lateness(seen: list[_Seen]) -> list[float]:
    """Return how late each reminder was at most: it was done at the first look that missed it."""
    late: list[float] = []
    for look in seen:
        late += [look.seconds] * (look.done - len(late))
    return late
