"""`timers`: many reminders due at once, by one sweeper and by two, beside a bare SQL sweep."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime

from govapp.bench.copies import copy_pending
from govapp.bench.figures import Figure, at_least, at_most, percentile
from govapp.bench.ground import Ground, as_superuser
from govapp.runtime.state import ROOT

_SWEEP = """
import time, django
django.setup()
import govapp.celery
from approvals.services.timers import sweep
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
_TARGET = 10_000


def run(ground: Ground) -> Iterator[Figure]:
    """Yield fired per second for one and two workers, and how late the last ones were."""
    bare = _bare(ground, ground.size(20_000, 50))
    for workers in (1, 2):
        count = ground.size(600, 6)
        _make_due(ground, count)
        seconds, late = _sweep(ground, workers)
        if len(late) != count:
            raise RuntimeError(f"{len(late)} of {count} reminders fired.")
        rate = count / seconds
        what = f"{count} reminders at once, {workers} worker{'s' if workers > 1 else ''}"
        yield at_least(what, rate, bare, unit="/s", name="bare SQL", target=_TARGET / 47_700)
        yield at_most(
            f"lateness p99, the same, {workers} w.", percentile(late, 99), unit="s", target=1
        )


def _make_due(ground: Ground, count: int) -> None:
    """Copy requests and put their reminders to this moment."""
    made = copy_pending(ground, count)
    # Whose time is part of the row is kept by a trigger: the copies are made due as the owner.
    with as_superuser(ground) as connection:
        connection.execute(
            "UPDATE approvals_timer SET due_at = govapp_now() WHERE kind = 'remind'"
            " AND request_id = ANY(%s)",
            [[request for request, _ in made]],
        )


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


def _sweep(ground: Ground, workers: int) -> tuple[float, list[float]]:
    """Let sweepers loose at once; return how long they took and how late each timer was."""
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
        for _ in range(workers)
    ]
    for process in processes:
        if process.stdout is None or process.stdout.readline() != "ready\n":
            raise RuntimeError("A sweeper did not start.")
    since = _now()
    for process in processes:
        if process.stdin is not None:
            process.stdin.write("\n")
            process.stdin.flush()
    said = [process.communicate()[0] for process in processes]
    late = _lateness(ground, since)
    if not late:
        raise RuntimeError(f"No timer fired. {''.join(said)[-2000:]}")
    return max(last for last, _ in late), [seconds for _, seconds in late]


def _now() -> datetime:
    from govapp.common import clock

    return clock.now()


def _lateness(ground: Ground, since: datetime) -> list[tuple[float, float]]:
    """Return (seconds from the start, seconds after it was due) of each timer that fired."""
    from django.db import connection

    from govapp.common.tenancy import tenant_transaction

    with tenant_transaction(ground.company.tenant_id), connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM closed_at - %s)::float8,"
            " extract(epoch FROM closed_at - greatest(due_at, %s))::float8"
            " FROM approvals_timer WHERE status = 'fired' AND closed_at >= %s",
            [since, since, since],
        )
        return [(last, late) for last, late in cursor.fetchall()]
