"""`timers`: many due at once among many pending, by one sweeper and by two, beside bare SQL.

And what comes steadily, at a rate that is to the bare sweep of the same run what 2,500 a second
are to the 47,700 of the design: how late is it fired.

What is measured is seen from outside: a look at the table every few milliseconds says how many
are left. What the rows say of when they were closed is when their batch began.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from govapp.bench.copies import copy_pending
from govapp.bench.figures import Figure, at_least, at_most, note, percentile
from govapp.bench.ground import Ground, as_superuser
from govapp.runtime.state import ROOT

# The thread of the steady process that fires timers, as it runs there.
_SWEEP = """
import threading, django
django.setup()
import govapp.celery
from approvals.management.commands.sweep_timers import make_ready, repeat
from approvals.services.timers import sweep
sweep()  # compiles what is compiled once
make_ready()  # as the steady process does
stop = threading.Event()
thread = threading.Thread(target=repeat, args=("approvals.services.timers.sweep", stop))
print("ready", flush=True)
input()
thread.start()
input()
stop.set()
thread.join()
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
_MAKE_STEADY = """
UPDATE approvals_timer AS timer SET due_at = %s + plan.number * %s
FROM (
  SELECT id, row_number() OVER () - 1 AS number FROM approvals_timer
  WHERE tenant_id = %s AND status = 'armed' AND kind = 'remind' AND due_at > %s
  LIMIT %s) AS plan
WHERE timer.id = plan.id
"""
_OVERDUE = """
WITH look AS MATERIALIZED (SELECT govapp_now() AS at)
SELECT look.at, (
  SELECT count(*) FROM approvals_timer
  WHERE status = 'armed' AND kind = 'remind' AND due_at <= look.at)
FROM look
"""
_TARGET = 0.21  # 10,000 a second where the bare sweep closes 47,700 (docs/benchmarks.md)
_STEADY = 2_500 / 47_700  # a second, where the bare sweep closes so many
_STEADY_SECONDS = 12.0
_WARMING = 6  # one in so many
_AHEAD = timedelta(seconds=5)  # what is to come is written before it begins
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
        row = connection.execute("SELECT count(*) FROM approvals_timer WHERE status = 'armed'")
        yield note("pending timers", f"{(row.fetchone() or [0])[0]:,}")
        connection.commit()
        # What the server would do by itself within a minute, beside whatever is measured then.
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")
    bare = _bare(ground, due)
    for sweepers in (1, 2):
        seen = _sweep(ground, sweepers, due)
        who = f"{sweepers} sweeper{'s' if sweepers > 1 else ''}"
        rate = due / seen[-1].seconds
        what = f"{due:,} reminders due at once, {who}"
        yield at_least(what, rate, bare, unit="/s", name="bare SQL", target=_TARGET)
        late = _lateness(seen)
        spread = f"{percentile(late, 50):.1f} / {percentile(late, 99):.1f} s"
        yield note(f"lateness p50 / p99, the same, {who}", spread)
    count = round(min(bare * _STEADY * ground.seconds(_STEADY_SECONDS), ground.size(15_000, 6)))
    step = timedelta(seconds=1 / (bare * _STEADY))
    # The first of them warm the sweeper: policies are compiled, statements prepared, keys opened.
    late = _steady(ground, count, step)[count // _WARMING :]
    what = f"{bare * _STEADY:,.0f}/s steadily, one sweeper"
    yield note(f"{what}, lateness p50", f"{percentile(late, 50):.2f} s")
    yield at_most(f"{what}, lateness p99", percentile(late, 99), unit="s", target=1)


def _make_due(ground: Ground, count: int) -> None:
    """Put so many reminders of what is pending to this moment."""
    # Whose time is part of the row is kept by a trigger: they are made due as the owner.
    with as_superuser(ground) as connection:
        made = connection.execute(_MAKE_DUE, [ground.company.tenant_id, count])
        if made.rowcount != count:
            raise RuntimeError(f"{made.rowcount} of {count} reminders could be made due.")


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
    with _sweepers(ground, count) as begin, as_superuser(ground) as connection:
        _make_due(ground, due)
        begin()
        return _watch(connection, due)


def _steady(ground: Ground, count: int, step: timedelta) -> list[float]:
    """Have so many reminders come due one after the other; return how late each was, in seconds."""
    with _sweepers(ground, 1) as begin, as_superuser(ground) as connection:
        start = _look(connection)[0] + _AHEAD
        tenant = ground.company.tenant_id
        made = connection.execute(_MAKE_STEADY, [start, step, tenant, start, count])
        connection.commit()
        if made.rowcount != count or _look(connection)[0] >= start:
            raise RuntimeError(f"{made.rowcount} of {count} reminders could be made due in time.")
        begin()
        late: list[float] = []
        while len(late) < count:
            at, overdue = _look(connection)
            if at > start + count * step + timedelta(seconds=_PATIENCE):
                raise RuntimeError(f"Not every reminder fired within {_PATIENCE} seconds.")
            come = min(count, (at - start) // step + 1) if at >= start else 0
            late += [
                (at - start - number * step).total_seconds()
                for number in range(len(late), come - overdue)
            ]
            time.sleep(_LOOK)
        return late


@contextmanager
def _sweepers(ground: Ground, count: int) -> Iterator[Callable[[], None]]:
    """Start so many, which wait for the call of what is yielded; end them."""
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

    def tell_all() -> None:
        for process in processes:
            if process.stdin is not None:
                process.stdin.write("\n")
                process.stdin.flush()

    try:
        for process in processes:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                raise RuntimeError("A sweeper did not start.")
        yield tell_all
        tell_all()
    finally:
        for process in processes:
            process.communicate()


def _watch(connection: psycopg.Connection[tuple[object, ...]], due: int) -> list[_Seen]:
    """Look at what is left until nothing is."""
    began = time.perf_counter()
    seen: list[_Seen] = []
    while not seen or seen[-1].done < due:
        _, left = _look(connection)
        seconds = time.perf_counter() - began
        if seconds > _PATIENCE:
            raise RuntimeError(f"Not every reminder fired within {_PATIENCE} seconds.")
        seen.append(_Seen(seconds, due - left))
        time.sleep(_LOOK)
    return seen


def _look(connection: psycopg.Connection[tuple[object, ...]]) -> tuple[datetime, int]:
    """Return the database's time, and how many reminders are due then and not fired."""
    row = connection.execute(_OVERDUE).fetchone()
    connection.commit()
    if row is None or not isinstance(row[0], datetime):
        raise RuntimeError("The database does not say what time it is.")
    return row[0], int(str(row[1]))


def _lateness(seen: list[_Seen]) -> list[float]:
    """Return how late each reminder was at most: it was done at the first look that missed it."""
    late: list[float] = []
    for look in seen:
        late += [look.seconds] * (look.done - len(late))
    return late
